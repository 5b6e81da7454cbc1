"""Draws small pictures as SVG, legible on light and dark grounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

WIDTH, HEIGHT = 160, 96
INK = "currentColor"
# Okabe and Ito's colours that stand out from white and from black
BLUE, GREEN, RED, GRAY = "#0072B2", "#009E73", "#D55E00", "#8A97A0"
Point = tuple[float, float]


def picture(*parts: str) -> str:
    """The parts as one SVG."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" font-family="system-ui,sans-serif" font-size="10" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )


def line(points: Iterable[Point], color: str = INK, width: float = 2, dash: str = "") -> str:
    """A line through points, dashed where `dash` says how."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width:g}"'
        f' stroke-linejoin="round" stroke-linecap="round"{dashes}/>'
    )


def curve(
    height: Callable[[float], float], color: str = BLUE, dash: str = "", end: float = 1.0
) -> str:
    """A function of 0 to 1 within the axes; its value, 0 to 1, is the height."""
    steps = [number / 40 * end for number in range(41)]
    return line([(22 + 126 * x, 80 - 66 * height(x)) for x in steps], color, dash=dash)


def axes(below: str = "", left: str = "") -> str:
    """The two axes of a chart, with what stands at them."""
    drawn = line([(18, 8), (18, 84), (152, 84)], GRAY, 1)
    if below:
        drawn += text(152, 94, below, "end")
    if left:
        drawn += text(23, 15, left)
    return drawn


def box(x: float, y: float, width: float, height: float, color: str = INK, fill: float = 0) -> str:
    """A rectangle, filled to that opacity."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"'
        f' fill="{color}" fill-opacity="{fill:g}" stroke="{color}" stroke-width="1.2"/>'
    )


def dot(x: float, y: float, radius: float = 4, color: str = BLUE, fill: float = 1) -> str:
    """A circle, filled to that opacity."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{color}" fill-opacity="{fill:g}"'
        f' stroke="{color}" stroke-width="1.2"/>'
    )


def arrow(start: Point, end: Point, color: str = INK, width: float = 1.5) -> str:
    """A line with a head at its end."""
    (x, y), (a, b) = start, end
    length = max(((a - x) ** 2 + (b - y) ** 2) ** 0.5, 1e-6)
    dx, dy = (a - x) / length * 5, (b - y) / length * 5
    head = [(a - dx - dy * 0.7, b - dy + dx * 0.7), (a, b), (a - dx + dy * 0.7, b - dy - dx * 0.7)]
    return line([start, end], color, width) + line(head, color, width)


def text(x: float, y: float, content: str, anchor: str = "start") -> str:
    """A word or two."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(content)}</text>'


def cells(
    x: float, y: float, side: float, rows: Sequence[Sequence[float]], color: str = BLUE
) -> str:
    """A grid of squares, each filled to its value, 0 to 1."""
    return "".join(
        box(x + column * side, y + row * side, side, side, color, value * 0.85)
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
    )


def units(x: float, count: int, color: str = BLUE, off: Iterable[int] = ()) -> str:
    """A layer's units, one below the other; those that are `off` are crossed out."""
    out = set(off)
    drawn = ""
    for number, (a, b) in enumerate(places(x, count)):
        drawn += dot(a, b, 6, GRAY if number in out else color, 0 if number in out else 0.85)
        if number in out:
            drawn += line([(a - 4, b - 4), (a + 4, b + 4)], RED)
            drawn += line([(a - 4, b + 4), (a + 4, b - 4)], RED)
    return drawn


def links(left: float, count: int, right: float, others: int, off: Iterable[int] = ()) -> str:
    """Every unit of a layer with every unit of the next one, but for those that are `off`."""
    out = set(off)
    return "".join(
        line([start, end], GRAY, 0.8)
        for number, start in enumerate(places(left, count))
        for end in places(right, others)
        if number not in out
    )


def places(x: float, count: int) -> list[Point]:
    """Where the units of a layer are."""
    gap = min(24.0, 84 / count)
    return [(x, HEIGHT / 2 + (number - (count - 1) / 2) * gap) for number in range(count)]
