"""What every layer of a design makes of one image, computed in NumPy: no TensorFlow, so at once.

As Keras predicts: dropout passes everything on, batch normalization uses its moving statistics.
"""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from core import words
from core.design import operations
from core.design.analysis import Analysis, Node
from core.design.curves import curve
from core.design.operations import Values
from core.design.weights import Weights
from core.errors import DataError
from core.specs import (
    Activation,
    Add,
    AveragePooling2D,
    Backbone,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Input,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    Multiply,
    Output,
    SeparableConv2D,
    SpatialDropout2D,
    Squeeze,
    UpSampling2D,
    ZeroPadding2D,
)

# what one image may take in all layers together, so that no design stops the page
MOST_VALUES = 2**26  # of 4 bytes
MOST_PARAMETERS = 2**27
MOST_MACS = 2**34  # about a second
_DEPTHWISE = 16  # times slower than a matrix product with as many multiply-adds


def forward(
    analysis: Analysis, weights: Weights, image: NDArray[np.uint8], *, until: str | None = None
) -> dict[str, Values]:
    """The output of each node by its name, [height, width, channels] or [units]. Do not change them.

    Ends where the design does: before the first row with an error, or before what would take too
    long (see `computable`).

    Args:
        image: uint8 [height, width, channels] of the analysis's shape.
        until: the last node that is wanted.

    Raises:
        DataError: the image has another shape.
    """
    if image.shape != analysis.shape or image.dtype != np.uint8:
        raise DataError(
            "The image does not fit the design's input",
            expected=f"whole numbers from 0 to 255 of the shape {words.shape(analysis.shape)}",
            received=f"{image.dtype} of the shape {words.shape(image.shape)}",
            remedy="Choose an image of the data set, at its working size",
        )
    made: dict[str, Values] = {}
    pixels = image.astype(np.float32)
    with np.errstate(all="ignore"):  # weights that diverged give infinity, as in Keras
        for node in computable(analysis):
            arriving = [made[name] for name in node.inputs] or [pixels]
            made[node.name] = output(node.layer, arriving, _own(weights, node))
            if node.name == until:
                break
    return made


def computable(analysis: Analysis) -> tuple[Node, ...]:
    """The nodes up to the first that would take too much time or memory; mostly all of them.

    A pretrained network is one of those: its weights are not looked for here.
    """
    values = parameters = macs = 0
    for number, node in enumerate(analysis.nodes):
        if isinstance(node.layer, Backbone):
            return analysis.nodes[:number]
        values += math.prod(node.shape)
        parameters += node.parameters
        macs += node.macs
        if isinstance(node.layer, DepthwiseConv2D):
            macs += _DEPTHWISE * node.macs
        elif isinstance(node.layer, SeparableConv2D):  # what is between its two convolutions
            between = node.macs // (node.layer.kernel_size**2 + node.layer.filters)
            values += between
            macs += _DEPTHWISE * between * node.layer.kernel_size**2
        if values > MOST_VALUES or parameters > MOST_PARAMETERS or macs > MOST_MACS:
            return analysis.nodes[:number]
    return analysis.nodes


def _own(weights: Weights, node: Node) -> tuple[Values, ...]:
    return weights[node.name] if node.parameters else ()


@singledispatch
def output(layer: LayerSpec, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    """What one layer makes of what arrives; its weights are in the order of Keras."""
    raise NotImplementedError(type(layer).__name__)


@output.register
def _(layer: Input, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    if layer.scale == "-1 to 1":
        return inputs[0] * np.float32(1 / 127.5) - np.float32(1)
    return inputs[0] * np.float32(1 / 255 if layer.scale == "0 to 1" else 1)


@output.register
def _(layer: Conv2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    kernel, *bias = weights
    made = operations.convolve(inputs[0], kernel, layer.strides, layer.padding)
    return curve(layer.activation, _shifted(made, bias))


@output.register
def _(layer: DepthwiseConv2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    kernel, *bias = weights
    made = operations.depthwise(inputs[0], kernel, layer.strides, layer.padding)
    return curve(layer.activation, _shifted(made, bias))


@output.register
def _(layer: SeparableConv2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    kernel, mixing, *bias = weights
    apart = operations.depthwise(inputs[0], kernel, layer.strides, layer.padding)
    return curve(layer.activation, _shifted(operations.mix(apart, mixing[0, 0]), bias))


@output.register
def _(layer: Dense, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    kernel, *bias = weights
    return curve(layer.activation, _shifted(operations.product(inputs[0][None], kernel)[0], bias))


@output.register
def _(layer: Output, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    kernel, bias = weights
    return curve("softmax", operations.product(inputs[0][None], kernel)[0] + bias)


@output.register
def _(layer: MaxPooling2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    step = layer.strides or layer.pool_size
    return operations.pool(inputs[0], layer.pool_size, step, layer.padding, mean=False)


@output.register
def _(layer: AveragePooling2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    step = layer.strides or layer.pool_size
    return operations.pool(inputs[0], layer.pool_size, step, layer.padding, mean=True)


@output.register
def _(layer: GlobalAveragePooling2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return operations.means(inputs[0])


@output.register
def _(layer: GlobalMaxPooling2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    largest: Values = inputs[0].max(axis=(0, 1))
    return largest


@output.register
def _(layer: BatchNormalization, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    gamma, beta, mean, variance = weights
    return operations.normalize(inputs[0], mean, variance, layer.epsilon, gamma, beta)


@output.register
def _(layer: LayerNormalization, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    mean, variance = operations.moments(inputs[0], (-1,))
    return operations.normalize(inputs[0], mean, variance, layer.epsilon, *weights)


@output.register
def _(layer: GroupNormalization, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    whole = inputs[0]
    grouped = whole.reshape(-1, layer.groups, whole.shape[-1] // layer.groups)
    mean, variance = operations.moments(grouped, (0, 2))
    gamma, beta = (weight.reshape(grouped.shape[1:]) for weight in weights)
    made = operations.normalize(grouped, mean, variance, layer.epsilon, gamma, beta)
    return made.reshape(whole.shape)


@output.register
def _(layer: Activation, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return curve(layer.function, inputs[0])


@output.register(Dropout)
@output.register(SpatialDropout2D)
def _passed(layer: LayerSpec, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return inputs[0]


@output.register
def _(layer: Flatten, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return inputs[0].reshape(-1)


@output.register
def _(layer: ZeroPadding2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    sides = (layer.padding, layer.padding)
    return operations.framed(inputs[0], sides, sides)


@output.register
def _(layer: UpSampling2D, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return operations.enlarge(inputs[0], layer.size, blend=layer.interpolation == "bilinear")


@output.register
def _(layer: Add, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return inputs[0] + inputs[1]


@output.register
def _(layer: Multiply, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return inputs[0] * inputs[1]


@output.register
def _(layer: Concatenate, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return np.concatenate(inputs, axis=-1)


@output.register
def _(layer: Squeeze, inputs: list[Values], weights: tuple[Values, ...]) -> Values:
    return operations.means(inputs[0])[None, None]


def _shifted(values: Values, bias: list[Values]) -> Values:
    """Add the bias, where there is one; in place, since a product of our own is given."""
    for numbers in bias:
        values += numbers
    return values
