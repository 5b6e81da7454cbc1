"""A design -> keras.Model. Only the worker imports this: it brings TensorFlow."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import keras
from keras import layers

from core.design.shapes import Shape, layer_names, table
from core.specs import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
    ModelSpec,
    Output,
)
from core.specs.data import Fit
from core.specs.layers import LayerSpec


def build(
    model: ModelSpec, shape: Shape, classes: int, *, resize: Fit | None = None
) -> keras.Model:
    """The Keras model of a design: uint8 images in, class probabilities out.

    Args:
        shape: height, width, channels the design works at.
        classes: number of classes.
        resize: take images of any height and width and bring them to `shape` inside the model, in
            this way, as the saved model does. Weights are the same with and without it.

    Raises:
        SpecError: the layers do not fit together.
    """
    table(model, shape, classes)
    height, width, channels = shape
    size = (None, None) if resize else (height, width)
    image = keras.Input((*size, channels), dtype="uint8", name="image")
    x: Any = image
    if resize is not None:
        x = layers.Rescaling(1.0, name="to_float")(x)  # padding has no bytes, only floats
        x = _resizing(resize, height, width)(x)
    for layer, name in zip(model.layers, layer_names(model), strict=True):
        x = _layer(layer, name, classes)(x)
    return keras.Model(image, x, name="layerwise")


def _resizing(fit: Fit, height: int, width: int) -> Any:
    """What core.data.decode does to an upright image without transparency, as a layer."""
    return layers.Resizing(
        height,
        width,
        antialias=True,  # as Pillow's filters do; without it large photos lose what they show
        pad_to_aspect_ratio=fit == "pad",
        crop_to_aspect_ratio=fit == "crop",
        fill_value=255.0,  # white
        name="resize",
    )


@singledispatch
def _layer(spec: LayerSpec, name: str, classes: int) -> Any:
    raise NotImplementedError(type(spec).__name__)


@_layer.register
def _(spec: Input, name: str, classes: int) -> Any:
    if spec.scale == "-1 to 1":
        return layers.Rescaling(1 / 127.5, offset=-1.0, name=name)
    return layers.Rescaling(1 / 255, name=name)


@_layer.register
def _(spec: Conv2D, name: str, classes: int) -> Any:
    return layers.Conv2D(
        spec.filters,
        spec.kernel_size,
        strides=spec.strides,
        padding=spec.padding,
        activation=spec.activation,
        name=name,
    )


@_layer.register
def _(spec: MaxPooling2D, name: str, classes: int) -> Any:
    return layers.MaxPooling2D(spec.pool_size, padding=spec.padding, name=name)


@_layer.register
def _(spec: AveragePooling2D, name: str, classes: int) -> Any:
    return layers.AveragePooling2D(spec.pool_size, padding=spec.padding, name=name)


@_layer.register
def _(spec: BatchNormalization, name: str, classes: int) -> Any:
    return layers.BatchNormalization(momentum=spec.momentum, epsilon=spec.epsilon, name=name)


@_layer.register
def _(spec: Activation, name: str, classes: int) -> Any:
    return layers.Activation(spec.function, name=name)


@_layer.register
def _(spec: Dropout, name: str, classes: int) -> Any:
    return layers.Dropout(spec.rate, name=name)


@_layer.register
def _(spec: Flatten, name: str, classes: int) -> Any:
    return layers.Flatten(name=name)


@_layer.register
def _(spec: Dense, name: str, classes: int) -> Any:
    constraint = keras.constraints.MaxNorm(spec.max_norm) if spec.max_norm else None
    return layers.Dense(
        spec.units, activation=spec.activation, kernel_constraint=constraint, name=name
    )


@_layer.register
def _(spec: Output, name: str, classes: int) -> Any:
    return layers.Dense(classes, activation="softmax", name=name)
