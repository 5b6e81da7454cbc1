"""Output shapes and parameter counts of a design, in pure Python, without TensorFlow.

Shapes are without the batch: (height, width, channels) or (units,). The rules are those of
keras.layers; tests compare every preset with the built Keras model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import singledispatch

from core.errors import SpecError
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

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One layer of the shape table."""

    name: str  # unique in the design, also the Keras layer's name
    title: str
    details: str
    output_shape: Shape
    parameters: int
    trainable: int  # parameters that training changes


def table(model: ModelSpec, shape: Shape, classes: int) -> list[Row]:
    """Every layer with its output shape and parameters, for images of `shape` and `classes` classes.

    Raises:
        SpecError: a layer does not fit what comes before it; the message names the layer.
    """
    rows: list[Row] = []
    current = shape
    _check_ends(model)
    for layer, name in zip(model.layers, layer_names(model), strict=True):
        position = f"Layer {len(rows) + 1} ({title(layer)})"
        current, parameters, fixed = _apply(layer, current, classes, position)
        rows.append(
            Row(name, title(layer), details(layer), current, parameters, parameters - fixed)
        )
    return rows


def layer_names(model: ModelSpec) -> list[str]:
    """A unique name for each layer: its kind and a count, conv2d_1, conv2d_2."""
    counts: dict[str, int] = {}
    names = []
    for layer in model.layers:
        counts[layer.kind] = counts.get(layer.kind, 0) + 1
        names.append(f"{layer.kind}_{counts[layer.kind]}")
    return names


def title(layer: LayerSpec) -> str:
    """The layer's name on screen."""
    return type(layer).__name__


def details(layer: LayerSpec) -> str:
    """The layer's settings in a few words, such as "32 filters, 3 × 3, same, relu"."""
    words = []
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        if name == "kind" or value is None or (name == "strides" and value == 1):
            continue
        if name in ("kernel_size", "pool_size"):
            words.append(f"{value} × {value}")
        elif name in ("filters", "units"):
            words.append(f"{value:,} {name}")
        elif isinstance(value, str) and name != "scale":
            if value not in ("linear", "valid"):
                words.append(str(value))
        else:
            number = f"{value:g}" if isinstance(value, float) else value
            words.append(f"{(field.title or name).lower()} {number}")
    return ", ".join(words)


def _check_ends(model: ModelSpec) -> None:
    kinds = [layer.kind for layer in model.layers]
    if kinds[0] != "input" or "input" in kinds[1:]:
        raise SpecError(
            f"The design {model.name} does not start with its one input",
            expected="Input as the first layer, and only there",
            received=f"{title(model.layers[0])} first, {kinds.count('input')} inputs",
            remedy="Put Input first",
        )
    if kinds[-1] != "output" or "output" in kinds[:-1]:
        raise SpecError(
            f"The design {model.name} does not end with its one output",
            expected="Output as the last layer, and only there",
            received=f"{title(model.layers[-1])} last, {kinds.count('output')} outputs",
            remedy="Put Output last",
        )


Applied = tuple[Shape, int, int]  # output shape, parameters, those of them that never train


@singledispatch
def _apply(layer: LayerSpec, shape: Shape, classes: int, position: str) -> Applied:
    raise NotImplementedError(type(layer).__name__)


@_apply.register(Input)
@_apply.register(Activation)
@_apply.register(Dropout)
def _same(layer: LayerSpec, shape: Shape, classes: int, position: str) -> Applied:
    return shape, 0, 0


@_apply.register
def _conv(layer: Conv2D, shape: Shape, classes: int, position: str) -> Applied:
    height, width, channels = _image(shape, position)
    out = (
        _slide(height, layer.kernel_size, layer.strides, layer.padding, position),
        _slide(width, layer.kernel_size, layer.strides, layer.padding, position),
        layer.filters,
    )
    return out, (layer.kernel_size**2 * channels + 1) * layer.filters, 0


@_apply.register(MaxPooling2D)
@_apply.register(AveragePooling2D)
def _pool(
    layer: MaxPooling2D | AveragePooling2D,
    shape: Shape,
    classes: int,
    position: str,
) -> Applied:
    height, width, channels = _image(shape, position)
    window = layer.pool_size
    out = (
        _slide(height, window, window, layer.padding, position),
        _slide(width, window, window, layer.padding, position),
        channels,
    )
    return out, 0, 0


@_apply.register
def _norm(layer: BatchNormalization, shape: Shape, classes: int, position: str) -> Applied:
    return shape, 4 * shape[-1], 2 * shape[-1]


@_apply.register
def _flatten(layer: Flatten, shape: Shape, classes: int, position: str) -> Applied:
    return (math.prod(shape),), 0, 0


@_apply.register
def _dense(layer: Dense, shape: Shape, classes: int, position: str) -> Applied:
    return (layer.units,), (_row(shape, position) + 1) * layer.units, 0


@_apply.register
def _output(layer: Output, shape: Shape, classes: int, position: str) -> Applied:
    return (classes,), (_row(shape, position) + 1) * classes, 0


def _slide(length: int, window: int, step: int, padding: str, position: str) -> int:
    """Length after a window of `window` moves over it in steps of `step`."""
    after = -(-length // step) if padding == "same" else (length - window) // step + 1
    if after < 1:
        raise SpecError(
            f"{position} shrinks the image below 1 pixel",
            expected=f"an input of at least {window} x {window} pixels",
            received=f"{length} pixels",
            remedy="Take a smaller window, use same padding, or remove a pooling layer before it",
        )
    return after


def _image(shape: Shape, position: str) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise SpecError(
            f"{position} needs an image",
            expected="height, width and channels",
            received=f"a row of {shape[0]:,} numbers",
            remedy="Move it before Flatten and the dense layers",
        )
    height, width, channels = shape
    return height, width, channels


def _row(shape: Shape, position: str) -> int:
    if len(shape) != 1:
        raise SpecError(
            f"{position} needs a row of numbers",
            expected="the output of Flatten or of another dense layer",
            received=f"an image of {' x '.join(map(str, shape))}",
            remedy="Put Flatten before it",
        )
    return shape[0]
