"""Looks into a model after an epoch: dead units, saturation, gradients, on a fixed batch."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.design.analysis import Row
from core.health.record import LayerHealth

IMAGES, PIXELS = 64, 2**20  # of the probe batch, at most
_SLOPED = 16  # of them, of which gradients are taken: they cost three times as much
_END = 0.02  # of a curve's range: how close to its end a value is saturated
_RECTIFIED = ("relu", "relu6")
_BOUNDED = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "hard_sigmoid": (0.0, 1.0)}


def batch_size(shape: Sequence[int]) -> int:
    """How many images of that height and width to look at."""
    return max(2, min(IMAGES, PIXELS // (shape[0] * shape[1])))


class Probe:
    """Looks at a model as it predicts: dropout is off, normalization uses its running averages.

    Nothing is compiled: a graph would take longer to make than a short training has epochs.

    Args:
        model: from core.design.build, of the design whose `rows` these are.
        images: uint8 [n, height, width, channels], training images.
        labels: int32 [n].
    """

    def __init__(
        self,
        model: keras.Model,
        rows: Iterable[Row],
        images: NDArray[np.uint8],
        labels: NDArray[Any],
    ) -> None:
        self._rows = [row for row in rows if row.nodes]
        self._images, self._labels = images, np.asarray(labels, np.int32)
        # the output layer's softmax is not a curve between layers
        curves = {
            node.name: curve
            for row in self._rows
            for node in row.nodes
            if (curve := _curve(model.get_layer(node.name))) is not None
        }
        self._curves = dict(curves)
        outputs = [model.get_layer(name).output for name in curves]
        self._inside = keras.Model(model.input, outputs or model.output)
        self._model = model
        places: dict[str, list[int]] = {}
        for place, weight in enumerate(model.trainable_weights):
            places.setdefault(weight.path.split("/")[0], []).append(place)
        self._places = places

    def inputs(self) -> tuple[float, float]:
        """Mean and standard deviation of what reaches the first layer."""
        first = self._rows[0].nodes[0].name
        values = keras.Model(self._model.input, self._model.get_layer(first).output)(
            self._images, training=False
        )
        numbers = np.asarray(values, np.float64)
        return float(numbers.mean()), float(numbers.std())

    def look(self, changes: Sequence[float] = ()) -> list[LayerHealth]:
        """The health of every layer that has something to tell.

        Args:
            changes: norms by which the last step changed each trained weight, where they are known.
        """
        variables = [weight.value for weight in self._model.trainable_weights]
        inside = self._inside(self._images, training=False) if self._curves else []
        inside = inside if isinstance(inside, list) else [inside]  # a single output comes bare
        with tf.GradientTape() as tape:
            chances = self._model(self._images[:_SLOPED], training=False)
            chosen = tf.gather(chances, self._labels[:_SLOPED], batch_dims=1)
            loss = -tf.reduce_mean(tf.math.log(tf.maximum(chosen, 1e-7)))
        gradients = [
            0.0 if gradient is None else float(tf.norm(gradient))
            for gradient in tape.gradient(loss, variables)
        ]
        weights = [float(tf.norm(variable)) for variable in variables]
        values = dict(zip(self._curves, inside, strict=True))
        found = []
        for row in self._rows:
            places = [place for node in row.nodes for place in self._places.get(node.name, ())]
            health = LayerHealth(
                number=row.number,
                title=row.title,
                dead=self._share(row, values, _RECTIFIED, _dead),
                saturated=self._share(row, values, _BOUNDED, _saturated),
                gradient=_norm(gradients, places),
                weight=_norm(weights, places),
                update=_ratio(changes, weights, places),
            )
            if health.known:
                found.append(health)
        return found

    def _share(
        self, row: Row, values: Mapping[str, Any], kinds: Collection[str], measure: Any
    ) -> float | None:
        """Mean over the row's curves of those kinds; None where it has none."""
        shares = [
            measure(values[node.name], self._curves[node.name])
            for node in row.nodes
            if self._curves.get(node.name, "") in kinds
        ]
        share = float(np.mean(shares)) if shares else None
        return share if share is not None and math.isfinite(share) else None


def _curve(layer: Any) -> str | None:
    """Name of the activation of a hidden layer, where it is one that can go wrong."""
    if isinstance(layer, keras.layers.ReLU):
        return "relu"
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", "")
    return name if name in (*_RECTIFIED, *_BOUNDED) else None


def _dead(values: Any, _: str) -> float:
    """Share of the units that are zero everywhere and for every image."""
    axes = list(range(len(values.shape) - 1))
    return float(tf.reduce_mean(tf.cast(tf.reduce_max(values, axis=axes) <= 0.0, tf.float32)))


def _saturated(values: Any, curve: str) -> float:
    low, high = _BOUNDED[curve]
    edge = _END * (high - low)
    outside = tf.logical_or(values < low + edge, values > high - edge)
    return float(tf.reduce_mean(tf.cast(outside, tf.float32)))


def _norm(norms: Sequence[float], places: Sequence[int]) -> float | None:
    """Of several weights as one; None where there are none, or they are no numbers any more."""
    value = math.sqrt(sum(norms[place] ** 2 for place in places))
    return value if places and math.isfinite(value) else None


def _ratio(
    changes: Sequence[float], weights: Sequence[float], places: Sequence[int]
) -> float | None:
    moved, size = _norm(changes, places) if changes else None, _norm(weights, places)
    return moved / max(size, 1e-12) if moved is not None and size is not None else None
