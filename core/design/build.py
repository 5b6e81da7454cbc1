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
from core.specs.layers import LayerSpec


def build(model: ModelSpec, shape: Shape, classes: int, *, resize: bool = False) -> keras.Model:
    """The Keras model of a design: uint8 images in, class probabilities out.

    Args:
        shape: height, width, channels the design works at.
        classes: number of classes.
        resize: take images of any height and width and bring them to `shape` inside the model, as
            the saved model does. Weights are the same either way.

    Raises:
        SpecError: the layers do not fit together.
    """
    table(model, shape, classes)
    height, width, channels = shape
    size = (None, None) if resize else (height, width)
    image = keras.Input((*size, channels), dtype="uint8", name="image")
    x: Any = layers.Resizing(height, width, name="resize")(image) if resize else image
    for layer, name in zip(model.layers, layer_names(model), strict=True):
        x = _layer(layer, name, classes)(x)
    return keras.Model(image, x, name="layerwise")


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
