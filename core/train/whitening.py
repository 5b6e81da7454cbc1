"""Gives the layers that whiten their weights, before a training begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.design.whitening import kernel

_AT_ONCE = 32


def whiten(model: keras.Model, images: NDArray[np.uint8]) -> None:
    """Set the weights of the convolutions that are not trained.

    Args:
        model: from core.design.build.
        images: uint8 [n, height, width, channels], to train on.
    """
    for layer in model.layers:
        if layer.trainable:
            continue
        before = keras.Model(model.input, layer.input)
        size, filters = layer.kernel_size[0], layer.filters
        layer.set_weights([kernel(_features(before, images), size, filters)])


def _features(before: keras.Model, images: NDArray[np.uint8]) -> Iterator[Any]:
    for start in range(0, len(images), _AT_ONCE):
        yield from np.asarray(before(images[start : start + _AT_ONCE], training=False))
