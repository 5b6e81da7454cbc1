"""Two designs side by side: which layers they share, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.design.analysis import Analysis, Row
from core.specs import LayerSpec

Change = Literal["same", "changed", "only left", "only right"]
_CHANGED, _ALONE = 0.5, 1.0  # what a changed layer counts, and one without a partner


@dataclass(frozen=True)
class Pair:
    """A layer of each design, or of one alone. `settings` are those that differ."""

    left: Row | None
    right: Row | None
    change: Change
    settings: tuple[str, ...] = ()


def compare(left: Analysis, right: Analysis) -> list[Pair]:
    """Bring the layers of two designs together in the order of both, with the fewest differences.

    Layers of one kind can be partners. The usual alignment by dynamic programming (Needleman and
    Wunsch, 1970).
    """
    ours, theirs = left.rows, right.rows
    costs = _costs(ours, theirs)
    pairs: list[Pair] = []
    i, j = 0, 0
    while i < len(ours) or j < len(theirs):
        if i < len(ours) and j < len(theirs):
            together = _together(ours[i].layer, theirs[j].layer)
            if together is not None and costs[i][j] == costs[i + 1][j + 1] + together:
                settings = differing(ours[i].layer, theirs[j].layer)
                pairs.append(Pair(ours[i], theirs[j], "changed" if settings else "same", settings))
                i, j = i + 1, j + 1
                continue
        if i < len(ours) and costs[i][j] == costs[i + 1][j] + _ALONE:
            pairs.append(Pair(ours[i], None, "only left"))
            i += 1
        else:
            pairs.append(Pair(None, theirs[j], "only right"))
            j += 1
    return pairs


def _costs(ours: tuple[Row, ...], theirs: tuple[Row, ...]) -> list[list[float]]:
    """The fewest differences between what is left of both from layer i and layer j on."""
    costs = [[0.0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in range(len(ours), -1, -1):
        for j in range(len(theirs), -1, -1):
            options = []
            if i < len(ours):
                options.append(costs[i + 1][j] + _ALONE)
            if j < len(theirs):
                options.append(costs[i][j + 1] + _ALONE)
            if i < len(ours) and j < len(theirs):
                together = _together(ours[i].layer, theirs[j].layer)
                if together is not None:
                    options.append(costs[i + 1][j + 1] + together)
            costs[i][j] = min(options, default=0.0)
    return costs


def _together(left: LayerSpec, right: LayerSpec) -> float | None:
    """What it counts to take two layers for the same one; None where they are not of one kind."""
    if type(left) is not type(right):
        return None
    return 0.0 if left == right else _CHANGED


def differing(left: LayerSpec, right: LayerSpec) -> tuple[str, ...]:
    """Names of the settings in which two layers of one kind differ."""
    return tuple(
        name for name in type(left).model_fields if getattr(left, name) != getattr(right, name)
    )
