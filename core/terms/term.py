"""A word of the trade: its sentence and its picture."""

from __future__ import annotations

from dataclasses import dataclass

MOST_WORDS = 25


@dataclass(frozen=True)
class Term:
    """A term as it is explained where it stands.

    Attributes:
        name: in lower case, but for names that are written otherwise, like ReLU.
        icon: of Material Symbols, without colons.
        sentence: what it is, in MOST_WORDS words at most.
        alt: what the picture shows, for those who do not see it.
        picture: an SVG that takes its text's colour from what is around it (currentColor).
    """

    name: str
    icon: str
    sentence: str
    alt: str
    picture: str

    @property
    def title(self) -> str:
        """As it stands on a button or at the beginning of a line."""
        return self.name[:1].upper() + self.name[1:]
