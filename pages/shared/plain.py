"""Words that are shown as they are."""

from __future__ import annotations


def plain(text: str) -> str:
    """Text that Markdown leaves as it is: a file name may hold any character."""
    return "".join(
        f"\\{character}" if character in "*_`$[]<>~#:&\\" else character for character in text
    )
