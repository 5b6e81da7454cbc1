"""metrics.jsonl of a run that was resumed: which of its lines hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def current(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines that hold, in their order.

    A "resumed" line says from where training went on: steps after it that an earlier sitting had
    done are done anew, and as soon as they are, their new lines stand for the old ones. So no line
    that was there is missing at any moment.
    """
    sittings: list[tuple[float, list[dict[str, Any]]]] = [(0.0, [])]
    for line in lines:
        if line.get("event") == "resumed":
            sittings.append((_position(line), []))
        else:
            sittings[-1][1].append(line)
    kept: list[dict[str, Any]] = []
    for start, told in sittings:
        reached = max(map(_position, told), default=start)
        kept = [line for line in kept if not _replaced(line, start, reached)]
        kept += told
    return kept


def _replaced(line: dict[str, Any], start: float, reached: float) -> bool:
    """Whether a sitting from `start` to `reached` has done anew what an earlier line tells."""
    place = _position(line)
    if line.get("partial"):  # an epoch that was cut short has become whole
        return start <= place < reached
    return start < place <= reached


def _position(line: dict[str, Any]) -> float:
    value = line.get("epoch")
    return float(value) if isinstance(value, int | float) else 0.0
