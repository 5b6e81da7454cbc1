"""Tests of a design gone through layer by layer: rows, nodes, mistakes, and how far values reach."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.design.analysis import Analysis, Row, analyse, layer_names, table
from core.design.details import details
from core.design.presets import PRESETS, preset
from core.design.shapes import LIMIT
from core.errors import SpecError
from core.specs import (
    LAYERS,
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Bottleneck,
    Conv2D,
    ConvBlock,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    InceptionBlock,
    Input,
    InvertedResidual,
    Layer,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    SeparableConv2D,
    SpatialDropout2D,
    SqueezeExcitation,
    UpSampling2D,
    Vary,
    ZeroPadding2D,
)
from tests.core.design.strategies import Broken, Example, any_designs, broken_designs, designs


def design(*layers: Layer) -> ModelSpec:
    """A design of these layers."""
    return ModelSpec(name="mine", layers=layers)


def analysed(*layers: Layer, shape: tuple[int, int, int] = (32, 32, 3)) -> Analysis:
    """What analysis says of a design of these layers."""
    return analyse(design(*layers), shape, 10)


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
        assert analyse(preset(name).model, shape, 10).parameters == total


def test_starter_row_by_row() -> None:
    """The starter's table has each layer's number, name, settings, shape and parameters."""
    rows = table(preset("starter").model, (64, 64, 3), 12)
    assert [(row.number, row.name, row.output_shape, row.parameters) for row in rows] == [
        (1, "input_1", (64, 64, 3), 0),
        (2, "conv2d_1", (64, 64, 32), 896),
        (3, "max_pooling2d_1", (32, 32, 32), 0),
        (4, "conv2d_2", (32, 32, 64), 18_496),
        (5, "max_pooling2d_2", (16, 16, 64), 0),
        (6, "flatten_1", (16_384,), 0),
        (7, "output_1", (12,), 196_620),
    ]
    assert details(rows[1].layer) == "32 filters, 3 × 3, same, relu"
    assert rows[1].title == "Conv2D"
    assert rows[1].position == "Layer 2 (Conv2D)"
    assert [row.input_shape for row in rows[1:]] == [row.output_shape for row in rows[:-1]]


def test_multiply_adds_of_the_starter() -> None:
    """Multiply-adds are those of convolutions and dense layers, for one image."""
    rows = table(preset("starter").model, (64, 64, 3), 12)
    assert [row.macs for row in rows] == [
        0,
        27 * 32 * 64 * 64,
        0,
        9 * 32 * 64 * 32 * 32,
        0,
        0,
        16_384 * 12,
    ]
    assert analyse(preset("starter").model, (64, 64, 3), 12).macs == sum(row.macs for row in rows)


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        (Conv2D(filters=4), 9 * 8 * 4 * 36),
        (Conv2D(filters=4, strides=2, padding="same", use_bias=False), 9 * 8 * 4 * 16),
        (DepthwiseConv2D(), 9 * 8 * 36),
        (SeparableConv2D(filters=4), (9 * 8 + 8 * 4) * 36),
        (ConvBlock(filters=4, repeat=2), (9 * 8 * 4 + 9 * 4 * 4) * 64),
        (ResidualBlock(filters=8), 2 * 9 * 8 * 8 * 64),
        (ResidualBlock(filters=4, strides=2), (9 * 8 * 4 + 9 * 4 * 4 + 8 * 4) * 16),
        # the first 1 x 1 works at the full size, as does the shortcut's input
        (
            Bottleneck(filters=8, reduction=4, strides=2),
            8 * 2 * 64 + (9 * 2 * 2 + 2 * 8 + 8 * 8) * 16,
        ),
        (InvertedResidual(filters=8, expansion=3), (8 * 24 + 9 * 24 + 24 * 8) * 64),
        (SqueezeExcitation(reduction=4), 2 * 8 * 2),
        (DenseBlock(repeat=2, growth=4), (9 * 8 * 4 + 9 * 12 * 4) * 64),
        (
            InceptionBlock(filters=8),
            (8 * 2 + 8 * 2 + 9 * 2 * 4 + 8 * 1 + 25 * 1 * 1 + 8 * 1) * 64,
        ),
        (MaxPooling2D(), 0),
        (BatchNormalization(), 0),
        (Activation(), 0),
        (UpSampling2D(), 0),
    ],
    ids=lambda item: item.kind if isinstance(item, LayerSpec) else "",
)
def test_multiply_adds_by_hand(layer: Layer, macs: int) -> None:
    """The multiply-adds of each kind of layer on 8 × 8 pixels of 8 channels, counted by hand."""
    rows = analysed(Input(), layer, shape=(8, 8, 8)).rows
    assert rows[1].macs == macs


def test_fixed_parameters() -> None:
    """Of batch normalization's parameters half, the moving mean and variance, are not trained."""
    model = design(Input(), BatchNormalization(), Flatten(), Output())
    rows = table(model, (8, 8, 3), 2)
    assert (rows[1].parameters, rows[1].trainable) == (12, 6)
    assert rows[3].parameters == rows[3].trainable
    assert analyse(model, (8, 8, 3), 2).trainable == 6 + rows[3].trainable


def test_values() -> None:
    """What training keeps of an image is every layer's output, but Flatten's only once."""
    found = analysed(Input(), Conv2D(filters=2), Flatten(), Output(), shape=(4, 4, 1))
    assert [row.values for row in found.rows] == [16, 8, 0, 10]
    assert found.values == 34


def test_nodes_of_a_block() -> None:
    """A block's row has a node for each of its layers, named after the row; the next takes the last."""
    found = analysed(Input(), ConvBlock(), ConvBlock(filters=8), GlobalAveragePooling2D(), Output())
    names = [node.name for node in found.rows[2].nodes]
    assert names == ["conv_block_2_conv_1", "conv_block_2_norm_1", "conv_block_2_act_1"]
    assert found.rows[2].nodes[0].inputs == ("conv_block_1_act_1",)
    assert found.rows[3].nodes[0].inputs == ("conv_block_2_act_1",)
    assert found.rows[0].nodes[0].inputs == ()
    assert found.rows[2].output_shape == found.rows[2].nodes[-1].shape == (32, 32, 8)


def test_names_are_unique() -> None:
    """Layers of one kind are counted, so that every name is there once."""
    for item in PRESETS:
        names = layer_names(item.model)
        assert len(set(names)) == len(names) == len(item.model.layers)


@given(designs())
def test_nodes_of_random_designs(example: Example) -> None:
    """Nodes have names of their own, take only nodes before them, and add up to the totals."""
    found = analyse(*example)
    known: set[str] = set()
    for node in found.nodes:
        assert node.name not in known
        assert set(node.inputs) <= known
        assert bool(node.inputs) == (not isinstance(node.layer, Input))
        known.add(node.name)
    assert found.nodes == tuple(node for row in found.rows for node in row.nodes)
    assert found.errors == []
    assert found.rows == table(*example)
    for total in ("parameters", "trainable", "macs", "values"):
        assert getattr(found, total) == sum(getattr(row, total) for row in found.rows)
    assert found.trainable <= found.parameters
    assert found.reach >= 1


@given(designs())
def test_switched_off_is_as_removed(example: Example) -> None:
    """A layer that is switched off passes on its input: the design is as if it were not there."""
    model, shape, classes = example
    present = tuple(layer for layer in model.layers if layer.on)
    without = analyse(model.model_copy(update={"layers": present}), shape, classes)
    found = analyse(model, shape, classes)
    assert [
        (node.layer, node.shape, node.parameters, node.macs, node.reach) for node in found.nodes
    ] == [
        (node.layer, node.shape, node.parameters, node.macs, node.reach) for node in without.nodes
    ]
    for row in found.rows:
        if not row.layer.on:
            assert (row.nodes, row.reach) == ((), None)
            assert row.input_shape == row.output_shape


@given(designs())
def test_marks_change_nothing(example: Example) -> None:
    """What the tuner may vary does not change what a design is."""
    model, shape, classes = example
    plain = tuple(layer.model_copy(update={"vary": ()}) for layer in model.layers)
    without = analyse(model.model_copy(update={"layers": plain}), shape, classes)
    assert analyse(model, shape, classes).nodes == without.nodes


def test_off_behind_the_output() -> None:
    """Behind the Output only layers that are switched off may stand."""
    assert analysed(Input(), Flatten(), Output(), Dense(on=False)).errors == []
    assert "after the Output" in refusal(Input(), Flatten(), Output(), Dense()).what


@pytest.mark.parametrize(
    ("layer", "place"),
    [
        (Conv2D(kernel_size=5), "Layer 2 (Conv2D)"),
        (MaxPooling2D(pool_size=5), "Layer 2 (MaxPooling2D)"),
        (AveragePooling2D(pool_size=5), "Layer 2 (AveragePooling2D)"),
        (DepthwiseConv2D(kernel_size=5), "Layer 2 (DepthwiseConv2D)"),
        (SeparableConv2D(kernel_size=5), "Layer 2 (SeparableConv2D)"),
    ],
)
def test_shrunk_below_one_pixel(layer: Layer, place: str) -> None:
    """A window larger than its image is refused by the layer's place, its window and the image."""
    error = refusal(Input(), layer, Flatten(), Output(), shape=(4, 4, 3))
    assert error.what == f"{place} shrinks the image below 1 pixel"
    assert error.expected == "an input of at least 5 × 5 pixels"
    assert error.received == "4 × 4 pixels"


def test_one_pooling_too_many() -> None:
    """The layer at which the image gets too small is the one that is named."""
    error = refusal(Input(), *[MaxPooling2D()] * 6, Flatten(), Output())
    assert error.what.startswith("Layer 7 (MaxPooling2D)")
    assert table(design(Input(), *[MaxPooling2D()] * 5, Flatten(), Output()), (32, 32, 3), 2)


def test_only_one_side_too_small() -> None:
    """An image that is too narrow is refused though it is high enough."""
    error = refusal(Input(), Conv2D(kernel_size=5), Flatten(), Output(), shape=(9, 4, 1))
    assert error.received == "9 × 4 pixels"


@pytest.mark.parametrize("layer", [Dense(), Output()])
def test_dense_before_flatten(layer: Layer) -> None:
    """A dense layer or the output on an image is refused: Flatten is missing."""
    rest = () if isinstance(layer, Output) else (Output(),)
    error = refusal(Input(), layer, *rest)
    assert error.what == f"Layer 2 ({layer.TITLE}) needs a row of numbers"
    assert error.received == "an image of 32 × 32 × 3"
    assert "Flatten" in error.remedy


@pytest.mark.parametrize("first", [Flatten(), GlobalAveragePooling2D(), GlobalMaxPooling2D()])
@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in LAYERS.values()
        if kind.GROUP in ("Convolution", "Pooling", "Size", "Blocks") or kind is SpatialDropout2D
    ],
    ids=lambda kind: kind.KIND,
)
def test_image_layer_after_flatten(kind: type[LayerSpec], first: Layer) -> None:
    """What works on images is refused once there is no image any more, a block by its own name."""
    error = refusal(Input(), first, kind.parse({}), Output())
    assert error.what == f"Layer 3 ({kind.TITLE}) needs an image"
    assert error.received == f"a row of {'3,072' if isinstance(first, Flatten) else 3} numbers"
    assert "before the layer that makes a row of the image" in error.remedy


def test_groups_that_do_not_divide() -> None:
    """Groups that do not divide the channels are refused with a number that does."""
    error = refusal(Input(), Conv2D(filters=12), GroupNormalization(), Flatten(), Output())
    assert error.what == "Layer 3 (GroupNormalization) cannot divide its channels into groups"
    assert error.remedy == "Use 6 groups"


@pytest.mark.parametrize(
    ("layers", "place", "word"),
    [
        ((Flatten(), Output()), "Layer 1 (Flatten)", "is not in its place"),
        ((Flatten(), Input(), Output()), "Layer 1 (Flatten)", "is not in its place"),
        ((Flatten(on=False), Input()), "Layer 1 (Flatten)", "is not in its place"),
        ((Output(),), "Layer 1 (Output)", "is not in its place"),
        ((Input(), Flatten(), Input(), Output()), "Layer 3 (Input)", "is not in its place"),
        ((Input(), Flatten()), "Layer 2 (Flatten)", "is the last one, and there is no Output yet"),
        ((Input(),), "Layer 1 (Input)", "is the last one, and there is no Output yet"),
        ((Input(), Flatten(), Output(), Dense()), "Layer 4 (Dense)", "comes after the Output"),
        ((Input(), Flatten(), Output(), Output()), "Layer 4 (Output)", "comes after the Output"),
        ((Input(on=False), Flatten(), Output()), "Layer 1 (Input)", "cannot be switched off"),
        ((Input(), Flatten(), Output(on=False)), "Layer 3 (Output)", "cannot be switched off"),
    ],
)
def test_ends(layers: tuple[Layer, ...], place: str, word: str) -> None:
    """Input is first and Output last, each of them once and switched on."""
    assert refusal(*layers).what == f"{place} {word}"


def test_all_is_told_at_once() -> None:
    """Each layer tells its own mistake; what comes after one that does not fit has no shape."""
    found = analysed(Input(), Dense(), Activation(), Output(on=False), Input())
    assert [row.number for row in found.errors] == [2, 4, 5]
    assert [row.output_shape for row in found.rows] == [(32, 32, 3), None, None, None, None]
    assert found.rows[2].error is None


def test_unfinished() -> None:
    """A design without its Output has shapes and costs all the same."""
    found = analysed(Input(), Conv2D(filters=2), Flatten())
    assert [row.number for row in found.errors] == [3]
    assert found.rows[2].output_shape == (1800,)
    assert found.parameters == 56


@given(broken_designs())
@settings(max_examples=500, deadline=None)
def test_broken_designs_are_refused_by_name(broken: Broken) -> None:
    """A design with one mistake is refused by the place and title of the layer that is wrong."""
    model, shape, classes, number = broken
    with pytest.raises(SpecError) as caught:
        table(model, shape, classes)
    error = caught.value
    assert error.what.startswith(f"Layer {number} ({model.layers[number - 1].TITLE}) ")
    assert error.expected
    assert error.received
    assert error.remedy
    rows = analyse(model, shape, classes).rows
    assert [row for row in rows[: number - 1] if row.error is not None] == []
    assert rows[number - 1].error is not None
    assert rows[number - 1].error.what == error.what


@given(any_designs())
@settings(max_examples=500, deadline=None)
def test_analysis_of_anything(example: Example) -> None:
    """Analysis raises for no design at all: what is wrong is told on its layer."""
    found = analyse(*example)
    assert [row.layer for row in found.rows] == list(example.model.layers)
    for row in found.rows:
        if row.error is not None:
            assert row.error.what.startswith(row.position)
        if row.nodes:
            assert row.output_shape is not None
            assert min(row.output_shape) >= 1
    if not found.errors:
        present = [row for row in found.rows if row.layer.on]
        assert isinstance(present[0].layer, Input)
        assert isinstance(present[-1].layer, Output)
        assert all(row.nodes for row in present)
    for total in (found.parameters, found.trainable, found.macs, found.values):
        assert total >= 0


def reaches(*layers: Layer, side: int = 64) -> list[int | None]:
    """The receptive field after each layer behind the Input."""
    return [row.reach for row in analysed(Input(), *layers, shape=(side, side, 3)).rows[1:]]


def test_reach_by_hand() -> None:
    """Receptive fields grow as in Araujo et al.: by the window less one, times the steps so far."""
    pooled = (Conv2D(), MaxPooling2D(), Conv2D(), MaxPooling2D(), Conv2D())
    assert reaches(*pooled) == [3, 4, 8, 10, 18]
    assert reaches(Conv2D(strides=2), Conv2D(strides=2), Conv2D(kernel_size=1)) == [3, 7, 7]
    assert reaches(Dropout(), BatchNormalization(), ZeroPadding2D(), Activation()) == [1] * 4


def test_reach_of_blocks() -> None:
    """A block reaches as far as the longest of its branches."""
    assert reaches(ResidualBlock(filters=3), ResidualBlock(strides=2)) == [5, 11]
    assert reaches(ResidualBlock(strides=2, repeat=2)) == [15]
    assert reaches(Bottleneck(), Bottleneck(kernel_size=5)) == [3, 7]
    assert reaches(InvertedResidual(repeat=2)) == [5]
    assert reaches(DenseBlock(repeat=3)) == [7]
    assert reaches(InceptionBlock(), InceptionBlock()) == [5, 9]
    assert reaches(Conv2D(), SqueezeExcitation(), Conv2D()) == [3, 3, 5]


def test_reach_after_all_of_the_image() -> None:
    """After a layer that takes in all of the image there is no receptive field any more."""
    for layer in (Flatten(), GlobalAveragePooling2D(), GlobalMaxPooling2D()):
        assert reaches(Conv2D(), layer, Dense(), Activation()) == [3, None, None, None]
        assert analysed(Input(), Conv2D(), layer, Output()).reach == 3
    assert analysed(Input(), Flatten(), Output()).reach == 1


def test_reach_of_enlarged_pixels() -> None:
    """Neighbours on an enlarged image come from the same pixel, or from the next one whole."""
    assert reaches(Conv2D(), UpSampling2D(), Conv2D()) == [3, 3, 5 - 1]
    assert reaches(MaxPooling2D(pool_size=4), UpSampling2D(size=4), Conv2D()) == [4, 4, 8]
    assert reaches(UpSampling2D(interpolation="bilinear")) == [2]


windows = st.integers(1, 5)
steps = st.integers(1, 3)
chains = st.lists(
    st.one_of(
        st.builds(Conv2D, kernel_size=windows, strides=steps),
        st.builds(AveragePooling2D, pool_size=windows, strides=steps),
        st.builds(UpSampling2D, size=st.integers(1, 3)),
        st.builds(
            UpSampling2D, size=st.integers(1, 3), interpolation=st.sampled_from(["bilinear"])
        ),
    ),
    max_size=4,
)


def sources(layer: Layer, length: int) -> list[list[int]]:
    """Which inputs each output of a layer is made of, along one side, without a border."""
    if isinstance(layer, UpSampling2D):
        middles = [(at + 0.5) / layer.size - 0.5 for at in range(length * layer.size)]
        if layer.interpolation == "nearest":
            return [[at // layer.size] for at in range(length * layer.size)]
        last = length - 1
        both = [{math.floor(at), math.ceil(at)} for at in middles]
        return [sorted({min(max(at, 0), last) for at in found}) for found in both]
    assert isinstance(layer, Conv2D | AveragePooling2D)
    window = layer.kernel_size if isinstance(layer, Conv2D) else layer.pool_size
    starts = range(0, length - window + 1, layer.strides or window)
    return [list(range(start, start + window)) for start in starts]


@given(chains)
@settings(max_examples=200, deadline=None)
def test_reach_is_the_truth(chain: list[Layer]) -> None:
    """The receptive field is what following each value back to its pixels gives.

    Steps over an enlarged image may miss the neighbours that come from different pixels, and an odd
    factor leaves some pixels unblended: then the truth may be smaller.
    """
    side = 120
    found = analysed(Input(), *chain, shape=(side, side, 1)).rows
    depends = np.eye(side, dtype=bool)
    enlarged, exact = False, True
    for layer, row in zip(chain, found[1:], strict=True):
        if not row.nodes:
            break  # nothing of the image is left
        parts = sources(layer, len(depends))
        depends = np.array([depends[part].any(axis=0) for part in parts])
        extent = (side - depends[:, ::-1].argmax(axis=1) - depends.argmax(axis=1)).max()
        if isinstance(layer, UpSampling2D):
            enlarged = enlarged or layer.size > 1
            exact &= layer.interpolation == "nearest" or layer.size % 2 == 0 or layer.size == 1
        else:
            exact &= not enlarged or getattr(layer, "strides", 1) == 1
        assert row.reach is not None
        assert row.reach == extent if exact else row.reach >= extent


def test_rows_can_be_compared() -> None:
    """Equal designs give equal rows, also where a layer is marked to vary."""
    model = preset("resnet-mini").model
    again = ModelSpec.parse(model.model_dump(mode="json"))
    assert analyse(model, (32, 32, 3), 10).rows == analyse(again, (32, 32, 3), 10).rows
    assert isinstance(analyse(model, (32, 32, 3), 10).rows[0], Row)
    marked = Dense(vary=(Vary(setting="on"),))
    assert analysed(Input(), Flatten(), marked).parameters == 3072 * 128 + 128


def test_growth_beyond_all_measure() -> None:
    """Three hundred depthwise layers that multiply the channels by 16 are an error of one of them."""
    layer = DepthwiseConv2D(depth_multiplier=16, kernel_size=1)
    model = ModelSpec(name="huge", layers=(Input(), *[layer] * 300, Flatten(), Output()))
    errors = analyse(model, (64, 64, 3), 10).errors
    assert [row.number for row in errors] == [8]  # 12,288 values times 16 to the 7th
    assert "beyond all measure" in str(errors[0].error)


def test_enlarged_beyond_measure() -> None:
    """An enlargement beyond a million million values is refused, not computed with."""
    model = ModelSpec(name="huge", layers=(Input(), UpSampling2D(size=16), Flatten(), Output()))
    assert not analyse(model, (2**16, 2**16, 1), 10).rows[1].error
    error = analyse(model, (2**16, 2**16, 2), 10).rows[1].error
    assert error is not None
    assert error.expected == f"at most {LIMIT:,} values and parameters"
    assert error.received == f"{2 * LIMIT:,} values, 0 parameters"
