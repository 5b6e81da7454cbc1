"""A line of any length in a few hundred points, kept up to date point by point."""

from __future__ import annotations

from itertools import islice

Point = tuple[float, float]


class Thinned:
    """A line's first and last point, and the lowest and the highest of every stretch between.

    So no peak is lost, however long the line is. A stretch is a power of two of points long, and twice
    as long as soon as there are too many. Until then the points of stretches that are full stay as
    they are, which is why only new ones have to be sent (core.runs.parcels). Adding a point takes the
    same time at any length.

    Attributes:
        most: how many points there may be.
        width: how many points of the line a stretch has.
        count: how many points the line has.
    """

    def __init__(self, most: int = 400) -> None:
        if most < 8:
            raise ValueError(f"Expected at least 8 points. Received: most={most}")
        self.most = most
        self.width, self.count = 1, 0
        self._first: Point | None = None
        self._last: Point | None = None
        self._full: list[_Stretch] = []
        self._open = _Stretch()

    def append(self, x: float, y: float) -> None:
        """Add a point at the end."""
        self._last = x, y
        self._first = self._first or self._last
        self._open.take(self.count, self._last)
        self.count += 1
        if self.count % self.width:
            return
        self._full.append(self._open)
        self._open = _Stretch()
        # each has two points, so has the open one; the first and the last of all come on top
        if 2 * len(self._full) + 4 > self.most:
            self.width *= 2
            pairs = list(zip(self._full[::2], self._full[1::2], strict=False))
            rest = self._full[len(pairs) * 2 :]
            self._full = [one.joined(two) for one, two in pairs]
            self._open = rest[0] if rest else _Stretch()

    @property
    def stable(self) -> int:
        """How many points, from the first on, stay until `width` changes."""
        return len(self._stable_points())

    def points(self, start: int = 0) -> list[Point]:
        """The points from number `start` on, in the line's order."""
        found = self._stable_points()
        shown = [*self._open.points(), *([self._last] if self._last else [])]
        for point in shown:
            if not found or found[-1] != point:
                found.append(point)
        return found[start:]

    def _stable_points(self) -> list[Point]:
        if self._first is None or not self._full:
            return []
        found = [self._first]
        for stretch in self._full:
            found += islice(stretch.points(), int(stretch.points()[0] == found[-1]), None)
        return found


class _Stretch:
    """The lowest and the highest point of a stretch, each with its place in the line."""

    __slots__ = ("high", "low")

    def __init__(self) -> None:
        self.low: tuple[float, int, Point] | None = None
        self.high: tuple[float, int, Point] | None = None

    def take(self, place: int, point: Point) -> None:
        self._include((point[1], place, point))

    def joined(self, other: _Stretch) -> _Stretch:
        made = _Stretch()
        for end in (self.low, self.high, other.low, other.high):
            if end is not None:
                made._include(end)
        return made

    def points(self) -> list[Point]:
        if self.low is None or self.high is None:
            return []
        ends = sorted((self.low, self.high), key=lambda end: end[1])
        return [end[2] for end in ends] if self.low[1] != self.high[1] else [self.low[2]]

    def _include(self, end: tuple[float, int, Point]) -> None:
        if self.low is None or end[0] < self.low[0]:
            self.low = end
        if self.high is None or end[0] > self.high[0]:
            self.high = end
