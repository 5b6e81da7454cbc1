"""Tests that a convolution can be followed step by step, with the numbers of the layer itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.design.analysis import Analysis, analyse
from core.design.curves import curve
from core.design.forward import forward
from core.design.operations import Values
from core.design.presets import PRESETS, Preset
from core.design.weights import Weights, initial
from core.design.window import Sweep, first_convolution, sweep, window_steps
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
            window = way.at(row, column)
            assert window.products.shape == window.patch.shape == way.kernel.shape
            assert (window.products == window.patch * way.kernel).all()
            assert window.total == pytest.approx(float(window.products.sum()), abs=1e-5)
            assert window.total == pytest.approx(float(way.totals[row, column]), abs=1e-5)
            value = curve(layer.activation, np.array([window.total + way.bias], np.float32))
            assert window.value == output[row, column, number]
            assert window.value == pytest.approx(float(value[0]), abs=1e-5)


def test_border() -> None:
    """On the border the patch is 0, and the window's place is outside of the image."""
    way = found(given(Conv2D(padding="same")))
    corner, middle = way.at(0, 0), way.at(4, 3)
    assert (corner.top, corner.left) == (-1, -1)
    assert (corner.patch[0] == 0).all()
    assert (corner.patch[:, 0] == 0).all()
    assert (corner.patch[1:, 1:] == way.image[:2, :2]).all()
    assert (middle.patch == way.image[3:6, 2:5]).all()
    last = way.at(8, 6)
    assert (last.patch[:2, :2] == way.image[7:, 5:]).all()
    assert (last.patch[2] == 0).all()


def test_softmax() -> None:
    """The value is the layer's own also where it depends on the other filters."""
    made = given(Conv2D(filters=3, activation="softmax"))
    values = [found(made, number).at(2, 2).value for number in range(3)]
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
    assert way.at(0, 0).value == outputs["conv2d_2"][0, 0, 5]


def test_outside() -> None:
    """A filter or a place that is not there is refused."""
    made = given(Conv2D(filters=4))
    for number in (-1, 4):
        with pytest.raises(IndexError):
            sweep(*made, number)
    way = found(made)
    for row, column in ((-1, 0), (0, -1), (7, 0), (0, 5)):
        with pytest.raises(IndexError):
            way.at(row, column)


def test_steps() -> None:
    """The steps go row by row from the first place to the last; a few stand for many."""
    way = found(given(Conv2D()))
    every = [(window.row, window.column) for window in window_steps(way, 1000)]
    assert every == list(np.ndindex(7, 5))
    few = [(window.row, window.column) for window in window_steps(way, 6)]
    assert len(few) == 6
    assert few == sorted(few)
    assert (few[0], few[-1]) == ((0, 0), (6, 4))


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_json(item: Preset) -> None:
    """A sweep and its windows are plain numbers, enough for a page to do the sums again."""
    analysis = analyse(item.model, (16, 16, 3), 3)
    weights = initial(analysis)
    outputs = forward(analysis, weights, np.full((16, 16, 3), 200, np.uint8))
    way = sweep(analysis, weights, outputs)
    assert (way is None) == (item.name == "dense-100-100")
    if way is None:
        return
    told = json.loads(json.dumps(way.to_dict()))
    window = json.loads(json.dumps(way.at(3, 4).to_dict()))
    image, kernel = np.array(told["image"]), np.array(told["kernel"])
    size, step = told["size"], told["step"]
    top, left = 3 * step - told["top"], 4 * step - told["left"]
    assert (window["top"], window["left"]) == (top, left)
    patch = image[top : top + size, left : left + size]
    assert np.allclose(patch, window["patch"])
    total = float((patch * kernel).sum())
    assert told["totals"][3][4] == pytest.approx(total, abs=1e-4)
    assert window["total"] == pytest.approx(total, abs=1e-4)
    value = curve(told["activation"], np.array([total + told["bias"]], np.float32))[0]
    assert window["value"] == told["values"][3][4] == pytest.approx(float(value), abs=1e-4)
