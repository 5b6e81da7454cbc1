"""Keras's own layers and optimizers behind the names of the fast ones.

What core.train.loop cannot do its fast way on some machine is trained with these, a step at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from core.specs import TrainSpec
from core.train.optimizers import weight_decay


class KerasOptimizer:
    """As core.train.optimizers.Optimizer, for `weights` that are Keras's variables."""

    def __init__(
        self, spec: TrainSpec, weights: Sequence[Any], shares: Sequence[float] = ()
    ) -> None:
        self.weights = list(weights)
        self._shares = list(shares) or [1.0] * len(self.weights)
        self._optimizer = made(spec)
        self._optimizer.build(self.weights)

    @property
    def slots(self) -> list[Any]:
        """Everything that a step depends on but the weights."""
        return [variable.value for variable in self._optimizer.variables]

    def apply(self, gradients: Sequence[Any], rate: Any) -> None:
        """One step at this learning rate, float32 []."""
        self._optimizer.learning_rate.assign(rate)
        pairs = zip(gradients, self.weights, strict=True)
        known = [(gradient, weight) for gradient, weight in pairs if gradient is not None]
        # Keras has one learning rate for all: part of a change is taken back
        partly = [
            (weight, share, keras.ops.copy(weight))
            for weight, share in zip(self.weights, self._shares, strict=True)
            if share != 1.0
        ]
        self._optimizer.apply_gradients(known)
        for weight, share, before in partly:
            weight.assign(before + share * (weight - before))


def made(spec: TrainSpec) -> keras.optimizers.Optimizer:
    """Keras's optimizer of this name, with the settings of `spec`."""
    rate, decay = spec.learning_rate, weight_decay(spec) or None
    if spec.optimizer == "sgd":
        return keras.optimizers.SGD(
            rate, momentum=spec.momentum, nesterov=spec.nesterov, weight_decay=decay
        )
    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "rmsprop": keras.optimizers.RMSprop,
    }
    # AdamW cannot be without; as good as none then
    none = 0.0 if spec.optimizer == "adamw" else None
    return kinds[spec.optimizer](rate, weight_decay=none if decay is None else decay)


def plain_twin(model: keras.Model) -> keras.Model:
    """As core.train.twin.twin in float32, of Keras's own layers."""
    last = model.layers[-1]

    def copied(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Layer):  # an operation without a state
            return layer
        settings = layer.get_config()
        if layer is last:
            settings["activation"] = "linear"
        return type(layer).from_config(settings)

    twin = keras.models.clone_model(model, clone_function=copied, recursive=True)
    for ours, theirs in zip(twin.variables, model.variables, strict=True):
        ours.assign(theirs)  # the states of random numbers, too
    return twin
