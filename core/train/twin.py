"""A model's twin for training: the same weights, but faster layers and, if wished, half precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from core.train import backend
from core.train.layers import (
    CheapDropout,
    Draw,
    FusedBatchNormalization,
    NarrowConv2D,
    NarrowDepthwiseConv2D,
)
from core.train.plan import Precision

_WHOLE = (keras.activations.silu, keras.activations.gelu)
_FEW, _MANY = 64, 2048  # pixels of an image, and channels in times out


def _exact(layer: keras.layers.Layer) -> bool:
    """Whether a layer is better left in float32: its half precision is slower on a CPU, some many times."""
    if isinstance(layer, keras.layers.MaxPooling2D):
        return tuple(layer.strides) != tuple(layer.pool_size)
    if isinstance(layer, keras.layers.UpSampling2D):
        return bool(layer.interpolation != "nearest")
    if isinstance(layer, keras.layers.Activation):
        return layer.activation in _WHOLE
    if isinstance(layer, keras.layers.BatchNormalization):
        return bool(layer.moving_mean.shape[0] % 16)  # its fast kernel takes 16 channels at once
    return isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.SeparableConv2D)


def _whole(curve: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The curve, in float32 inside of a layer of half precision."""

    def exact(values: Any) -> Any:
        half = keras.backend.standardize_dtype(values.dtype)
        return keras.ops.cast(curve(keras.ops.cast(values, "float32")), half)

    return exact


def _narrow(layer: keras.layers.Layer) -> bool:
    """Whether a convolution is one that `NarrowConv2D` makes faster."""
    if type(layer) is not keras.layers.Conv2D or layer.kernel_size == (1, 1):
        return False
    height, width, channels = layer.input.shape[1:]
    plain = layer.strides == (1, 1) and layer.padding == "same" and layer.trainable
    return bool(plain and height * width <= _FEW and channels * layer.filters >= _MANY)


def _narrow_depthwise(layer: keras.layers.Layer) -> bool:
    """Whether it is one that `NarrowDepthwiseConv2D` makes faster."""
    if type(layer) is not keras.layers.DepthwiseConv2D or layer.depth_multiplier != 1:
        return False
    height, width = layer.input.shape[1:3]
    known = height is not None and width is not None and height * width <= _FEW
    known &= not backend.has_gpu()  # where nothing of this was measured
    same = layer.strides == (1, 1) and layer.padding == "same" and layer.dilation_rate == (1, 1)
    return bool(known and same)


def twin(model: keras.Model, precision: Precision, draw: Draw) -> keras.Model:
    """The model for training, from uint8 images to logits instead of probabilities.

    Its weights are those of `model`, in the same order, in float32 whatever the precision of the sums.
    Its last layer works in float32, since bfloat16 has only 8 bits for logits of any size.

    Args:
        draw: what dropout's random numbers depend on.
    """
    policy = precision if precision == "float32" else f"mixed_{precision}"
    half = precision != "float32" and not backend.has_gpu()  # where the following was measured
    last = model.layers[-1]
    numbers = {layer.name: number for number, layer in enumerate(model.layers)}

    def copied(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Layer):  # an operation without a state
            return layer
        settings: dict[str, Any] = {**layer.get_config(), "dtype": policy}
        if isinstance(layer, keras.layers.Dropout | keras.layers.SpatialDropout2D):
            return CheapDropout(
                layer.rate,
                draw,
                numbers.setdefault(layer.name, len(numbers)),
                spatial=isinstance(layer, keras.layers.SpatialDropout2D),
                name=layer.name,
                dtype=policy,
            )
        if layer is last:
            return type(layer).from_config({**settings, "dtype": "float32", "activation": "linear"})
        if _narrow_depthwise(layer):
            return NarrowDepthwiseConv2D.from_config(settings)
        if half and _exact(layer):
            settings["dtype"] = "float32"
        elif half and getattr(layer, "activation", None) in _WHOLE:
            settings["activation"] = _whole(layer.activation)
        if isinstance(layer, keras.layers.BatchNormalization):
            return FusedBatchNormalization.from_config(settings)
        if half and _narrow(layer):
            return NarrowConv2D.from_config(settings)
        return type(layer).from_config(settings)

    made = keras.models.clone_model(model, clone_function=copied, recursive=True)
    made.set_weights(model.get_weights())
    return made
