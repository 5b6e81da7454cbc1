"""What layers do to one image, in NumPy: windows that slide, norms, enlarging.

Images are float32 [height, width, channels]. The rules are those of Keras on TensorFlow, borders
included; tests compare every layer with it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.specs.layers.base import Padding

Values = NDArray[np.float32]

_CHUNK = 2**20  # numbers of unrolled windows at once: 4 MB, which the processor's cache holds
_TILE = 2**18  # multiply-adds of one matrix product, see `product`


def border(length: int, window: int, step: int, padding: Padding) -> tuple[int, int]:
    """Pixels added before and after a side; with an odd number the one more is after, as in TF."""
    if padding == "valid":
        return 0, 0
    missing = max(0, (-(-length // step) - 1) * step + window - length)
    return missing // 2, missing - missing // 2


def bordered(image: Values, window: int, step: int, padding: Padding, fill: float = 0.0) -> Values:
    """The image with the border that the padding asks for."""
    height, width = (border(length, window, step, padding) for length in image.shape[:2])
    return framed(image, height, width, fill)


def framed(
    image: Values, rows: tuple[int, int], columns: tuple[int, int], fill: float = 0.0
) -> Values:
    """The image with so many rows above and below it, and columns left and right."""
    if not any((*rows, *columns)):
        return image
    height, width, channels = image.shape
    made = np.full((height + sum(rows), width + sum(columns), channels), fill, np.float32)
    made[rows[0] : rows[0] + height, columns[0] : columns[0] + width] = image
    return made


def product(rows: Values, kernel: Values) -> Values:
    """The matrix product, in tiles that OpenBLAS computes with one thread each.

    More threads would wait for each other, which takes ten times as long while a training keeps the
    processor busy; up to 2**18 multiply-adds OpenBLAS starts none (its interface/gemm.c).
    """
    length, size = rows.shape
    filters = kernel.shape[1]
    if 1 in (length, filters):  # no matrices to OpenBLAS, which starts threads for less
        line: Values = np.einsum("ij,jk->ik", rows, kernel)
        return line
    wide = min(filters, 128)
    deep = max(1, min(size, _TILE // (wide * 32)))
    high = max(1, _TILE // (wide * deep))
    made = np.empty((length, filters), np.float32)
    for top in range(0, length, high):
        part = rows[top : top + high]
        for left in range(0, filters, wide):
            tile, beside = made[top : top + high, left : left + wide], kernel[:, left : left + wide]
            np.matmul(part[:, :deep], beside[:deep], out=tile)
            for start in range(deep, size, deep):
                tile += part[:, start : start + deep] @ beside[start : start + deep]
    return made


def mix(image: Values, kernel: Values) -> Values:
    """A 1 × 1 convolution with a kernel [channels, filters]."""
    return product(image.reshape(-1, image.shape[2]), kernel).reshape(*image.shape[:2], -1)


def convolve(image: Values, kernel: Values, step: int, padding: Padding) -> Values:
    """Slide kernels [k, k, channels, filters] over the image: a matrix product of its windows."""
    window, _, channels, filters = kernel.shape
    image = bordered(image, window, step, padding)
    if window == 1:
        return mix(image[::step, ::step], kernel[0, 0])
    windows = sliding_window_view(image, (window, window), axis=(0, 1))
    windows = windows[::step, ::step].transpose(0, 1, 3, 4, 2)  # long runs in memory last
    height, width = windows.shape[:2]
    size = window * window * channels
    flat = kernel.reshape(size, filters)
    made = np.empty((height, width, filters), np.float32)
    columns = max(1, min(width, _CHUNK // size))
    rows = max(1, _CHUNK // (columns * size))
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            part = windows[top : top + rows, left : left + columns]
            sums = product(part.reshape(-1, size), flat).reshape(*part.shape[:2], filters)
            made[top : top + rows, left : left + columns] = sums
    return made


def depthwise(image: Values, kernel: Values, step: int, padding: Padding) -> Values:
    """Slide kernels [k, k, channels, multiplier] over each channel on its own.

    What the filters of one channel make lies side by side in the output.
    """
    window, _, channels, multiplier = kernel.shape
    image = bordered(image, window, step, padding)
    windows = sliding_window_view(image, (window, window), axis=(0, 1))[::step, ::step]
    made = np.empty((*windows.shape[:3], multiplier), np.float32)
    for number in range(multiplier):
        made[..., number] = np.einsum("hwcij,ijc->hwc", windows, kernel[..., number])
    return made.reshape(*made.shape[:2], channels * multiplier)


def pool(image: Values, window: int, step: int, padding: Padding, *, mean: bool) -> Values:
    """The largest value or the mean of each window; a border counts for neither."""
    if not mean:
        return _slide(bordered(image, window, step, padding, -math.inf), window, step, np.maximum)
    sums = _slide(bordered(image, window, step, padding), window, step, np.add)
    ones = np.ones((*image.shape[:2], 1), np.float32)
    return sums / _slide(bordered(ones, window, step, padding), window, step, np.add)


def _slide(image: Values, window: int, step: int, combine: np.ufunc) -> Values:
    """Combine each window, its rows first and then its columns."""
    for axis in (0, 1):
        image = image.swapaxes(0, axis)
        last = image.shape[0] - window + 1
        made = image[:last:step].copy()
        for offset in range(1, window):
            combine(made, image[offset : offset + last : step], out=made)
        image = made.swapaxes(0, axis)
    return np.ascontiguousarray(image)


def means(image: Values) -> Values:
    """The mean of each channel."""
    mean: Values = image.mean(axis=(0, 1))
    return mean


def moments(values: Values, axes: tuple[int, ...]) -> tuple[Values, Values]:
    """Mean and variance over some axes, which stay with length 1."""
    mean = values.mean(axis=axes, keepdims=True)
    apart = values - mean
    return mean, np.mean(apart * apart, axis=axes, keepdims=True)


def normalize(
    values: Values, mean: Values, variance: Values, epsilon: float, gamma: Values, beta: Values
) -> Values:
    """Bring values to mean 0 and deviation 1, then scale and shift them."""
    factor = gamma / np.sqrt(variance + np.float32(epsilon))
    made: Values = values * factor + (beta - mean * factor)
    return made


def enlarge(image: Values, factor: int, *, blend: bool) -> Values:
    """The image so many times higher and wider, its pixels repeated or blended."""
    for axis in (0, 1):
        if not blend:
            image = np.repeat(image, factor, axis=axis)
            continue
        length = image.shape[axis]
        # pixels have their centres at a half, as in tf.image.resize
        places = (np.arange(length * factor, dtype=np.float32) + 0.5) / factor - 0.5
        before = np.floor(places).astype(np.int64)
        share = (places - before).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (-1, 1))
        low = image.take(np.maximum(before, 0), axis=axis)
        high = image.take(np.minimum(before + 1, length - 1), axis=axis)
        image = low + (high - low) * share
    return image
