"""Tests that a convolution can be followed step by step, with the numbers of the layer itself."""

from __future__ import annotations

import numpy as np
import pytest

from core.design.analysis import Analysis, analyse
from core.design.curves import curve
from core.design.forward import forward
from core.design.operations import Values
from core.design.presets import PRESETS, Preset
from core.design.weights import Weights, initial
from core.design.window import Sweep, first_convolution, sweep
from core.specs import (
    BatchNormalization,
    Conv2D,
    ConvBlock,
    DepthwiseConv2D,
    Flatten,
    InceptionBlock,
    Input,
    InvertedResidual,
    Layer,
    MaxPooling2D,
    ModelSpec,
    Output,
    SeparableConv2D,
)

Given = tuple[Analysis, Weights, dict[str, Values]]


def given(*layers: Layer) -> Given:
    """A design of these layers with random weights, biases too, and what it makes of an image."""
    model = ModelSpec(name="mine", layers=(Input(), *layers, Flatten(), Output()))
    analysis = analyse(model, (9, 7, 3), 2)
    start, random = initial(analysis), np.random.default_rng(0)
    weights = {
        name: tuple(array + random.random(array.shape, np.float32) / 9 for array in start[name])
        for name in start
    }
    image = random.integers(0, 256, (9, 7, 3), np.uint8)
    return analysis, weights, forward(analysis, weights, image)


def found(made: Given, filter: int = 0) -> Sweep:
    """The sweep of the first convolution."""
    result = sweep(*made, filter)
    assert result is not None
    return result


def patch(way: Sweep, row: int, column: int) -> Values:
    """What the window covers where it makes the output at that row and column: 0 on the border."""
    size, step, (top, left) = way.layer.kernel_size, way.layer.strides, way.border
    height, width, _ = way.image.shape
    framed = np.pad(way.image, ((top, size), (left, size), (0, 0)))
    assert row * step - top < height
    assert column * step - left < width
    return framed[row * step :, column * step :][:size, :size]


CONVOLUTIONS = [
    Conv2D(filters=4),
    Conv2D(filters=4, padding="same"),
    Conv2D(filters=4, kernel_size=4, strides=2, padding="same", activation="tanh"),
    Conv2D(filters=4, kernel_size=1, use_bias=False),
    Conv2D(filters=4, kernel_size=7, strides=3, padding="same", activation="leaky_relu"),
    DepthwiseConv2D(depth_multiplier=2),
    DepthwiseConv2D(kernel_size=2, strides=2, padding="same", depth_multiplier=3),
    SeparableConv2D(filters=4, depth_multiplier=2, padding="same"),
    SeparableConv2D(filters=4, kernel_size=2, strides=3, use_bias=False, activation="gelu"),
]


@pytest.mark.parametrize("layer", CONVOLUTIONS, ids=lambda layer: f"{layer.KIND} {layer.strides}")
def test_numbers_are_the_layers(layer: Layer) -> None:
    """At every place, patch times kernel, plus bias, through the curve is the layer's output."""
    made = given(layer)
    analysis, _, outputs = made
    output = outputs[analysis.nodes[1].name]
    for number in range(output.shape[2]):
        way = found(made, number)
        assert isinstance(layer, Conv2D | DepthwiseConv2D | SeparableConv2D)
        assert way.layer == layer
        assert way.filters == output.shape[2]
        for row, column in np.ndindex(output.shape[:2]):
            total = float((patch(way, row, column) * way.kernel).sum())
            assert total == pytest.approx(float(way.totals[row, column]), abs=1e-5)
            value = curve(layer.activation, np.array([total + way.bias], np.float32))
            assert way.values[row, column] == output[row, column, number]
            assert way.values[row, column] == pytest.approx(float(value[0]), abs=1e-5)


@pytest.mark.parametrize(
    ("layer", "border"),
    [
        (Conv2D(), (0, 0)),
        (Conv2D(padding="same"), (1, 1)),
        (Conv2D(kernel_size=4, strides=2, padding="same"), (1, 1)),
        (Conv2D(kernel_size=7, strides=3, padding="same"), (2, 3)),
        (DepthwiseConv2D(kernel_size=2, padding="same"), (0, 0)),
    ],
)
def test_border(layer: Layer, border: tuple[int, int]) -> None:
    """The border is what padding adds above and left of the image; it is 0 in the sums."""
    way = found(given(layer))
    assert way.border == border
    top, left = border
    size = way.kernel.shape[0]
    seen = way.image[: size - top, : size - left]
    total = float((seen * way.kernel[top:, left:]).sum())
    assert way.totals[0, 0] == pytest.approx(total, abs=1e-5)


def test_softmax() -> None:
    """The value is the layer's own also where it depends on the other filters."""
    made = given(Conv2D(filters=3, activation="softmax"))
    values = [float(found(made, number).values[2, 2]) for number in range(3)]
    assert sum(values) == pytest.approx(1, abs=1e-5)


def test_depthwise_sees_one_channel() -> None:
    """A depthwise filter's input is the one channel that it sees."""
    made = given(DepthwiseConv2D(depth_multiplier=2))
    way = found(made, 3)
    assert way.channels == (1,)
    assert (way.image[:, :, 0] == made[2]["input_1"][:, :, 1]).all()


@pytest.mark.parametrize(
    ("layers", "name", "before"),
    [
        ((ConvBlock(),), "conv_block_1_conv_1", "input_1"),
        ((BatchNormalization(), MaxPooling2D(), Conv2D()), "conv2d_1", "max_pooling2d_1"),
        ((InvertedResidual(expansion=1),), "inverted_residual_1_depthwise_1", "input_1"),
        ((InceptionBlock(), Conv2D()), "inception_block_1_conv_1", "input_1"),
        ((Conv2D(on=False), SeparableConv2D()), "separable_conv2d_1", "input_1"),
    ],
)
def test_first(layers: tuple[Layer, ...], name: str, before: str) -> None:
    """The first convolution may be inside a block; its input is what comes before it."""
    made = given(*layers)
    node = first_convolution(made[0])
    assert node is not None
    assert node.name == name
    way = found(made)
    assert way.node == name
    assert (way.image == made[2][before][:, :, list(way.channels)]).all()


def test_none() -> None:
    """A design without a convolution, or one that stops before it, has none to follow."""
    made = given()
    assert first_convolution(made[0]) is None
    assert sweep(*made) is None
    analysis, weights, outputs = given(Conv2D())
    assert sweep(analysis, weights, {"input_1": outputs["input_1"]}) is None


def test_any_convolution() -> None:
    """A later convolution can be followed as well."""
    analysis, weights, outputs = given(Conv2D(filters=5), Conv2D(filters=6))
    way = sweep(analysis, weights, outputs, 5, analysis.nodes[2])
    assert way is not None
    assert way.image.shape == (7, 5, 5)
    assert way.values[0, 0] == outputs["conv2d_2"][0, 0, 5]


def test_outside() -> None:
    """A filter that is not there is refused."""
    made = given(Conv2D(filters=4))
    for number in (-1, 4):
        with pytest.raises(IndexError):
            sweep(*made, number)


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_presets(item: Preset) -> None:
    """A preset's first convolution can be followed: the sum at a place is the layer's total there."""
    analysis = analyse(item.model, (16, 16, 3), 3)
    weights = initial(analysis)
    outputs = forward(analysis, weights, np.full((16, 16, 3), 200, np.uint8))
    way = sweep(analysis, weights, outputs)
    assert (way is None) == (item.name == "dense-100-100")
    if way is None:
        return
    total = float((patch(way, 3, 4) * way.kernel).sum())
    assert way.totals[3, 4] == pytest.approx(total, abs=1e-4)
    value = curve(way.layer.activation, np.array([total + way.bias], np.float32))[0]
    assert way.values[3, 4] == pytest.approx(float(value), abs=1e-4)
