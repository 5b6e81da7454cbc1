"""core.health.confusion: shares and the commonest mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.health.confusion import mistakes, shares

counts = st.integers(1, 8).flatmap(
    lambda number: arrays(np.int64, (number, number), elements=st.integers(0, 9))
)


@given(counts)
def test_shares_are_of_each_class(found: np.ndarray) -> None:
    """A row sums to 1, or is no number where the class has no image."""
    parts = shares(found)
    for row, part in zip(found, parts, strict=True):
        if row.sum():
            assert part == pytest.approx(row / row.sum())
        else:
            assert np.isnan(part).all()


@given(counts, st.integers(0, 100))
def test_mistakes_are_the_commonest(found: np.ndarray, most: int) -> None:
    """All that is off the diagonal, the commonest first, none twice, no more than asked for."""
    told = mistakes(found, most)
    wrong = found.copy()
    np.fill_diagonal(wrong, 0)
    assert len(told) == min(most, np.count_nonzero(wrong))
    images = [one.images for one in told]
    assert images == sorted(wrong[wrong > 0].tolist(), reverse=True)[: len(told)]
    for one in told:
        assert one.label != one.answer
        assert one.images == found[one.label, one.answer]
        assert one.share == pytest.approx(one.images / found[one.label].sum())
    assert len({(one.label, one.answer) for one in told}) == len(told)
