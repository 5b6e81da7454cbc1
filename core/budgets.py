"""What may be taken of the disk, as a person can set it in the environment."""

from __future__ import annotations

import os

from core.errors import SpecError


def budget(variable: str, gigabytes: float, whose: str) -> int:
    """Bytes: the variable's in GB, `gigabytes` by default.

    Args:
        whose: what takes them, as a noun in the plural.

    Raises:
        SpecError: the variable is no such number.
    """
    text = os.environ.get(variable, str(gigabytes))
    try:
        value = float(text)
        if not 0 <= value < 1e9:  # not-a-number fails too
            raise ValueError
    except ValueError:
        raise SpecError(
            f"{variable} is not valid",
            expected=f"gigabytes that {whose} may take, 0 or more",
            received=repr(text),
            remedy=f"Unset it for {gigabytes:g}",
        ) from None
    return int(value * 1e9)
