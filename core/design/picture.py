"""A design as a picture: each layer's output as a block of its height, width and channels, in SVG.

The same drawing is the page's and the file's. It takes its text colour from what is around it
(currentColor), so that it is readable in light and dark; as a file it brings colours of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from core import words
from core.design.analysis import Analysis, Row
from core.specs.layers.base import Group

# Okabe and Ito's colours, told apart by colour-blind people too
COLORS: dict[Group, str] = {
    "Ends": "#999999",
    "Convolution": "#0072B2",
    "Blocks": "#56B4E9",
    "Pretrained": "#56B4E9",
    "Pooling": "#E69F00",
    "Size": "#E69F00",
    "Normalization": "#CC79A7",
    "Activation": "#009E73",
    "Regularization": "#F0E442",
    "Dense": "#D55E00",
}
_THIN = ("Normalization", "Activation", "Regularization")  # they keep the shape: a thin slice
_TALL = 120.0  # pixels of the picture that the largest image takes
_SLANT = 0.45  # how far a block's depth is drawn to the right and up
_GAP = 16.0
_LETTER = 6.2  # width of one, about
_TOP, _BOTTOM = 40.0, 56.0
_STYLE = (
    "svg{color:#1C2833;font-family:system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){svg{color:#E6ECF0}}"
)


@dataclass(frozen=True)
class _Block:
    """Front width and height, and the depth, all in pixels of the picture."""

    width: float
    height: float
    depth: float

    @property
    def right(self) -> float:
        return self.width + self.depth * _SLANT


def svg(analysis: Analysis, *, alone: bool = False) -> str:
    """The picture. Each layer is a group `<g class="layer" data-number="3">`.

    Args:
        alone: for a file of its own, with a style and a title.
    """
    rows = [row for row in analysis.rows if row.output_shape is not None]
    blocks = [_block(row, analysis.shape) for row in rows]
    middle = _TOP + _TALL * (1 + _SLANT * 0.5) / 2 + 8
    heaviest = max(rows, key=lambda row: row.macs, default=None)
    total = max(analysis.macs, 1)
    x, end, before = _GAP, 0.0, None
    parts: list[str] = []
    for row, block in zip(rows, blocks, strict=True):
        label = row.output_shape != before
        note = ""
        if row is heaviest and row.macs:
            note = f"heaviest: {row.macs / total:.0%} of the work"
        parts.append(_layer(row, block, x, middle, label=label, note=note))
        end = max(end, x + _LETTER * len(note) + _GAP)
        room = _label_width(row) if label else 0.0
        x += max(block.right, room) + _GAP
        before = row.output_shape
    width, height = math.ceil(max(x, end)), math.ceil(middle + _TALL * 0.62 + _BOTTOM)
    name = escape(analysis.model.name)
    head = f"<title>{name}</title><style>{_STYLE}</style>" if alone else ""
    alt = f"{name}: the output of each of its {len(rows)} layers as a block"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{alt}" font-size="11" fill="currentColor">'
        f"{head}{''.join(parts)}</svg>"
    )


def _block(row: Row, image: tuple[int, int, int]) -> _Block:
    shape = row.output_shape or (1,)
    if len(shape) == 1 and row.layer.GROUP in _THIN:
        return _Block(5.0, 14.0 + 9.0 * math.log2(shape[0] + 1), 0.0)
    if len(shape) == 1:  # a row of numbers: as tall as it is long, by its logarithm
        return _Block(8.0, 14.0 + 9.0 * math.log2(shape[0] + 1), 0.0)
    # sizes by their root: 4 pixels are still seen beside 224
    scale = _TALL / math.sqrt(max(image[0], image[1]))
    height, width = (min(scale * math.sqrt(length), 1.3 * _TALL) for length in shape[:2])
    thin = row.layer.GROUP in _THIN
    return _Block(5.0 if thin else 4.0 + 4.0 * math.log2(shape[2] + 1), height, width)


def _layer(row: Row, block: _Block, x: float, middle: float, *, label: bool, note: str) -> str:
    color = COLORS.get(row.layer.GROUP, "#999999")
    w, h = block.width, block.height
    dx, dy = block.depth * _SLANT, block.depth * _SLANT * 0.5
    top = middle - (h - dy) / 2
    shape = words.shape(row.output_shape or ())
    tip = f"{row.number} · {row.title}: {shape}, {words.count(row.parameters)} parameters"
    faces = [
        f'<rect x="{x:.1f}" y="{top:.1f}" width="{w:.1f}" height="{h:.1f}" fill-opacity=".75"/>'
    ]
    if block.depth:
        over = ((x, top), (x + dx, top - dy), (x + w + dx, top - dy), (x + w, top))
        side = ((x + w, top), (x + w + dx, top - dy), (x + w + dx, top - dy + h), (x + w, top + h))
        faces += [f'<path d="{_path(over)}" fill-opacity=".5"/>']
        faces += [f'<path d="{_path(side)}" fill-opacity=".95"/>']
    opacity = "" if row.layer.on else ' opacity=".3"'
    text = _text(x + w / 2, top + h + 14, str(row.number), "middle", "number")
    if label:
        text += _text(x, middle + _TALL * 0.62 + 34, shape, "start", "shape")
    mark = ""
    if note:
        text += _text(x, _TOP - 22, note, "start", "heaviest")
        mark = (
            f'<path class="mark" d="M{x:.1f} {_TOP - 16:.1f}v8" stroke="#E69F00" stroke-width="2"/>'
        )
    return (
        f'<g class="layer" data-number="{row.number}"{opacity}><title>{escape(tip)}</title>'
        f'<g fill="{color}" stroke="{color}" stroke-width=".8">{"".join(faces)}</g>{mark}{text}</g>'
    )


def _path(points: tuple[tuple[float, float], ...]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _text(x: float, y: float, content: str, anchor: str, name: str) -> str:
    return (
        f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{escape(content)}</text>"
    )


def _label_width(row: Row) -> float:
    return _LETTER * len(words.shape(row.output_shape or ()))
