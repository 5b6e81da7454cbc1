"""Tests of what single layers make of their input; test_build.py compares them with Keras."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import workspace
from core.design.shapes import Effect, Shape, effect, fitting_groups
from core.errors import SpecError
from core.specs import (
    LAYERS,
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Block,
    Concatenate,
    Conv2D,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    FixedConv2D,
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
    SqueezeExcitation,
    UpSampling2D,
    Whitening,
    ZeroPadding2D,
)
from core.specs.layers import AnyLayer

IMAGE = (5, 7, 3)


def made(layer: LayerSpec, *shapes: Shape, classes: int = 4) -> Effect:
    """What a layer makes of inputs of these shapes."""
    return effect(layer, shapes, classes)


def refusal(layer: LayerSpec, shape: Shape) -> SpecError:
    """The error with which a layer refuses an input; every part of it is filled in."""
    with pytest.raises(SpecError) as caught:
        made(layer, shape)
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.remedy
    return caught.value


# by hand: 9 pixels x 3 channels x 4 filters = 108, and so on
@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (
            Conv2D(filters=4, strides=2, padding="same"),
            Effect((3, 4, 4), 108 + 4, macs=108 * 12, window=3, step=2),
        ),
        (
            Conv2D(filters=4, use_bias=False),
            Effect((3, 5, 4), 108, macs=108 * 15, window=3),
        ),
        (
            DepthwiseConv2D(depth_multiplier=2),
            Effect((3, 5, 6), 54 + 6, macs=54 * 15, window=3),
        ),
        (
            DepthwiseConv2D(kernel_size=5, strides=2, use_bias=False),
            Effect((1, 2, 3), 75, macs=75 * 2, window=5, step=2),
        ),
        (
            SeparableConv2D(filters=4, depth_multiplier=2),
            Effect((3, 5, 4), 54 + 24 + 4, macs=(54 + 24) * 15, window=3),
        ),
        (
            SeparableConv2D(filters=4, strides=3, padding="same", use_bias=False),
            Effect((2, 3, 4), 27 + 12, macs=(27 + 12) * 6, window=3, step=3),
        ),
    ],
    ids=lambda item: item.kind if isinstance(item, LayerSpec) else "",
)
def test_convolutions_by_hand(layer: LayerSpec, expected: Effect) -> None:
    """A convolution's shape, parameters and multiply-adds are those counted by hand."""
    assert made(layer, IMAGE) == expected


def test_dense_by_hand() -> None:
    """A dense layer has a weight for each pair of input and output; the output one for each class."""
    assert made(Dense(units=10), (20,)) == Effect((10,), 210, macs=200, window=0)
    assert made(Dense(units=10, use_bias=False), (20,)) == Effect((10,), 200, macs=200, window=0)
    assert made(Output(), (20,), classes=3) == Effect((3,), 63, macs=60, window=0)


@pytest.mark.parametrize("kind", [MaxPooling2D, AveragePooling2D])
def test_pooling(kind: type[MaxPooling2D]) -> None:
    """A pooling steps by its window unless told otherwise, and costs no multiply-adds."""
    assert made(kind(), IMAGE) == Effect((2, 3, 3), window=2, step=2)
    assert made(kind(padding="same"), IMAGE).shape == (3, 4, 3)
    assert made(kind(pool_size=3, strides=1), IMAGE) == Effect((3, 5, 3), window=3, step=1)
    assert made(kind(pool_size=2, strides=3), IMAGE) == Effect((2, 2, 3), window=2, step=3)


@pytest.mark.parametrize("kind", [GlobalAveragePooling2D, GlobalMaxPooling2D])
def test_global_pooling(kind: type[LayerSpec]) -> None:
    """A global pooling leaves one number a channel, which depends on all of the image."""
    assert made(kind(), IMAGE) == Effect((3,), window=0)


@pytest.mark.parametrize(
    ("layer", "parameters", "fixed"),
    [
        (BatchNormalization(), 12, 6),
        (LayerNormalization(), 6, 0),
        (GroupNormalization(groups=3), 6, 0),
        (Activation(), 0, 0),
        (Dropout(), 0, 0),
        (Input(), 0, 0),
    ],
)
def test_layers_that_keep_the_shape(layer: LayerSpec, parameters: int, fixed: int) -> None:
    """Curves, dropout and norms keep the shape; a norm's size is the channels', or the row's."""
    assert made(layer, IMAGE) == Effect(IMAGE, parameters, fixed)
    if not isinstance(layer, GroupNormalization):
        row = made(layer, (30,))
        assert (row.shape, row.parameters, row.fixed) == ((30,), parameters * 10, fixed * 10)


def test_size() -> None:
    """A border counts on both sides, an enlargement in both directions."""
    assert made(ZeroPadding2D(padding=2), IMAGE) == Effect((9, 11, 3))
    assert made(UpSampling2D(size=3), IMAGE) == Effect((15, 21, 3), enlarges=3)
    blended = UpSampling2D(interpolation="bilinear")
    assert made(blended, IMAGE) == Effect((10, 14, 3), window=2, enlarges=2)
    assert made(UpSampling2D(size=1, interpolation="bilinear"), IMAGE) == Effect(IMAGE)


def test_flatten() -> None:
    """Flatten keeps every number, in a row; a row stays as it is."""
    assert made(Flatten(), IMAGE).shape == (105,)
    assert made(Flatten(), (105,)).shape == (105,)


def test_merging() -> None:
    """A sum keeps the shape, channels side by side add up, a squeezed image has one pixel."""
    assert made(Add(), IMAGE, IMAGE) == Effect(IMAGE)
    assert made(Multiply(), IMAGE, (1, 1, 3)) == Effect(IMAGE)
    assert made(Concatenate(), IMAGE, (5, 7, 2), IMAGE) == Effect((5, 7, 8))
    assert made(Squeeze(), IMAGE) == Effect((1, 1, 3), window=0)


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(kernel_size=5),
        DepthwiseConv2D(kernel_size=5),
        SeparableConv2D(kernel_size=5),
        MaxPooling2D(pool_size=5),
        AveragePooling2D(pool_size=5),
    ],
)
def test_window_larger_than_the_image(layer: LayerSpec) -> None:
    """A window that is too large in one direction is refused with its size and the image's."""
    error = refusal(layer, (9, 4, 3))
    assert error.what == "shrinks the image below 1 pixel"
    assert error.expected == "an input of at least 5 × 5 pixels"
    assert error.received == "9 × 4 pixels"
    assert made(layer.changed(padding="same"), (9, 4, 3))


@pytest.mark.parametrize(("channels", "fitting"), [(12, 6), (7, 7), (11, 1), (1, 1), (1000, 8)])
def test_groups_that_do_not_divide(channels: int, fitting: int) -> None:
    """Groups that do not divide the channels are refused, with the largest number that would."""
    groups = 8 if channels != 1000 else 9
    error = refusal(GroupNormalization(groups=groups), (4, 4, channels))
    assert f"the {channels:,} channels" in error.expected
    assert error.received == f"{groups} groups"
    assert error.remedy == f"Use {fitting} group{'' if fitting == 1 else 's'}"
    assert made(GroupNormalization(groups=fitting), (4, 4, channels)).parameters == 2 * channels


@pytest.mark.parametrize("layer", [Dense(), Output()])
def test_dense_on_an_image(layer: LayerSpec) -> None:
    """A dense layer on an image is refused: Flatten is missing."""
    error = refusal(layer, (32, 32, 3))
    assert error.what == "needs a row of numbers"
    assert error.received == "an image of 32 × 32 × 3"
    assert "Flatten" in error.remedy


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(),
        DepthwiseConv2D(),
        SeparableConv2D(),
        MaxPooling2D(),
        AveragePooling2D(),
        GlobalAveragePooling2D(),
        GlobalMaxPooling2D(),
        FixedConv2D(),
        SpatialDropout2D(),
        ZeroPadding2D(),
        UpSampling2D(),
        Squeeze(),
    ],
)
def test_image_layer_on_a_row(layer: LayerSpec) -> None:
    """A layer for images is refused on a row of numbers."""
    error = refusal(layer, (3072,))
    assert error.what == "needs an image"
    assert error.received == "a row of 3,072 numbers"
    assert "before the layer that makes a row" in error.remedy


def test_a_patch_that_is_too_large() -> None:
    """What whitens compares all numbers of a patch with each other: there is a limit to that."""
    error = refusal(FixedConv2D(kernel_size=7, filters=4), (9, 9, 32))
    assert error.received == "7 × 7 pixels with 32 channels, 1,568 numbers"
    made = effect(FixedConv2D(kernel_size=7, filters=4, use_bias=False), ((9, 9, 20),), 2)
    assert (made.parameters, made.fixed) == (3920, 3920)


def test_every_layer_is_told_how_it_works() -> None:
    """Every layer that keeps neither shape nor weights from its input has a rule of its own."""
    silent = {
        kind
        for kind in get_args(AnyLayer)
        if effect.dispatch(kind) is effect.dispatch(object)
        and not issubclass(kind, Block | DenseBlock | SqueezeExcitation | Whitening)
    }
    assert silent == {Input, Activation, Dropout}
    assert silent < set(LAYERS.values())


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
    assert made(layer, (height, width, 1)).shape == (-(-height // stride), -(-width // stride), 32)


@given(st.integers(1, 64), st.integers(1, 9), st.integers(1, 4))
def test_valid_padding_counts_the_places_of_the_window(
    length: int, kernel: int, stride: int
) -> None:
    """With valid padding there are as many outputs as places where the window fits."""
    places = len(range(0, length - kernel + 1, stride))
    layer = Conv2D(kernel_size=kernel, strides=stride)
    if places < 1:
        refusal(layer, (length, length, 1))
    else:
        assert made(layer, (length, length, 1)).shape == (places, places, 32)


def test_without_tensorflow() -> None:
    """Shapes, presets and steps are computed without TensorFlow or Keras being imported."""
    code = (
        "import sys; from core.design import analysis, designs, details, grow;"
        "model = designs.read('starter').model;"
        "analysis.table(model, (32, 32, 3), 10); details.details(model.layers[1]);"
        "grow.deeper(model, (32, 32, 3), 10);"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=workspace.CHECKOUT, check=True)


@given(st.integers(1, 5000), st.integers(1, 1024))
def test_fitting_groups(channels: int, most: int) -> None:
    """Of the numbers up to the one asked for, the largest that divides the channels."""
    found = fitting_groups(channels, most)
    assert 1 <= found <= most
    assert channels % found == 0
    assert all(channels % larger for larger in range(found + 1, most + 1))
