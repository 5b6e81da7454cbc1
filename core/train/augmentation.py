"""Random changes of training images, inside the compiled loop and outside the model that is saved."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.specs import AugmentSpec

_SHARES = 2048  # equally likely shares that stand for a Beta distribution


class _Numbers(NamedTuple):
    """What chance decides about each image: float32 [n], uniform in [0, 1).

    Every setting has places of its own, so that turning one on leaves what the others do.
    """

    mirrored: Any
    overturned: Any
    down: Any
    right: Any
    angle: Any
    zoom: Any
    contrast: Any
    hole_row: Any
    hole_column: Any
    share: Any
    patch_row: Any
    patch_column: Any
    method: Any

    @classmethod
    def of(cls, numbers: Any) -> _Numbers:
        """From float32 [n, fields]."""
        return cls(*tf.unstack(numbers, axis=1))


class Augmentation:
    """Changes images as `spec` says. All of it is a function of the key: the same one does the same again.

    Flip, shift, rotation and zoom are one look-up of pixels: of whole pixels where neither rotation
    nor zoom is on, which keeps images crisp, else between pixels (bilinear). Beyond the edge the
    image is mirrored, the edge itself not repeated (the reflect padding of the shifts in airbench,
    Jordan 2024): a constant would put a frame into the images that gives the shift away.

    Cutout (DeVries & Taylor 2017) fills the hole with the image's mean colour. The paper's zero is
    the mean of a normalized set; grey would be as far from it as can be for drawings on white. As
    there, the centre may be anywhere, so that a hole at the edge is smaller.

    Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019) pair every image with the one before it, as
    torchvision does, since batches are in random order already; each pair has a share of its own.

    Args:
        compiled: by XLA, which makes a few passes over the pixels of some forty: a fifth of the time
            on one thread. It compiles for every number of images anew, in less than a second. The
            changes are the same without, up to a grey level of rounding.
    """

    def __init__(self, spec: AugmentSpec, *, compiled: bool = True) -> None:
        self.spec = spec
        stages: list[Callable[[Any, Any], Any]] = []
        if spec.rotation or spec.zoom:
            stages.append(self._turned)
        elif spec.flip != "none" or spec.shift:
            stages.append(self._moved)
        if spec.contrast or spec.cutout:
            stages.append(self._coloured)
        mix = self._mixed if spec.mixup or spec.cutmix else None
        # one function each: XLA would make a stage's pixels anew wherever the next one asks for them
        form = tf.function(jit_compile=compiled, autograph=False)
        self._stages = [form(stage) for stage in stages]
        self._mix = form(mix) if mix else None

    def __call__(self, images: Any, labels: Any, key: Any) -> tuple[Any, Any, Any]:
        """Changed images, partners and shares.

        The loss of an image is share * loss(label) + (1 - share) * loss(partner).

        Args:
            images: uint8 [n, height, width, channels]; only n may be unknown.
            labels: int32 [n].
            key: int32 [2], another one for each step and tower.

        Returns:
            images uint8 as given, partners int32 [n] of `labels`, shares float32 [n] in 0 to 1.
        """
        count = tf.shape(labels)[0]
        if not self.spec.active:
            return images, labels, tf.ones([count])
        # Philox by name, since what is chosen automatically depends on the device
        numbers = tf.random.stateless_uniform([count, len(_Numbers._fields)], key, alg="philox")
        for stage in self._stages:
            images = stage(images, numbers)
        if self._mix is None:
            return images, labels, tf.ones([count])
        images, shares = self._mix(images, numbers)
        return images, tf.roll(labels, 1, axis=0), shares

    def _moved(self, images: Any, numbers: Any) -> Any:
        """Flipped and shifted by whole pixels."""
        _, height, width, channels = images.shape
        up, across, down, right = self._places(images.shape, _Numbers.of(numbers))
        row = tf.round(_folded(up[:, None] * _line(height) + down[:, None], height))
        column = tf.round(_folded(across[:, None] * _line(width) + right[:, None], width))
        place = tf.cast(row[:, :, None] * width + column[:, None, :], tf.int32)
        return tf.gather(tf.reshape(images, [-1, height * width, channels]), place, batch_dims=1)

    def _turned(self, images: Any, numbers: Any) -> Any:
        """Flipped, shifted, rotated and zoomed, between pixels."""
        _, height, width, channels = images.shape
        drawn = _Numbers.of(numbers)
        up, across, down, right = self._places(images.shape, drawn)
        angle = math.radians(self.spec.rotation) * (2.0 * drawn.angle - 1.0)
        scale = 1.0 / (1.0 + self.spec.zoom * (2.0 * drawn.zoom - 1.0))
        cosine, sine = scale * tf.cos(angle), scale * tf.sin(angle)

        def source(by_row: Any, by_column: Any, middle: Any) -> Any:
            rows = by_row[:, None] * _line(height) + middle[:, None]
            return rows[:, :, None] + (by_column[:, None] * _line(width))[:, None, :]

        row = _folded(source(up * cosine, -up * sine, down), height)
        column = _folded(source(across * sine, across * cosine, right), width)
        top = tf.clip_by_value(tf.floor(row), 0.0, max(height - 2.0, 0.0))
        left = tf.clip_by_value(tf.floor(column), 0.0, max(width - 2.0, 0.0))
        place = tf.cast(top * width + left, tf.int32)
        flat = tf.reshape(images, [-1, height * width, channels])
        below, beside = width * min(1, height - 1), min(1, width - 1)

        def pixel(step: int) -> Any:
            return tf.cast(tf.gather(flat, place + step, batch_dims=1), tf.float32)

        part = (column - left)[..., None]
        upper = pixel(0) + part * (pixel(beside) - pixel(0))
        lower = pixel(below) + part * (pixel(below + beside) - pixel(below))
        return _rounded(upper + (row - top)[..., None] * (lower - upper))

    def _places(self, shape: Any, drawn: _Numbers) -> tuple[Any, Any, Any, Any]:
        """Direction of rows and of columns, -1 or 1, and what the centre shows, row and column: float32 [n]."""
        flip, shift = self.spec.flip, self.spec.shift
        up = tf.where(drawn.overturned < (0.5 if flip in ("vertical", "both") else 0.0), -1.0, 1.0)
        across = tf.where(
            drawn.mirrored < (0.5 if flip in ("horizontal", "both") else 0.0), -1.0, 1.0
        )

        def middle(side: int, number: Any) -> Any:
            far = round(shift * side)
            return (side - 1) / 2 - far + tf.floor(number * (2 * far + 1))

        return up, across, middle(shape[1], drawn.down), middle(shape[2], drawn.right)

    def _coloured(self, images: Any, numbers: Any) -> Any:
        """With another contrast and a hole."""
        spec, drawn = self.spec, _Numbers.of(numbers)
        total = tf.reduce_sum(tf.cast(images, tf.int32), axis=(1, 2), keepdims=True)
        mean = tf.cast(total, tf.float32) / (images.shape[1] * images.shape[2])
        if spec.contrast:
            factor = 1.0 + spec.contrast * (2.0 * drawn.contrast - 1.0)
            pixels = mean + _each(factor) * (tf.cast(images, tf.float32) - mean)
            images = _rounded(tf.clip_by_value(pixels, 0.0, 255.0))
        if spec.cutout:
            side = max(1, round(spec.cutout * min(images.shape[1:3])))
            hole, _ = _rectangle(images, side, side, drawn.hole_row, drawn.hole_column)
            images = tf.where(hole, _rounded(mean), images)
        return images

    def _mixed(self, images: Any, numbers: Any) -> tuple[Any, Any]:
        """Each image with some of the one before it, and the share of it that has remained."""
        spec, drawn = self.spec, _Numbers.of(numbers)
        _, height, width, _ = images.shape
        rank = tf.cast(drawn.share * _SHARES, tf.int32)
        shares = tf.gather(shares_of(spec.mixup or spec.cutmix), rank)
        kept = _each(shares)
        if spec.cutmix:
            size = tf.sqrt(1.0 - tf.gather(shares_of(spec.cutmix), rank))
            sides = tf.round(height * size), tf.round(width * size)
            patch, area = _rectangle(images, *sides, drawn.patch_row, drawn.patch_column)
            blended = drawn.method[0] < 0.5 if spec.mixup else False  # one for all: as timm does
            kept = tf.where(blended, kept, 1.0 - tf.cast(patch, tf.float32))
            shares = tf.where(blended, shares, 1.0 - area / (height * width))
        pixels = tf.cast(images, tf.float32)
        return _rounded(kept * pixels + (1.0 - kept) * tf.roll(pixels, 1, axis=0)), shares


def shares_of(alpha: float) -> NDArray[np.float32]:
    """Equally likely shares, rising, that stand for Beta(alpha, alpha): its quantiles.

    By a table, chance needs one uniform number a share, and no rejection that depends on the device.
    """
    alpha = max(alpha, 0.001)  # below, every share is 0 or 1 anyway
    # with t = share ** alpha the density has no pole at 0; the other half is the mirror image
    grid = np.linspace(0.0, 0.5**alpha, 20_001)
    density = (1.0 - grid ** (1.0 / alpha)) ** (alpha - 1.0)
    reached = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    wanted = (np.arange(_SHARES // 2) + 0.5) / (_SHARES // 2) * reached[-1]
    half = np.interp(wanted, reached, grid) ** (1.0 / alpha)
    return np.concatenate([half, 1.0 - half[::-1]]).astype(np.float32)


def _line(side: int) -> Any:
    """Places along a side as seen from its middle: float32 [1, side]."""
    return tf.range(side, dtype=tf.float32)[None] - (side - 1) / 2


def _folded(places: Any, side: int) -> Any:
    """Places anywhere brought into 0 to side - 1, as in mirrors at the first and the last pixel."""
    period = max(2.0 * (side - 1), 1e-6)  # a side of one pixel has but one place
    turns = places / period
    return tf.minimum(tf.abs(turns - tf.round(turns)) * period, side - 1.0)


def _rectangle(images: Any, height: Any, width: Any, row: Any, column: Any) -> tuple[Any, Any]:
    """Where a rectangle covers, bool [n, height, width, 1], and its area within the image, float32 [n].

    Args:
        height: in pixels, of all rectangles or float32 [n]; as is width.
        row: where its centre is, 0 to 1 of the image's height, float32 [n]; as is column.
    """
    covered, lengths = [], []
    for side, size, centre in zip(images.shape[1:3], (height, width), (row, column), strict=True):
        first = tf.floor(centre * side) - tf.floor(size / 2)
        last = tf.minimum(first + size, float(side))
        first = tf.maximum(first, 0.0)
        places = tf.range(side, dtype=tf.float32)[None]
        covered.append((places >= first[:, None]) & (places < last[:, None]))
        lengths.append(last - first)
    return (covered[0][:, :, None] & covered[1][:, None, :])[..., None], lengths[0] * lengths[1]


def _each(numbers: Any) -> Any:
    """One number for each image, [n], as [n, 1, 1, 1]."""
    return numbers[:, None, None, None]


def _rounded(pixels: Any) -> Any:
    """Pixels, float32 0 to 255, as uint8."""
    return tf.cast(pixels + 0.5, tf.uint8)
