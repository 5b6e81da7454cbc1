"""Weights for Whitening: the commonest small patterns of some images, all made equally strong.

Patches of natural images vary a hundred times more in brightness than in fine detail, and a first
layer spends its first epochs on evening that out. Taking the principal directions of the patches,
each divided by its spread, does it before the first step (Page, How to train your ResNet 8: bag of
tricks, 2019; Jordan, 94% on CIFAR-10 in 3.29 seconds on a single GPU, 2024).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.design.analysis import Analysis, Row
from core.design.forward import forward
from core.design.operations import Values, product
from core.design.weights import Weights
from core.specs import FixedConv2D

FLOOR = 5e-4  # times the mean spread; what varies less is noise, and is not blown up
LEAST = 1e-12  # for images of one colour
SAMPLE, PIXELS = 1000, 2**25  # images that are looked at before a training, and pixels in all
PATCHES = 500  # of each image


def names(rows: Iterable[Row]) -> list[str]:
    """The nodes of a design whose weights come from the images."""
    return [node.name for row in rows for node in row.nodes if isinstance(node.layer, FixedConv2D)]


def sample_size(shape: tuple[int, ...]) -> int:
    """How many images of that height and width to look at."""
    return max(1, min(SAMPLE, PIXELS // (shape[0] * shape[1])))


def kernel(images: Iterable[Values], size: int, filters: int) -> Values:
    """The weights [size, size, channels, filters] of a convolution that whitens.

    The first half of its filters are the directions, the commonest first, the others their negatives.

    Args:
        images: float32 [height, width, channels] each, as they reach the convolution.
        filters: at most 2 x size x size x channels.
    """
    total: NDArray[np.float64] | float = 0.0
    count = channels = 0
    for image in images:
        height, width, channels = image.shape
        short = [(0, max(0, size - side)) for side in (height, width)]
        padded = np.pad(image, (*short, (0, 0))) if size > min(height, width) else image
        windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(0, 1))
        down, across = windows.shape[:2]
        places = np.unique(np.linspace(0, down * across - 1, PATCHES).round().astype(int))
        some = windows[places // across, places % across].transpose(0, 2, 3, 1)
        patches = some.reshape(len(places), -1)
        total = total + product(np.ascontiguousarray(patches.T), patches).astype(np.float64)
        count += len(places)
    spreads, directions = np.linalg.eigh(total / count)  # the smallest first
    floor = FLOOR * spreads.mean() + LEAST
    even = directions / np.sqrt(np.maximum(spreads, 0.0) + floor)
    half = even[:, ::-1][:, : filters // 2]
    # either sign would do: the same one for the same images
    half = half * np.sign(half[np.abs(half).argmax(axis=0), np.arange(half.shape[1])])
    both = np.concatenate([half, -half], axis=1, dtype=np.float32)
    return both.reshape(size, size, channels, filters)


def whitened(analysis: Analysis, weights: Weights, image: NDArray[np.uint8]) -> Weights:
    """The weights, with those of Whitening as this one image would give them.

    Args:
        image: uint8 [height, width, channels] of the analysis's shape.
    """
    found: dict[str, tuple[Values, ...]] = {}
    # nothing is copied: the other weights are drawn when they are asked for
    mixed: ChainMap[str, tuple[Values, ...]] = ChainMap(found, weights)  # type: ignore[arg-type]
    for node in analysis.nodes:
        if isinstance(node.layer, FixedConv2D):
            arriving = forward(analysis, mixed, image, until=node.inputs[0]).get(node.inputs[0])
            if arriving is not None:  # else it comes after what takes too long
                found[node.name] = (kernel([arriving], node.layer.kernel_size, node.shape[-1]),)
    return mixed
