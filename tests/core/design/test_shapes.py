"""Tests of shapes and parameter counts in pure Python; test_build.py compares them with Keras."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import workspace
from core.design.analysis import layer_names, table
from core.design.details import details
from core.design.presets import PRESETS, preset
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
    Layer,
    MaxPooling2D,
    ModelSpec,
    Output,
)


def design(*layers: Layer) -> ModelSpec:
    """A design of these layers."""
    return ModelSpec(name="mine", layers=layers)


def refusal(*layers: Layer, shape: tuple[int, int, int] = (32, 32, 3)) -> SpecError:
    """The error with which a design is refused; every part of it is filled in."""
    with pytest.raises(SpecError) as caught:
        table(design(*layers), shape, 10)
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.remedy
    return caught.value


def test_known_sizes() -> None:
    """Presets have the parameters that their sources state."""
    # https://www.tensorflow.org/tutorials/images/cnn: 122,570; keras.io's cifar10_cnn: 1,250,858;
    # LeNet-5 with dense subsampling and full connections: 61,706
    for name, shape, total in (
        ("tf-tutorial", (32, 32, 3), 122_570),
        ("keras-cifar10", (32, 32, 3), 1_250_858),
        ("lenet-5", (28, 28, 1), 61_706),
        ("dense-100-100", (28, 28, 1), 89_610),
    ):
        assert sum(row.parameters for row in table(preset(name).model, shape, 10)) == total


def test_starter_row_by_row() -> None:
    """The starter's table has each layer's name, settings, shape and parameters."""
    rows = table(preset("starter").model, (64, 64, 3), 12)
    assert [(row.name, row.output_shape, row.parameters) for row in rows] == [
        ("input_1", (64, 64, 3), 0),
        ("conv2d_1", (64, 64, 32), 896),
        ("max_pooling2d_1", (32, 32, 32), 0),
        ("conv2d_2", (32, 32, 64), 18_496),
        ("max_pooling2d_2", (16, 16, 64), 0),
        ("flatten_1", (16_384,), 0),
        ("output_1", (12,), 196_620),
    ]
    assert rows[1].details == "32 filters, 3 × 3, same, relu"
    assert rows[1].title == "Conv2D"


def test_details() -> None:
    """A layer's settings are told in a few words; what is not set is not told."""
    assert details(Dense(units=512, max_norm=2.0)) == "512 units, relu, max norm 2"
    assert details(Dense(activation="linear")) == "128 units"
    assert details(Conv2D(filters=1024, kernel_size=5, strides=2)) == (
        "1,024 filters, 5 × 5, stride 2, relu"
    )
    assert details(MaxPooling2D()) == "2 × 2"
    assert details(Dropout(rate=0.25)) == "rate 0.25"
    assert details(Input()) == "scale 0 to 1"
    assert details(Flatten()) == ""


def test_fixed_parameters() -> None:
    """Of batch normalization's parameters half, the moving mean and variance, are not trained."""
    rows = table(design(Input(), BatchNormalization(), Flatten(), Output()), (8, 8, 3), 2)
    assert (rows[1].parameters, rows[1].trainable) == (12, 6)
    assert rows[3].parameters == rows[3].trainable


def test_names_are_unique() -> None:
    """Layers of one kind are counted, so that every name is there once."""
    for item in PRESETS:
        names = layer_names(item.model)
        assert len(set(names)) == len(names) == len(item.model.layers)


@pytest.mark.parametrize(
    ("layer", "place"),
    [
        (Conv2D(kernel_size=5), "Layer 2 (Conv2D)"),
        (MaxPooling2D(pool_size=5), "Layer 2 (MaxPooling2D)"),
        (AveragePooling2D(pool_size=5), "Layer 2 (AveragePooling2D)"),
    ],
)
def test_shrunk_below_one_pixel(layer: Layer, place: str) -> None:
    """A window larger than its image is refused by the layer's place, its window and the image."""
    error = refusal(Input(), layer, Flatten(), Output(), shape=(4, 4, 3))
    assert error.what == f"{place} shrinks the image below 1 pixel"
    assert error.expected == "an input of at least 5 x 5 pixels"
    assert error.received == "4 pixels"


def test_one_pooling_too_many() -> None:
    """The layer at which the image gets too small is the one that is named."""
    error = refusal(Input(), *[MaxPooling2D()] * 6, Flatten(), Output())
    assert error.what.startswith("Layer 7 (MaxPooling2D)")
    assert table(design(Input(), *[MaxPooling2D()] * 5, Flatten(), Output()), (32, 32, 3), 2)


def test_only_one_side_too_small() -> None:
    """An image that is too narrow is refused though it is high enough."""
    assert (
        "4 pixels"
        in refusal(Input(), Conv2D(kernel_size=5), Flatten(), Output(), shape=(9, 4, 1)).received
    )


@pytest.mark.parametrize("layer", [Dense(), Output()])
def test_dense_before_flatten(layer: Layer) -> None:
    """A dense layer or the output on an image is refused: Flatten is missing."""
    rest = () if isinstance(layer, Output) else (Output(),)
    error = refusal(Input(), layer, *rest)
    assert error.what.startswith("Layer 2")
    assert error.received == "an image of 32 x 32 x 3"
    assert "Flatten" in error.remedy


@pytest.mark.parametrize("layer", [Conv2D(), MaxPooling2D(), AveragePooling2D()])
def test_image_layer_after_flatten(layer: Layer) -> None:
    """A convolution or a pooling after Flatten is refused: there is no image any more."""
    error = refusal(Input(), Flatten(), layer, Output())
    assert error.what.startswith("Layer 3")
    assert error.received == "a row of 3,072 numbers"
    assert "before Flatten" in error.remedy


@pytest.mark.parametrize(
    ("layers", "word"),
    [
        ((Flatten(), Output()), "start with its one input"),
        ((Flatten(), Input(), Output()), "start with its one input"),
        ((Input(), Flatten(), Input(), Output()), "start with its one input"),
        ((Input(), Flatten()), "end with its one output"),
        ((Input(), Flatten(), Output(), Dense()), "end with its one output"),
        ((Input(), Flatten(), Output(), Output()), "end with its one output"),
        ((Input(),), "end with its one output"),
        ((Output(),), "start with its one input"),
    ],
)
def test_ends(layers: tuple[Layer, ...], word: str) -> None:
    """Input is first and Output last, each of them once."""
    assert word in refusal(*layers).what


@given(
    height=st.integers(1, 64),
    width=st.integers(1, 64),
    kernel=st.integers(1, 9),
    stride=st.integers(1, 4),
)
def test_same_padding_never_shrinks_to_nothing(
    height: int, width: int, kernel: int, stride: int
) -> None:
    """With same padding the image is divided by the stride, rounded up, whatever the window."""
    layer = Conv2D(kernel_size=kernel, strides=stride, padding="same")
    rows = table(design(Input(), layer, Flatten(), Output()), (height, width, 1), 2)
    assert rows[1].output_shape == (-(-height // stride), -(-width // stride), 32)


@given(st.integers(1, 64), st.integers(1, 9), st.integers(1, 4))
def test_valid_padding_counts_the_places_of_the_window(
    length: int, kernel: int, stride: int
) -> None:
    """With valid padding there are as many outputs as places where the window fits."""
    places = len(range(0, length - kernel + 1, stride))
    layers = (Input(), Conv2D(kernel_size=kernel, strides=stride), Flatten(), Output())
    if places < 1:
        refusal(*layers, shape=(length, length, 1))
    else:
        found = table(design(*layers), (length, length, 1), 2)[1].output_shape
        assert found == (places, places, 32)


def test_layers_that_keep_the_shape() -> None:
    """Activation, dropout and normalization keep the shape, on images and on rows."""
    keep = (Activation(), Dropout(), BatchNormalization())
    rows = table(design(Input(), *keep, Flatten(), *keep, Output()), (8, 6, 3), 2)
    assert {row.output_shape for row in rows[:4]} == {(8, 6, 3)}
    assert {row.output_shape for row in rows[4:8]} == {(144,)}


def test_without_tensorflow() -> None:
    """Shapes and presets are computed without TensorFlow or Keras being imported."""
    code = (
        "import sys; from core.design import designs, shapes;"
        "shapes.table(designs.read('starter').model, (32, 32, 3), 10);"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=workspace.CHECKOUT, check=True)
