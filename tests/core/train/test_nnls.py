"""core.train.nnls: least squares in relative error, with no coefficient below 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.train.nnls import nonnegative


def test_exact_answers_are_found() -> None:
    """Measurements that some coefficients explain wholly give those coefficients."""
    rows = np.array([[1.0, 0.0, 2.0], [1.0, 5.0, 0.0], [1.0, 1.0, 1.0], [2.0, 0.0, 9.0]])
    wanted = np.array([0.5, 0.25, 3.0])
    assert nonnegative(rows, rows @ wanted) == pytest.approx(wanted)


def test_units_may_differ_by_many_orders() -> None:
    """Coefficients from 1e-12 to 1e-3 are found as well as those near 1."""
    rng = np.random.default_rng(0)
    rows = rng.uniform(0.0, 1.0, (12, 3)) * np.array([1.0, 1e4, 1e9])
    wanted = np.array([1e-3, 1e-7, 1e-12])
    assert nonnegative(rows, rows @ wanted) == pytest.approx(wanted, rel=1e-6)


def test_what_would_be_negative_is_zero() -> None:
    """Where the best line falls, the coefficient is 0 and the rest is fitted without it."""
    rows = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]])
    seconds = np.array([3.0, 2.0, 1.0])
    first, second = nonnegative(rows, seconds)
    assert second == 0.0
    # the constant c that is best for 1/3 + 1/2 + 1 of it in relative error
    relative = 1 / seconds
    assert first == pytest.approx(relative.sum() / (relative**2).sum())


def test_errors_count_by_ratio() -> None:
    """An error of a tenth weighs the same in a short time as in a long one."""
    rows = np.array([[1.0], [1.0]])
    (one,) = nonnegative(rows, np.array([1.0, 100.0]))
    assert one == pytest.approx(1.01 / 1.0001)  # near the short one


def test_what_was_never_seen_gets_zero() -> None:
    """A kind of work in none of the measurements has no coefficient to speak of."""
    rows = np.array([[1.0, 0.0], [2.0, 0.0]])
    assert nonnegative(rows, np.array([3.0, 6.0])).tolist() == pytest.approx([3.0, 0.0])


@settings(deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(0.0, 10.0)] * 3, st.floats(0.1, 10.0)), min_size=1, max_size=6)
)
def test_no_step_aside_is_better(measured: list[tuple[float, float, float, float]]) -> None:
    """No coefficient is below 0, and changing any of them a little makes no fit better."""
    table = np.array(measured)
    rows, seconds = table[:, :3], table[:, 3]
    found = nonnegative(rows, seconds)
    assert (found >= 0).all()

    def error(x: np.ndarray) -> float:
        return float(np.square(rows @ x / seconds - 1).sum())

    for index in range(3):
        for change in (-1e-3, 1e-3):
            other = found.copy()
            other[index] = max(0.0, other[index] * (1 + change) + max(0.0, change))
            assert error(found) <= error(other) + 1e-6
