"""Tests of a design's stages and of the units in them."""

from __future__ import annotations

from hypothesis import given

from core.design.analysis import analyse
from core.design.presets import preset
from core.design.stages import Unit, stages
from core.specs import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    ConvBlock,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    InceptionBlock,
    Input,
    Layer,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    SeparableConv2D,
    UpSampling2D,
    ZeroPadding2D,
)
from tests.core.design.strategies import Example, designs


def found(*layers: Layer) -> list[list[Unit]]:
    """The stages of a design of these layers between Input and Output."""
    model = ModelSpec(name="mine", layers=(Input(), *layers, Output()))
    return stages(analyse(model, (32, 32, 3), 10))


def numbers(*layers: Layer) -> list[list[list[int]]]:
    """The numbers of the layers in each unit of each stage."""
    return [[[row.number for row in unit.rows] for unit in stage] for stage in found(*layers)]


def test_resnet() -> None:
    """A stage begins with the block whose stride shrinks the image."""
    units = stages(analyse(preset("resnet-mini").model, (32, 32, 3), 10))
    assert [[unit.rows[0].number for unit in stage] for stage in units] == [[2, 3], [4], [5]]
    assert [unit.repeat for stage in units for unit in stage] == [1, 2, 2, 2]


def test_units() -> None:
    """What follows a convolution belongs to it, up to the next convolution or a pooling."""
    unit = (Conv2D(filters=4), BatchNormalization(), Activation())
    assert numbers(*unit, *unit, MaxPooling2D(), Dropout(), *unit, Flatten()) == [
        [[2, 3, 4], [5, 6, 7]],
        [[10, 11, 12]],
    ]
    assert numbers(Dropout(), ConvBlock(), Dropout(), Flatten()) == [[[3]]]
    assert numbers(Conv2D(), ZeroPadding2D(), Activation(), Flatten()) == [[[2]]]


def test_switched_off_does_not_count() -> None:
    """What is switched off is in no unit, and neither ends a unit nor a stage."""
    assert numbers(Conv2D(), MaxPooling2D(on=False), Activation(), Flatten()) == [[[2, 4]]]


def test_where_stages_end() -> None:
    """Strides, pooling and enlarging end a stage; a pooling that steps by one does not."""
    for change in (MaxPooling2D(), AveragePooling2D(strides=3), UpSampling2D()):
        assert numbers(Conv2D(), change, Conv2D(), Flatten()) == [[[2]], [[4]]]
    assert numbers(Conv2D(), Conv2D(strides=2), Conv2D(), Flatten()) == [[[2]], [[3], [4]]]
    assert numbers(Conv2D(), MaxPooling2D(strides=1), Conv2D(), Flatten()) == [[[2], [4]]]


def test_dense_layers() -> None:
    """Dense layers are the units only where there is no convolution."""
    dense = (Flatten(), Dense(), Dropout(), Dense())
    assert numbers(*dense) == [[[3, 4], [5]]]
    assert numbers(Conv2D(), *dense) == [[[2]]]
    assert numbers(Flatten()) == [[]]


def test_depthwise_pair() -> None:
    """A depthwise convolution takes in the 1 × 1 convolution that mixes its channels, and no other."""
    deep, mix = DepthwiseConv2D(), Conv2D(kernel_size=1)
    assert numbers(deep, BatchNormalization(), mix, Activation(), mix, Flatten()) == [
        [[2, 3, 4, 5], [6]]
    ]
    assert numbers(deep, Conv2D(), Flatten()) == [[[2], [3]]]
    assert numbers(deep, deep, mix, Flatten()) == [[[2], [3, 4]]]


def test_what_keeps_the_size() -> None:
    """A unit keeps the size with same padding or a 1 × 1 window, and without a stride."""
    for layer, keeps in (
        (Conv2D(padding="same"), True),
        (Conv2D(kernel_size=1), True),
        (Conv2D(), False),
        (Conv2D(padding="same", strides=2), False),
        (SeparableConv2D(padding="same"), True),
        (DepthwiseConv2D(padding="same"), True),
        (DepthwiseConv2D(padding="same", depth_multiplier=2), False),
        (ResidualBlock(), True),
        (ResidualBlock(strides=2), False),
        (InceptionBlock(), True),
    ):
        assert found(layer, Flatten())[-1][0].keeps == keeps, layer


def test_what_looks_around() -> None:
    """A unit looks around if any of its windows is larger than one pixel."""
    for layer, looks in (
        (Conv2D(), True),
        (Conv2D(kernel_size=1), False),
        (ConvBlock(kernel_size=1), False),
        (InceptionBlock(), True),
    ):
        assert found(layer, Flatten())[0][0].looks == looks


def test_channels() -> None:
    """A unit knows how many channels come in and go out."""
    (unit,) = found(Conv2D(filters=7), Activation(), Flatten())[0]
    assert (unit.inside, unit.outside, unit.sets_width) == (3, 7, True)
    (unit,) = found(DepthwiseConv2D(depth_multiplier=2), Flatten())[0]
    assert (unit.inside, unit.outside, unit.sets_width) == (3, 6, False)


@given(designs())
def test_random_designs(example: Example) -> None:
    """No layer is in two units, and the units stand in the order of the design."""
    units = [unit for stage in stages(analyse(*example)) for unit in stage]
    rows = [row.number for unit in units for row in unit.rows]
    assert rows == sorted(set(rows))
    assert all(row.layer.on for unit in units for row in unit.rows)
