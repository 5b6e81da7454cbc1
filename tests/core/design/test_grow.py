"""Tests of designs one step wider, narrower, deeper or shallower."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.design.analysis import analyse
from core.design.details import details
from core.design.grow import deeper, narrower, shallower, wider
from core.design.presets import PRESETS, Preset, preset
from core.specs import (
    Activation,
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
    GroupNormalization,
    InceptionBlock,
    Input,
    Layer,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    SeparableConv2D,
    SqueezeExcitation,
    UpSampling2D,
    Vary,
)
from core.specs.spec import bounds
from tests.core.design.strategies import Broken, Example, any_designs, broken_designs, designs

Step = Callable[[ModelSpec, tuple[int, int, int], int], ModelSpec | None]
SHAPE = (32, 32, 3)
STEPS: tuple[Step, ...] = (wider, narrower, deeper, shallower)
every_preset = pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)


def stepped(step: Step, *layers: Layer) -> tuple[LayerSpec, ...] | None:
    """The layers between Input and Output after a step of a design of these."""
    model = ModelSpec(name="mine", layers=(Input(), *layers, Output()))
    found = step(model, SHAPE, 10)
    return found and found.layers[1:-1]


def words(step: Step, name: str) -> str:
    """What a step makes of a preset, layer by layer, in short."""
    found = step(preset(name).model, SHAPE, 10)
    short = {"conv2d": "conv", "max_pooling2d": "pool", "average_pooling2d": "pool"}
    return " ".join(
        f"{short.get(layer.kind, layer.kind)} {details(layer)}".split(",")[0].strip()
        for layer in (found.layers if found else ())
        if layer.kind in (*short, "dense") or layer.GROUP == "Blocks"
    )


def may_regroup(model: ModelSpec) -> bool:
    """Whether a step may have to change groups: a dense block's channels are not simply doubled."""
    kinds = {type(layer) for layer in model.layers if layer.on}
    return {DenseBlock, GroupNormalization} <= kinds


def same(filters: int) -> Conv2D:
    """A convolution that keeps the size."""
    return Conv2D(filters=filters, padding="same")


@every_preset
@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1), (96, 64, 3)], ids=str)
def test_presets_there_and_back(item: Preset, shape: tuple[int, int, int]) -> None:
    """Every preset can be made wider and deeper, and narrower and shallower again as it was."""
    model = item.model
    for step, back in ((wider, narrower), (deeper, shallower)):
        found = step(model, shape, 10)
        assert found is not None
        assert found != model
        assert back(found, shape, 10) == model


@every_preset
def test_presets_grow_as_expected(item: Preset) -> None:
    """A wider preset has up to four times the parameters and multiply-adds; a deeper one at most six."""
    before = analyse(item.model, SHAPE, 10)
    for step, most in ((wider, 4.1), (deeper, 6)):
        found = step(item.model, SHAPE, 10)
        assert found is not None
        after = analyse(found, SHAPE, 10)
        assert 1 < after.parameters / before.parameters < most
        assert 1 < after.macs / before.macs < most


def test_wider_presets() -> None:
    """Wider doubles the filters and units of every layer, and leaves all else."""
    assert words(wider, "lenet-5") == (
        "conv 12 filters pool 2 × 2 conv 32 filters pool 2 × 2 dense 240 units dense 168 units"
    )
    assert words(wider, "resnet-mini") == (
        "conv_block 32 filters residual_block 32 filters residual_block 64 filters "
        "residual_block 128 filters"
    )
    assert words(narrower, "starter") == "conv 16 filters pool 2 × 2 conv 32 filters pool 2 × 2"
    assert words(narrower, "dense-100-100") == "dense 50 units dense 50 units"


def test_all_conv_wider_is_the_original() -> None:
    """all-conv has half the width of All-CNN-C: one step wider it has its 1,369,738 parameters."""
    found = wider(preset("all-conv").model, SHAPE, 10)
    assert found is not None
    assert analyse(found, SHAPE, 10).parameters == 1_369_738


def test_resnet_deeper_is_the_original() -> None:
    """resnet-mini one step deeper is the paper's ResNet-20, of 0.27 million parameters."""
    found = deeper(preset("resnet-mini").model, SHAPE, 10)
    assert found is not None
    assert [layer.model_dump().get("repeat") for layer in found.layers[1:5]] == [1, 3, 3, 3]
    assert round(analyse(found, SHAPE, 10).parameters / 1e6, 2) == 0.27


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("starter", "conv 32 filters conv 32 filters pool 2 × 2 conv 64 filters conv 64 filters "
         "pool 2 × 2"),
        ("tf-tutorial", "conv 32 filters conv 32 filters pool 2 × 2 conv 64 filters "
         "conv 64 filters pool 2 × 2 conv 64 filters conv 64 filters dense 64 units"),
        ("lenet-5", "conv 6 filters conv 6 filters pool 2 × 2 conv 16 filters conv 16 filters "
         "pool 2 × 2 dense 120 units dense 84 units"),
        ("dense-100-100", "dense 100 units dense 100 units dense 100 units"),
    ],
)  # fmt: skip
def test_deeper_presets(name: str, expected: str) -> None:
    """Deeper puts one more convolution into each stage, or a dense layer where there are none."""
    assert words(deeper, name) == expected


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("keras-cifar10", [32] * 3 + [64] * 3),
        ("lab-cifar10", [32] * 3 + [64] * 3 + [128] * 3),
        ("vgg-mini", [32] * 3 + [64] * 3 + [128] * 3),
        ("all-conv", [48] * 4 + [96] * 7),
    ],
)
def test_deeper_convolutions(name: str, filters: list[int]) -> None:
    """Pairs of convolutions become threes, and the last ones of all-conv stay the last."""
    found = deeper(preset(name).model, SHAPE, 10)
    assert found is not None
    layers = [layer for layer in found.layers if isinstance(layer, Conv2D)]
    assert [layer.filters for layer in layers] == filters
    before = [layer for layer in preset(name).model.layers if isinstance(layer, Conv2D)]
    assert layers[-1] == before[-1]


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("keras-cifar10", [32, 64]),
        ("lab-cifar10", [32, 64, 128]),
        ("vgg-mini", [32, 64, 128]),
        ("all-conv", [48, 48, 96, 96, 96]),
    ],
)
def test_shallower_convolutions(name: str, filters: list[int]) -> None:
    """Pairs of convolutions become single ones; the sizes of the images stay."""
    found = shallower(preset(name).model, SHAPE, 10)
    assert found is not None
    assert [layer.filters for layer in found.layers if isinstance(layer, Conv2D)] == filters
    before, after = (analyse(model, SHAPE, 10) for model in (preset(name).model, found))
    flat = [
        [
            row.input_shape
            for row in one.rows
            if isinstance(row.layer, Flatten | GlobalAveragePooling2D)
        ]
        for one in (before, after)
    ]
    assert flat[0] == flat[1]


def test_shallower_blocks() -> None:
    """Blocks are repeated once less; those that can go do, but the last of a stage stays."""
    assert words(shallower, "resnet-mini") == (
        "conv_block 16 filters residual_block 16 filters residual_block 32 filters "
        "residual_block 64 filters"
    )
    once = shallower(preset("resnet-mini").model, SHAPE, 10)
    assert once is not None
    twice = shallower(once, SHAPE, 10)
    assert twice is not None
    assert [layer.kind for layer in twice.layers] == [
        "input", "conv_block", "residual_block", "residual_block", "global_average_pooling2d",
        "output",
    ]  # fmt: skip
    assert shallower(twice, SHAPE, 10) is None


@pytest.mark.parametrize("name", ["starter", "tf-tutorial", "lenet-5"])
def test_nothing_to_take_away(name: str) -> None:
    """A design with one convolution in each stage cannot be shallower."""
    assert shallower(preset(name).model, SHAPE, 10) is None


def test_a_unit_goes_with_what_follows() -> None:
    """A convolution is copied with the normalization, curve and dropout that follow it."""
    unit = (same(8), BatchNormalization(), Activation(), SqueezeExcitation(), Dropout(rate=0.1))
    end = (MaxPooling2D(), Dropout(), Flatten())
    assert stepped(deeper, *unit, *end) == (*unit, *unit, *end)
    assert stepped(shallower, *unit, *unit, *end) == (*unit, *end)


def test_a_copy_keeps_the_size() -> None:
    """The copy of a convolution that shrinks the image does not shrink it again."""
    for layer in (Conv2D(kernel_size=5), Conv2D(strides=2), SeparableConv2D(strides=3)):
        assert stepped(deeper, layer, Flatten()) == (
            layer,
            layer.changed(padding="same", strides=1),
            Flatten(),
        )
    assert stepped(deeper, Conv2D(kernel_size=1), Flatten()) == (Conv2D(kernel_size=1),) * 2 + (
        Flatten(),
    )


def test_depthwise_and_its_mixing_are_one_unit() -> None:
    """A depthwise convolution and the 1 × 1 convolution after it are copied together."""
    unit = (
        DepthwiseConv2D(padding="same"),
        BatchNormalization(),
        Conv2D(filters=8, kernel_size=1),
        Activation(),
    )
    assert stepped(deeper, *unit, Flatten()) == (*unit, *unit, Flatten())
    assert stepped(shallower, *unit, *unit, Flatten()) == (*unit, Flatten())
    alone = DepthwiseConv2D(depth_multiplier=2)
    assert stepped(deeper, alone, Flatten()) == (
        alone,
        alone.changed(padding="same", depth_multiplier=1),
        Flatten(),
    )


def test_looking_before_mixing() -> None:
    """Where a stage ends in a 1 × 1 convolution, the one before it that looks around is copied."""
    mixing = Conv2D(filters=8, kernel_size=1)
    assert stepped(deeper, same(8), mixing, Flatten()) == (same(8), same(8), mixing, Flatten())
    assert stepped(shallower, same(8), same(8), mixing, Flatten()) == (same(8), mixing, Flatten())


def test_stages() -> None:
    """A stage ends where the resolution changes: at a stride, a pooling or an enlargement."""
    for change in (MaxPooling2D(), UpSampling2D(), Conv2D(filters=4, strides=2, padding="same")):
        found = stepped(deeper, same(4), change, same(8), Flatten())
        assert found == (same(4), same(4), change, same(8), same(8), Flatten())
    kept = (same(4), MaxPooling2D(pool_size=3, strides=1), same(8), Flatten())
    assert stepped(deeper, *kept) == (*kept[:3], same(8), Flatten())


def test_taking_away_what_widens() -> None:
    """A convolution that widens can go if the next one brings as many channels as before."""
    last = Conv2D(filters=16)
    assert stepped(shallower, same(8), last, Flatten()) == (last, Flatten())
    assert stepped(shallower, same(8), same(16), Flatten()) == (same(16), Flatten())
    # nothing comes after the second to make 16 of 8, and the first is all the stage has then
    assert stepped(shallower, Conv2D(filters=8), same(16), Flatten()) is None


def test_switched_off_is_left_alone() -> None:
    """What is switched off is neither counted, nor copied, nor changed, nor taken away."""
    off = (same(8).changed(on=False), Dropout(on=False), Dense(on=False))
    layers = (same(8), off[0], off[1], MaxPooling2D(), Flatten(), off[2])
    assert stepped(shallower, *layers) is None
    assert stepped(deeper, *layers) == (same(8), same(8), *layers[1:])
    assert stepped(wider, *layers) == (same(16), *layers[1:])
    between = (same(8), BatchNormalization(on=False), Activation(), Flatten())
    found = stepped(deeper, *between)
    assert found == (*between[:3], same(8), Activation(), Flatten())
    assert stepped(shallower, *found) == between


def test_dense_layers() -> None:
    """Of several dense layers one can go, but none that is a needle's eye, and never the last."""
    wide, narrow = Dense(units=100), Dense(units=20)
    assert stepped(shallower, Flatten(), wide, narrow) == (Flatten(), wide)
    # without the 20 units, 500 would meet 500
    eye = (Flatten(), Dense(units=500), narrow, Dense(units=500))
    assert stepped(shallower, *eye) == eye[:3]
    assert stepped(shallower, Flatten(), wide) is None
    assert stepped(shallower, Flatten()) is None
    assert stepped(deeper, Flatten()) is None
    assert stepped(deeper, Flatten(), wide, Dropout()) == (Flatten(), *(wide, Dropout()) * 2)


def test_marks_stay() -> None:
    """Marks for the tuner stay as they are, also where the value leaves their range."""
    marks = (Vary(setting="filters", low=8, high=16),)
    layer = Conv2D(filters=16, padding="same", vary=marks)
    assert stepped(wider, layer, Flatten()) == (layer.changed(filters=32), Flatten())
    assert stepped(deeper, layer, Flatten()) == (layer, layer, Flatten())


@pytest.mark.parametrize(
    ("layer", "twice"),
    [
        (Conv2D(filters=3), {"filters": 6}),
        (SeparableConv2D(filters=3), {"filters": 6}),
        (ConvBlock(filters=5), {"filters": 10}),
        (Bottleneck(filters=8), {"filters": 16}),
        (DenseBlock(growth=3), {"growth": 6}),
        (InceptionBlock(filters=24), {"filters": 48}),
        (Conv2D(filters=3000), {"filters": 4096}),
    ],
    ids=lambda item: item.kind if isinstance(item, LayerSpec) else "",
)
def test_widths(layer: Layer, twice: dict[str, int]) -> None:
    """Whatever a layer calls its width is doubled, up to its bound."""
    assert stepped(wider, layer, Flatten()) == (layer.changed(**twice), Flatten())


def test_narrowest() -> None:
    """Widths are halved, rounded down, to one filter and no less; an inception block's by eights."""
    assert stepped(narrower, Conv2D(filters=5), Flatten()) == (Conv2D(filters=2), Flatten())
    assert stepped(narrower, InceptionBlock(filters=24), Flatten()) == (
        InceptionBlock(filters=8),
        Flatten(),
    )
    assert stepped(narrower, Conv2D(filters=1), Flatten(), Dense(units=1)) is None
    assert stepped(narrower, Conv2D(filters=1), Flatten(), Dense(units=2)) == (
        Conv2D(filters=1),
        Flatten(),
        Dense(units=1),
    )
    assert stepped(narrower, DepthwiseConv2D(depth_multiplier=4), Flatten()) is None


def test_widest() -> None:
    """At the bounds there is no wider design, nor a deeper one."""
    assert stepped(wider, Conv2D(filters=4096), Flatten()) is None
    assert stepped(wider, Flatten()) is None
    assert stepped(deeper, ResidualBlock(repeat=32), Flatten()) is None
    full = [same(2)] + [Dropout()] * 496 + [Flatten()]
    assert stepped(deeper, *full) is None


def test_groups_are_made_to_fit() -> None:
    """Groups that would not divide the channels any more become as many as do."""
    layers = (Conv2D(filters=12), GroupNormalization(groups=12), Flatten())
    assert stepped(narrower, *layers) == (
        Conv2D(filters=6),
        GroupNormalization(groups=6),
        Flatten(),
    )
    grown = (DenseBlock(growth=3, repeat=1), GroupNormalization(groups=6), Flatten())
    assert stepped(deeper, *grown) == (
        DenseBlock(growth=3, repeat=2),
        GroupNormalization(groups=3),
        Flatten(),
    )
    off = GroupNormalization(groups=12, on=False)
    assert stepped(narrower, Conv2D(filters=12), off, Flatten()) == (
        Conv2D(filters=6),
        off,
        Flatten(),
    )


def test_a_wider_design_that_is_smaller_is_no_step() -> None:
    """Where a bound makes a wider design smaller, by sparing a shortcut's weights, there is none."""
    layers = (Conv2D(filters=4096), Bottleneck(filters=2048, reduction=64, kernel_size=1))
    before = analyse(
        ModelSpec(name="mine", layers=(Input(), *layers, GlobalAveragePooling2D(), Output())),
        SHAPE,
        1,
    )
    assert before.errors == []
    assert wider(before.model, SHAPE, 1) is None


@every_step
@given(broken=broken_designs())
@settings(max_examples=50, deadline=None)
def test_no_step_from_a_broken_design(step: Step, broken: Broken) -> None:
    """From a design that does not fit there is no step."""
    assert step(broken.model, broken.shape, broken.classes) is None


@every_step
@given(example=any_designs())
@settings(max_examples=100, deadline=None)
def test_any_design(step: Step, example: Example) -> None:
    """A step raises for no design at all."""
    step(*example)


@given(designs(), st.sampled_from(STEPS))
@settings(max_examples=500, deadline=None)
def test_steps_of_random_designs(example: Example, step: Step) -> None:
    """A step from any design that fits leads to one that fits, and goes in its direction."""
    model, shape, classes = example
    found = step(model, shape, classes)
    if found is None:
        return
    before, after = analyse(model, shape, classes), analyse(found, shape, classes)
    assert after.errors == []
    assert found.name == model.name
    if step in (narrower, shallower):
        before, after = after, before
    assert before.parameters < after.parameters
    assert before.macs < after.macs
    off = [layer for layer in model.layers if not layer.on]
    assert [layer for layer in found.layers if not layer.on] == off
    if step in (wider, narrower):
        for one, other in zip(model.layers, found.layers, strict=True):
            assert (one.kind, one.vary) == (other.kind, other.vary)


@given(designs())
@settings(max_examples=300, deadline=None)
def test_wider_and_back(example: Example) -> None:
    """Narrower undoes wider where no bound was hit, but for groups that had to be made to fit."""
    model, shape, classes = example
    layers = tuple(
        layer.changed(filters=16) if isinstance(layer, InceptionBlock) else layer
        for layer in model.layers
    )
    model = model.model_copy(update={"layers": layers})
    if analyse(model, shape, classes).errors:  # groups fitted the channels as they were
        return
    found = wider(model, shape, classes)
    learns = {"filters", "units", "growth"}
    if found is None:
        assert not any(layer.on and learns & set(layer.settings()) for layer in model.layers)
    elif not may_regroup(model):
        assert narrower(found, shape, classes) == model


@given(designs())
@settings(max_examples=300, deadline=None)
def test_deeper_and_back(example: Example) -> None:
    """Shallower undoes deeper, but for groups that had to be made to fit."""
    model, shape, classes = example
    found = deeper(model, shape, classes)
    if found is None:
        return
    if not may_regroup(model):
        assert shallower(found, shape, classes) == model


@given(designs())
@settings(max_examples=200, deadline=None)
def test_steps_come_to_an_end(example: Example) -> None:
    """Step by step a design gets narrower and shallower until there is no such step any more."""
    model, shape, classes = example
    for step in (narrower, shallower):
        for _ in range(40):
            found = step(model, shape, classes)
            if found is None:
                break
            model = found
        else:
            pytest.fail("it goes on for ever")
    for layer in model.layers:
        for name in {"filters", "units", "growth"} & set(layer.settings()):
            low = bounds(type(layer).model_fields[name])[0]
            assert getattr(layer, name) >= (low or 1)
