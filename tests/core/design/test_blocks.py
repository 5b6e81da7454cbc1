"""Tests of blocks opened up into the layers they are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.design.analysis import analyse
from core.design.blocks import INPUT, Part, opened
from core.specs import (
    LAYERS,
    Activation,
    Add,
    BatchNormalization,
    Block,
    Bottleneck,
    Concatenate,
    Conv2D,
    ConvBlock,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Flatten,
    GroupNormalization,
    InceptionBlock,
    Input,
    InvertedResidual,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Multiply,
    Output,
    ResidualBlock,
    Squeeze,
    SqueezeExcitation,
)
from tests.core.design.strategies import layers

BLOCKS = [kind for kind in LAYERS.values() if kind.GROUP == "Blocks"]


def flow(layer: LayerSpec, channels: int) -> str:
    """Each part with what it takes: conv_1<- for the block's input, add_1<-norm_2+ for two."""
    return " ".join(f"{part.name}<-{'+'.join(part.inputs)}" for part in opened(layer, channels))


def of_kind(parts: tuple[Part, ...], kind: type[LayerSpec]) -> list[LayerSpec]:
    """The layers of one kind, in order."""
    return [part.layer for part in parts if isinstance(part.layer, kind)]


def trainable(layer: LayerSpec, channels: int) -> int:
    """What a block learns on images of so many channels, counted by analysis."""
    model = ModelSpec(
        name="one",
        layers=(
            Input(),
            Conv2D(filters=channels, kernel_size=1),
            layer,
            Flatten(),
            Output(),
        ),
    )
    return analyse(model, (32, 32, 3), 10).rows[2].trainable


@pytest.mark.parametrize("layer", [Conv2D(filters=3), Dense(), Flatten(), Input(), Output()])
def test_no_block(layer: LayerSpec) -> None:
    """A layer that is no block stands for itself."""
    assert opened(layer, 3) == (Part("", layer, (INPUT,)),)


def test_conv_block() -> None:
    """A conv block is convolution, normalization, activation; only the first has the stride."""
    assert flow(ConvBlock(), 3) == "conv_1<- norm_1<-conv_1 act_1<-norm_1"
    parts = opened(ConvBlock(filters=8, strides=2, repeat=3), 3)
    convolutions = of_kind(parts, Conv2D)
    assert [conv.model_dump()["strides"] for conv in convolutions] == [2, 1, 1]
    assert convolutions[1] == Conv2D(filters=8, padding="same", use_bias=False, activation="linear")
    assert len(parts) == 9


def test_residual_block() -> None:
    """A residual block adds its input to two convolutions, and curves the sum."""
    same = "conv_1<- norm_1<-conv_1 act_1<-norm_1 conv_2<-act_1 norm_2<-conv_2"
    assert flow(ResidualBlock(filters=8), 8) == f"{same} add_1<-norm_2+ act_2<-add_1"


@pytest.mark.parametrize(("strides", "channels"), [(2, 8), (1, 4)])
def test_projected_shortcut(strides: int, channels: int) -> None:
    """Where size or channels change, the shortcut is a normalized 1 × 1 convolution."""
    layer = ResidualBlock(filters=8, strides=strides)
    assert flow(layer, channels).endswith(
        "conv_3<- norm_3<-conv_3 add_1<-norm_2+norm_3 act_2<-add_1"
    )
    shortcut = of_kind(opened(layer, channels), Conv2D)[2]
    assert shortcut == Conv2D(
        filters=8, kernel_size=1, strides=strides, padding="same", use_bias=False,
        activation="linear",
    )  # fmt: skip


def test_only_the_first_shortcut_is_projected() -> None:
    """Repeated, a residual block projects its first shortcut alone."""
    parts = opened(ResidualBlock(filters=8, strides=2, repeat=3), 4)
    kernels = [layer.model_dump()["kernel_size"] for layer in of_kind(parts, Conv2D)]
    assert kernels == [3, 3, 1, 3, 3, 3, 3]
    assert [part.inputs for part in parts if isinstance(part.layer, Add)] == [
        ("norm_2", "norm_3"),
        ("norm_5", "act_2"),
        ("norm_7", "act_4"),
    ]


def test_bottleneck() -> None:
    """A bottleneck narrows, convolves with the stride, and widens again."""
    parts = opened(Bottleneck(filters=32, reduction=4, strides=2, kernel_size=5), 32)
    found = [layer.model_dump() for layer in of_kind(parts, Conv2D)]
    assert [(conv["filters"], conv["kernel_size"], conv["strides"]) for conv in found] == [
        (8, 1, 1),
        (8, 5, 2),
        (32, 1, 1),
        (32, 1, 2),
    ]
    assert of_kind(opened(Bottleneck(filters=2, reduction=8), 2), Conv2D)[0] == Conv2D(
        filters=1, kernel_size=1, padding="same", use_bias=False, activation="linear"
    )


def test_inverted_residual() -> None:
    """An inverted residual widens, filters each channel and narrows; it is added where it can be."""
    layer = InvertedResidual(filters=8, expansion=3)
    assert flow(layer, 8) == (
        "conv_1<- norm_1<-conv_1 act_1<-norm_1 depthwise_1<-act_1 norm_2<-depthwise_1 "
        "act_2<-norm_2 conv_2<-act_2 norm_3<-conv_2 add_1<-norm_3+"
    )
    assert [conv.model_dump()["filters"] for conv in of_kind(opened(layer, 8), Conv2D)] == [24, 8]
    assert of_kind(opened(layer, 8), DepthwiseConv2D)[0].model_dump()["use_bias"] is False
    for other, channels in ((layer, 4), (layer.changed(strides=2), 8)):
        assert not of_kind(opened(other, channels), Add)
    straight = InvertedResidual(filters=8, expansion=1)
    assert flow(straight, 8).startswith("depthwise_1<- norm_1<-depthwise_1 act_1<-norm_1 conv_1")


def test_squeeze_excitation() -> None:
    """Squeeze and excitation multiplies the image by weights made of its channels' means."""
    layer = SqueezeExcitation(reduction=4)
    assert flow(layer, 8) == "squeeze_1<- conv_1<-squeeze_1 conv_2<-conv_1 multiply_1<-+conv_2"
    parts = opened(layer, 8)
    assert [type(part.layer) for part in parts] == [Squeeze, Conv2D, Conv2D, Multiply]
    found = [layer.model_dump() for layer in of_kind(parts, Conv2D)]
    assert [(conv["filters"], conv["activation"]) for conv in found] == [
        (2, "relu"),
        (8, "sigmoid"),
    ]
    assert of_kind(opened(layer, 3), Conv2D)[0].model_dump()["filters"] == 1


def test_dense_block() -> None:
    """In a dense block each convolution gets all that was there and puts its own beside it."""
    assert flow(DenseBlock(repeat=2, growth=4), 8) == (
        "norm_1<- act_1<-norm_1 conv_1<-act_1 concat_1<-+conv_1 "
        "norm_2<-concat_1 act_2<-norm_2 conv_2<-act_2 concat_2<-concat_1+conv_2"
    )


def test_inception_block() -> None:
    """An inception block has four branches from the same input, side by side."""
    layer = InceptionBlock(filters=64, normalization="none")
    assert flow(layer, 8) == (
        "conv_1<- act_1<-conv_1 conv_2<- act_2<-conv_2 conv_3<-act_2 act_3<-conv_3 "
        "conv_4<- act_4<-conv_4 conv_5<-act_4 act_5<-conv_5 "
        "pool_1<- conv_6<-pool_1 act_6<-conv_6 concat_1<-act_1+act_3+act_5+act_6"
    )
    parts = opened(layer, 8)
    found = [layer.model_dump() for layer in of_kind(parts, Conv2D)]
    assert [(conv["filters"], conv["kernel_size"]) for conv in found] == [
        (16, 1), (16, 1), (32, 3), (4, 1), (8, 5), (8, 1),
    ]  # fmt: skip
    assert of_kind(parts, MaxPooling2D) == [MaxPooling2D(pool_size=3, strides=1, padding="same")]


@pytest.mark.parametrize("filters", [*range(8, 40), 4095, 4096])
def test_inception_shares_add_up(filters: int) -> None:
    """An inception block's branches add up to its filters, also where eighths do not come out."""
    parts = opened(InceptionBlock(filters=filters, normalization="none", activation="linear"), 4)
    branches = {part.name: part.layer.model_dump() for part in parts}
    found = [branches[name]["filters"] for name in parts[-1].inputs]
    assert sum(found) == filters
    assert min(found) >= 1


@pytest.mark.parametrize(
    ("layer", "channels", "known"),
    [
        # torchvision's resnet18: layer1.0, and layer2.0 with its projection
        (ResidualBlock(filters=64), 64, 73_984),
        (ResidualBlock(filters=128, strides=2), 64, 230_144),
        # torchvision's resnet50: layer1.1
        (Bottleneck(filters=256), 256, 70_400),
        # keras.applications' MobileNetV2: block_1 (16 to 24 channels)
        (InvertedResidual(filters=24, strides=2, activation="relu"), 16, 5_136),
        # 3 x 3 convolution with batch normalization, by hand
        (ConvBlock(filters=64), 64, 9 * 64 * 64 + 2 * 64),
        # two weights of each pair, and their biases
        (SqueezeExcitation(reduction=8), 64, 64 * 8 + 8 + 8 * 64 + 64),
        # 12 channels more each time: norm of all, convolution to 12
        (DenseBlock(repeat=2, growth=12), 24, 2 * 24 + 9 * 24 * 12 + 2 * 36 + 9 * 36 * 12),
    ],
)
def test_known_sizes(layer: LayerSpec, channels: int, known: int) -> None:
    """Blocks learn as many numbers as those of the libraries that others use."""
    assert trainable(layer, channels) == known


@pytest.mark.parametrize("kind", BLOCKS, ids=lambda kind: kind.KIND)
@pytest.mark.parametrize(
    ("normalization", "expected"),
    [
        ("batch", BatchNormalization),
        ("layer", LayerNormalization),
        ("group", GroupNormalization),
        ("none", None),
    ],
)
def test_normalization(
    kind: type[LayerSpec], normalization: str, expected: type[LayerSpec] | None
) -> None:
    """A block has the normalization it asks for; without any its convolutions have a bias."""
    if "normalization" not in kind.model_fields:
        assert kind is SqueezeExcitation
        return
    parts = opened(kind.parse({"normalization": normalization}), 16)
    norms = (BatchNormalization, LayerNormalization, GroupNormalization)
    found = {type(part.layer) for part in parts if isinstance(part.layer, norms)}
    assert found == ({expected} if expected else set())
    biases = {
        part.layer.use_bias for part in parts if isinstance(part.layer, Conv2D | DepthwiseConv2D)
    }
    assert biases == {expected is None}


@pytest.mark.parametrize(
    ("filters", "groups"), [(8, 8), (12, 6), (7, 7), (11, 1), (64, 8), (1, 1), (9, 3)]
)
def test_groups(filters: int, groups: int) -> None:
    """Group normalization inside a block takes 8 groups, or as many as divide the channels."""
    parts = opened(ConvBlock(filters=filters, normalization="group"), 3)
    assert of_kind(parts, GroupNormalization) == [GroupNormalization(groups=groups)]


def test_linear_blocks_have_no_curve() -> None:
    """A block whose activation is linear has no activation layer."""
    for kind in BLOCKS:
        if "activation" in kind.model_fields:
            assert not of_kind(opened(kind.parse({"activation": "linear"}), 16), Activation)


@given(st.sampled_from(BLOCKS).flatmap(layers), st.integers(1, 40))
def test_parts_in_order(layer: LayerSpec, channels: int) -> None:
    """Parts have names of their own and take only what comes before them; the last is the block."""
    parts = opened(layer, channels)
    known = {INPUT}
    for part in parts:
        assert part.name not in known
        assert set(part.inputs) <= known
        assert len(part.inputs) == (1 if not isinstance(part.layer, Add | Multiply) else 2) or (
            isinstance(part.layer, Concatenate)
        )
        known.add(part.name)
    used = {name for part in parts for name in part.inputs}
    assert known - used == {parts[-1].name}


@given(st.sampled_from(BLOCKS).flatmap(layers), st.integers(1, 8), st.integers(1, 9))
def test_blocks_keep_the_size(layer: LayerSpec, channels: int, side: int) -> None:
    """A block keeps the size of any image, but for its stride."""
    model = ModelSpec(name="one", layers=(Input(), layer.model_copy(update={"on": True})))
    row = analyse(model, (side, side + 1, channels), 2).rows[1]
    strides = getattr(layer, "strides", 1)
    assert row.output_shape is not None
    assert row.output_shape[:2] == (-(-side // strides), -(-(side + 1) // strides))
    if isinstance(layer, Block):
        assert row.output_shape[2] == layer.model_dump()["filters"]


def test_opened_once() -> None:
    """Equal blocks are opened once."""
    assert opened(ConvBlock(), 3) is opened(ConvBlock(), 3)
