"""The pen that draws the sketches, and the points it is given.

All in a square with x and y from -1 to 1, y down. Fixed outlines are written as SVG writes them, in
hundredths: at("-30,-50 30,-50") is two points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import ImageDraw

Point = tuple[float, float]
Points = Sequence[Point]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Pen:
    """Draws unit-square shapes on a canvas, in one pose and one choice of colours.

    `pose` is (a, b, c, d, e, f): pixel x = a*x + b*y + c, pixel y = d*x + e*y + f.
    `stroke` is the outline's width in pixels. An outline-only drawing has `fill` and `accent`
    equal to `paper`, so that near parts still hide far ones.
    """

    canvas: ImageDraw.ImageDraw
    pose: tuple[float, float, float, float, float, float]
    line: Colour
    fill: Colour
    accent: Colour
    paper: Colour
    stroke: float

    def area(self, points: Points, fill: Colour | None = None) -> None:
        """Fill a closed shape (with `self.fill` unless told) and outline it."""
        pixels = self._pixels(points)
        self.canvas.polygon(pixels, fill=self.fill if fill is None else fill)
        self._stroke(pixels + pixels[:2], self.stroke, self.line)

    def path(self, points: Points, weight: float = 1.0) -> None:
        """Draw an open line, `weight` times as wide as the outline."""
        self._stroke(self._pixels(points), self.stroke * weight, self.line)

    def tube(
        self, points: Points, width: float, fill: Colour | None = None, closed: bool = False
    ) -> None:
        """Draw an outlined band (rope, webbing, bent metal) along a line; `width` in unit lengths."""
        pixels = self._pixels(points)
        if closed:
            pixels = pixels + pixels[:2]
        a, b, _, d, e, _ = self.pose
        wide = max(width * math.sqrt(abs(a * e - b * d)), 2.0 + self.stroke)
        self._stroke(pixels, wide + self.stroke, self.line)
        self._stroke(pixels, wide - self.stroke, self.fill if fill is None else fill)

    def oval(
        self, x: float, y: float, across: float, down: float, fill: Colour | None = None
    ) -> None:
        """Fill and outline an ellipse given by its centre and half-axes."""
        self.area(arc(x, y, across, down), fill)

    def _pixels(self, points: Points) -> list[tuple[int, int]]:
        # Whole pixels: the last bit of a machine's sine must not change the picture.
        a, b, c, d, e, f = self.pose
        return [(round(a * x + b * y + c), round(d * x + e * y + f)) for x, y in points]

    def _stroke(self, pixels: list[tuple[int, int]], width: float, colour: Colour) -> None:
        whole = max(1, round(width))
        self.canvas.line(pixels, fill=colour, width=whole, joint="curve" if whole > 2 else None)


def arc(
    x: float, y: float, across: float, down: float, start: float = 0.0, end: float = 1.0
) -> list[Point]:
    """Points of an ellipse from `start` to `end`, in turns clockwise from the right-hand side."""
    count = max(4, round(22 * abs(end - start)))
    steps = [2 * math.pi * (start + (end - start) * i / count) for i in range(count + 1)]
    return [(x + across * math.cos(t), y + down * math.sin(t)) for t in steps]


def curve(points: Points, closed: bool = False, steps: int = 4) -> list[Point]:
    """A Catmull-Rom curve through the points, `steps` pieces between each two."""
    count = len(points)
    if closed:
        padded = [points[-1], *points, points[0], points[1]]
    else:
        padded = [points[0], *points, points[-1]]
    smooth: list[Point] = []
    for i in range(count if closed else count - 1):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = padded[i : i + 4]
        for step in range(steps):
            t = step / steps
            u, v, w = t, t * t, t * t * t
            k, m, n, o = -u + 2 * v - w, 2 - 5 * v + 3 * w, u + 4 * v - 3 * w, -v + w
            smooth.append(
                ((k * ax + m * bx + n * cx + o * dx) / 2, (k * ay + m * by + n * cy + o * dy) / 2)
            )
    return smooth if closed else [*smooth, points[-1]]


@cache
def at(text: str) -> tuple[Point, ...]:
    """Points written as "x,y x,y ...", in hundredths of a unit."""
    pairs = (pair.split(",") for pair in text.split())
    return tuple((int(x) / 100, int(y) / 100) for x, y in pairs)


def sides(points: Points) -> tuple[Points, Points]:
    """The points and their mirror image in x: a left and a right sleeve."""
    return points, [(-x, y) for x, y in points]


def between(start: Point, end: Point, share: float) -> Point:
    """The point `share` of the way from start to end."""
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
