"""Which classes a model takes for which: shares of a class, and its commonest mistakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mistake:
    """Images of the class `label` that were named `answer`."""

    label: int
    answer: int
    images: int
    share: float  # of the images of the class


def shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each class's images [class, answer]; not-a-number where a class has none.

    Args:
        counts: numbers of images [class, answer], see core.health.views.matrix.
    """
    totals = counts.sum(axis=1, keepdims=True)
    made = np.full(counts.shape, np.nan)
    np.divide(counts, totals, out=made, where=totals > 0)
    return made


def mistakes(counts: NDArray[np.int64], most: int) -> list[Mistake]:
    """The commonest pairs of a class and a wrong answer; up to `most`, that of most images first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    parts = shares(counts)
    places = np.argwhere(wrong > 0)
    found = [
        Mistake(int(label), int(answer), int(wrong[label, answer]), float(parts[label, answer]))
        for label, answer in places
    ]
    return sorted(found, key=lambda one: (-one.images, -one.share, one.label, one.answer))[:most]
