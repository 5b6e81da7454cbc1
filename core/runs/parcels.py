"""What is sent to a browser of the curves it draws: only what it has not got yet."""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.runs.curves import Curves
from core.runs.thinning import Thinned

KEPT = 3  # messages of which all but one may be lost on the way


@dataclass(frozen=True)
class Sent:
    """What a browser has after a message, as far as it stays.

    Attributes:
        stamp: that of the curves.
        lines: width and number of lasting points of each line.
    """

    stamp: str
    lines: dict[str, tuple[int, int]]


def parcel(
    curves: Curves, names: Iterable[str], sent: Sequence[Sent]
) -> tuple[dict[str, Any], Sent]:
    """The points of some lines that a browser lacks, as JSON, and what it has then.

    The browser puts each line's points behind the first `from` of those it has. It must have as
    many, of a line of the same `width` and stamp; where it has not, it asks for all again.

    Args:
        sent: what went before, the latest last. Points count as known that were in all of them,
            since messages can be lost that follow each other quickly.
    """
    lines: dict[str, Any] = {}
    lasting: dict[str, tuple[int, int]] = {}
    with curves.history.lock:
        for name in names:
            line = curves.lines.get(name, _NOTHING)
            start = min((_known(curves, name, line, before) for before in sent), default=0)
            points = line.points(start)
            lines[name] = {
                "width": line.width,
                "from": start,
                "x": _packed(x for x, _ in points),
                "y": _packed(y for _, y in points),
            }
            lasting[name] = line.width, line.stable
        return {"stamp": curves.stamp, "lines": lines}, Sent(curves.stamp, lasting)


_NOTHING = Thinned()


def _known(curves: Curves, name: str, line: Thinned, before: Sent) -> int:
    width, count = before.lines.get(name, (0, 0))
    return count if before.stamp == curves.stamp and width == line.width else 0


def _packed(values: Iterable[float]) -> str:
    """32-bit floats, little endian, in base 64: a third of the same numbers as JSON."""
    numbers = array("f", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
