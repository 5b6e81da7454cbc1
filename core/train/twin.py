"""A model's twin for training: the same weights, but faster layers and, if wished, half precision."""

from __future__ import annotations

from typing import Any

import keras

from core.train.layers import CheapDropout, Draw, FusedBatchNormalization
from core.train.plan import Precision


def twin(model: keras.Model, precision: Precision, draw: Draw) -> keras.Model:
    """The model for training, from uint8 images to logits instead of probabilities.

    Its weights are those of `model`, in the same order, in float32 whatever the precision of the sums.
    Its last layer works in float32, since bfloat16 has only 8 bits for logits of any size.

    Args:
        draw: what dropout's random numbers depend on.
    """
    policy = precision if precision == "float32" else f"mixed_{precision}"
    last = model.layers[-1]
    numbers = {layer.name: number for number, layer in enumerate(model.layers)}

    def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
        settings: dict[str, Any] = {**layer.get_config(), "dtype": policy}
        if isinstance(layer, keras.layers.Dropout | keras.layers.SpatialDropout2D):
            return CheapDropout(
                layer.rate,
                draw,
                numbers[layer.name],
                spatial=isinstance(layer, keras.layers.SpatialDropout2D),
                name=layer.name,
                dtype=policy,
            )
        if isinstance(layer, keras.layers.BatchNormalization):
            return FusedBatchNormalization.from_config(settings)
        if layer is last:
            return type(layer).from_config({**settings, "dtype": "float32", "activation": "linear"})
        return type(layer).from_config(settings)

    made = keras.models.clone_model(model, clone_function=copied)
    made.set_weights(model.get_weights())
    return made
