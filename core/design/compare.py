"""Two designs side by side: which layers they share, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.design.analysis import Analysis, Row
from core.specs import LayerSpec

Change = Literal["same", "changed", "only left", "only right"]
Costs = NDArray[np.float64]
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
    together = _together(ours, theirs)
    costs = _costs(together)
    pairs: list[Pair] = []
    i, j = 0, 0
    while i < len(ours) or j < len(theirs):
        if (
            i < len(ours)
            and j < len(theirs)
            and costs[i, j] == costs[i + 1, j + 1] + together[i, j]
        ):
            settings = differing(ours[i].layer, theirs[j].layer) if together[i, j] else ()
            pairs.append(Pair(ours[i], theirs[j], "changed" if settings else "same", settings))
            i, j = i + 1, j + 1
        elif i < len(ours) and costs[i, j] == costs[i + 1, j] + _ALONE:
            pairs.append(Pair(ours[i], None, "only left"))
            i += 1
        else:
            pairs.append(Pair(None, theirs[j], "only right"))
            j += 1
    return pairs


def _together(ours: tuple[Row, ...], theirs: tuple[Row, ...]) -> Costs:
    """What it counts to take layers i and j for the same one: infinity where the kinds differ."""
    layers: dict[LayerSpec, int] = {}  # comparing numbers is far faster than comparing layers
    one, other = (
        np.array([layers.setdefault(row.layer, len(layers)) for row in rows])
        for rows in (ours, theirs)
    )
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(map(type, layers)))}
    kind = np.array([kinds[type(layer)] for layer in layers])
    changed = np.where(kind[one][:, None] == kind[other], _CHANGED, np.inf)
    return np.where(one[:, None] == other, 0.0, changed)


def _costs(together: Costs) -> Costs:
    """The fewest differences between what is left of both from layer i and layer j on.

    Exact, so that they can be compared: all are halves.
    """
    rows, columns = together.shape
    alone = _ALONE * np.arange(columns + 1)
    costs = np.empty((rows + 1, columns + 1))
    costs[rows] = alone[::-1]
    for i in range(rows - 1, -1, -1):
        best = costs[i + 1] + _ALONE
        best[:-1] = np.minimum(best[:-1], costs[i + 1, 1:] + together[i])
        # then the best of leaving out any number of the other design's layers
        costs[i] = np.minimum.accumulate((best + alone)[::-1])[::-1] - alone
    return costs


def differing(left: LayerSpec, right: LayerSpec) -> tuple[str, ...]:
    """Names of the settings in which two layers of one kind differ."""
    return tuple(
        name for name in type(left).model_fields if getattr(left, name) != getattr(right, name)
    )
