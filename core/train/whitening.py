"""Gives the layers that whiten their weights, before a training begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from core.data.dataset import Dataset
from core.data.splits import Indices, spread
from core.design.whitening import kernel, sample_size
from core.train import feed

_AT_ONCE = 32


def whiten(model: keras.Model, names: Sequence[str], data: Dataset, rows: Indices) -> None:
    """Set the weights of the layers of those names, in their order.

    Args:
        model: from core.design.build.
        rows: the images to train on; some of them, evenly spread, are looked at.
    """
    chosen = spread(rows, sample_size(data.shape))
    for name in names:
        layer = model.get_layer(name)
        before = keras.Model(model.input, layer.input)
        features = _features(before, data, chosen)
        layer.set_weights([kernel(features, layer.kernel_size[0], layer.filters)])


def _features(before: keras.Model, data: Dataset, rows: Indices) -> Iterator[Any]:
    for start in range(0, len(rows), _AT_ONCE):
        images = feed.gathered(data.images.images, rows[start : start + _AT_ONCE])
        yield from np.asarray(before(images, training=False))
