"""A layer's output as pictures: each channel of an image as a map, a row of numbers as bars."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.design.operations import Values

Pixels = NDArray[np.uint8]

_ANCHORS = (
    0x440154, 0x482878, 0x3E4989, 0x31688E, 0x26828E, 0x1F9E89, 0x35B779, 0x6ECE58, 0xB5DE2B,
    0xFDE725,
)  # fmt: skip
_ROBUST = (1.0, 99.0)  # percentiles: one bright pixel does not make all others dark
_SAMPLED = 2**18  # values looked at for the percentiles


def _viridis() -> Pixels:
    anchors = np.array(_ANCHORS)
    steps = np.linspace(0, len(anchors) - 1, 256)
    parts = [np.interp(steps, range(len(anchors)), anchors >> shift & 255) for shift in (16, 8, 0)]
    return np.stack(parts, axis=1).round().astype(np.uint8)


# uint8 [256, 3], blended from the ten colours that Plotly has of it, so that charts look the same:
# VIRIDIS[map.pixels] is the picture [height, width, 3] of a map
VIRIDIS = _viridis()


@dataclass(frozen=True, slots=True)
class Map:
    """One channel. `low` and `high` are its own extremes; equal, it shows no difference anywhere."""

    channel: int  # from 0
    pixels: Pixels  # [height, width]: 0 is the low end of the layer's scale, 255 the high end
    low: float
    high: float

    @property
    def silent(self) -> bool:
        """Whether the channel answers to nothing in this image: 0 everywhere."""
        return self.low == self.high == 0


@dataclass(frozen=True, slots=True)
class Maps:
    """Some channels of a layer, all on one scale so that they compare.

    Pixels at and below `low` are dark, at and above `high` bright. These are the first and the last
    percentile of all the layer's values, not its extremes.
    """

    low: float
    high: float
    channels: int  # of the layer
    shown: tuple[Map, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Some of a row's values; `low` and `high` are the extremes of all of them."""

    low: float
    high: float
    units: int  # of the layer
    shown: tuple[int, ...]  # numbers of units, from 0
    values: tuple[float, ...]


def picked(total: int, count: int) -> tuple[int, ...]:
    """Up to `count` of the numbers 0 to total - 1: in order, evenly spread, first and last included.

    In order rather than the most active first: the same filter stays at the same place when the
    image or the design changes, and one that answers to nothing is seen too. Spread, since a
    concatenation holds its branches one after another and all of them should show.
    """
    spread = np.linspace(0, total - 1, min(count, total)).round().astype(int)
    return tuple(spread.tolist())


def maps(output: Values, count: int = 16) -> Maps:
    """Up to `count` channels of an output [height, width, channels]."""
    low, high = _scale(output)
    shown = picked(output.shape[2], count)
    chosen = output[:, :, list(shown)].astype(np.float64)
    # what is not a number, of weights that diverged, is dark
    bright = (chosen - low) / (high - low) if high > low else np.zeros_like(chosen)
    pixels = (np.nan_to_num(bright).clip(0, 1) * 255).round().astype(np.uint8)
    return Maps(
        low,
        high,
        output.shape[2],
        tuple(
            Map(channel, np.ascontiguousarray(pixels[:, :, place]), *_extremes(chosen[:, :, place]))
            for place, channel in enumerate(shown)
        ),
    )


def bars(output: Values, count: int = 32) -> Bars:
    """Up to `count` values of an output [units]."""
    shown = picked(len(output), count)
    values = tuple(output[list(shown)].astype(float).tolist())
    return Bars(*_extremes(output), len(output), shown, values)


def grid(found: Maps, *, columns: int = 8, side: int = 96, gap: int = 4) -> Pixels:
    """The maps row by row as one picture, uint8 [height, width, 4], the gaps transparent.

    Args:
        side: pixels that a map may take. Small ones are enlarged with crisp pixels, by whole
            numbers; large ones are reduced.
    """
    cells = [sized(VIRIDIS[item.pixels], side) for item in found.shown]
    height, width = cells[0].shape[:2]
    columns = min(columns, len(cells))
    rows = -(-len(cells) // columns)
    made = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 4), np.uint8)
    for number, cell in enumerate(cells):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        made[top : top + height, left : left + width, :3] = cell
        made[top : top + height, left : left + width, 3] = 255
    return made


def sized(picture: Pixels, side: int) -> Pixels:
    """A picture [height, width, 3] as large as fits into a square, without blurring what is small."""
    longest = max(picture.shape[:2])
    if longest > side:
        return np.asarray(Image.fromarray(picture).reduce(math.ceil(longest / side)))
    factor = side // longest
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def png(picture: Pixels) -> bytes:
    """A picture [height, width, 3 or 4] as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)  # small anyway; at once matters
    return file.getvalue()


def _scale(output: Values) -> tuple[float, float]:
    """The range of most values; of all, where most are the same."""
    step = math.isqrt(max(0, output.size - 1) // _SAMPLED) + 1
    sample = output[::step, ::step]
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 0.0
    low, high = np.percentile(sample, _ROBUST).tolist()
    return (low, high) if high > low else _extremes(output)


def _extremes(values: NDArray[np.floating]) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
