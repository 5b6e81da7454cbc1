"""core.runs.thinning: a long line in a few hundred points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.runs.thinning import Thinned

HEIGHTS = some.lists(some.integers(-1000, 1000).map(float), min_size=1, max_size=600)
MOST = some.integers(8, 40)


def thinned(heights: list[float], most: int) -> Thinned:
    """A line whose points lie one after another."""
    line = Thinned(most)
    for x, y in enumerate(heights):
        line.append(float(x), y)
    return line


@given(HEIGHTS, MOST)
def test_few_points_tell_the_whole_line(heights: list[float], most: int) -> None:
    """Never too many points, all of the line's own, rising; its ends and extremes are there."""
    points = thinned(heights, most).points()
    every = list(enumerate(heights))
    assert len(points) <= most
    assert set(points) <= set(every)
    assert points == sorted(set(points))
    assert points[0] == every[0]
    assert points[-1] == every[-1]
    assert {min(y for _, y in points), max(y for _, y in points)} == {min(heights), max(heights)}


@given(HEIGHTS, MOST)
def test_every_stretch_keeps_its_extremes(heights: list[float], most: int) -> None:
    """Between two points of the drawn line no peak of the whole one is missing by more than a stretch."""
    line = thinned(heights, most)
    points = dict(line.points())
    for start in range(0, len(heights), line.width):
        stretch = range(start, min(start + line.width, len(heights)))
        shown = [points[x] for x in stretch if x in points]
        own = [heights[x] for x in stretch]
        assert min(shown) == min(own)
        assert max(shown) == max(own)


@given(HEIGHTS, some.lists(some.floats(-9, 9), max_size=100), MOST)
def test_what_lasts_stays(heights: list[float], more: list[float], most: int) -> None:
    """The lasting points are there however the line goes on, until its stretches get longer."""
    line = thinned(heights, most)
    width, lasting = line.width, line.points()[: line.stable]
    for number, y in enumerate(more):
        line.append(float(len(heights) + number), y)
        if line.width != width:
            break
        assert line.points()[: len(lasting)] == lasting


@given(HEIGHTS, MOST, some.integers(0, 50))
def test_points_from_a_number_on(heights: list[float], most: int, start: int) -> None:
    """The rest of the points is the end of all of them."""
    line = thinned(heights, most)
    assert line.points(start) == line.points()[start:]


def test_a_short_line_is_whole() -> None:
    """Nothing is left out of a line that has few points, and nothing has none."""
    assert thinned([3.0, 1.0, 2.0], 40).points() == [(0.0, 3.0), (1.0, 1.0), (2.0, 2.0)]
    assert Thinned().points() == []
    with pytest.raises(ValueError, match="at least 8 points"):
        Thinned(3)
