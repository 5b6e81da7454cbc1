"""Mistakes and advice, each on its layer and with its remedy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.design.advice import Finding, findings
from core.design.analysis import analyse
from core.design.presets import PRESETS, Preset
from core.specs import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DenseBlock,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Input,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    SpatialDropout2D,
    SqueezeExcitation,
    UpSampling2D,
    Whitening,
    ZeroPadding2D,
)
from tests.core.design.strategies import Example, any_designs, designs

SHAPE, CLASSES = (32, 32, 3), 10


def design(*layers: Layer) -> ModelSpec:
    """A design of these layers."""
    return ModelSpec(name="mine", layers=layers)


def told(model: ModelSpec) -> list[Finding]:
    """What is said of a design."""
    return findings(analyse(model, SHAPE, CLASSES))


MISTAKES = {
    "dense before flatten": (design(Input(), Conv2D(), Dense(), Output()), 3),
    "output before flatten": (design(Input(), Conv2D(), Output()), 3),
    "no output": (design(Input(), Conv2D(), Flatten()), 3),
    "no output after an image": (design(Input(), Conv2D()), 2),
    "only the input": (design(Input()), 1),
    "a dense layer as the output": (design(Input(), Flatten(), Dense(activation="softmax")), 3),
    "no output, and the last layer is off": (design(Input(), Flatten(), Dropout(on=False)), 3),
    "a softmax that is off as the output": (
        design(Input(), Flatten(), Dense(activation="softmax", on=False)),
        3,
    ),
    "no output after what does not fit": (design(Input(), Dense(), Dropout(on=False)), 2),
    "a last layer that does not fit": (design(Input(), Flatten(), MaxPooling2D()), 3),
    "no input, but a layer that is off": (design(Dropout(on=False), Flatten(), Output()), 1),
    "an output that does not fit, and more": (design(Input(), Output(), Dropout()), 2),
    "groups without a common divisor": (
        design(Input(), Conv2D(filters=9), GroupNormalization(groups=8), Flatten(), Output()),
        3,
    ),
    "softmax twice": (
        design(Input(), Flatten(), Dense(units=10, activation="softmax"), Output()),
        3,
    ),
    "softmax twice, another width": (
        design(Input(), Flatten(), Dense(units=64, activation="softmax"), Output()),
        3,
    ),
    "softmax as a layer, then the output": (
        design(Input(), Flatten(), Dense(), Activation(function="softmax"), Output()),
        4,
    ),
    "pooling after global pooling": (
        design(Input(), Conv2D(), GlobalAveragePooling2D(), MaxPooling2D(), Output()),
        4,
    ),
    "convolution after flatten": (design(Input(), Flatten(), Conv2D(), Output()), 3),
    "block after flatten": (design(Input(), Flatten(), ResidualBlock(), Output()), 3),
    "shrunk below one pixel": (
        design(Input(), MaxPooling2D(pool_size=32), Conv2D(), Flatten(), Output()),
        3,
    ),
    "groups that do not divide": (
        design(Input(), Conv2D(filters=12), GroupNormalization(groups=8), Flatten(), Output()),
        3,
    ),
    "a second input": (design(Input(), Input(), Flatten(), Output()), 2),
    "no input": (design(Flatten(), Output()), 1),
    "a layer after the output": (design(Input(), Flatten(), Output(), Dropout()), 4),
    "a second output": (design(Input(), Flatten(), Output(), Output()), 4),
    "the output switched off": (design(Input(), Flatten(), Output(on=False)), 3),
    "the input switched off": (design(Input(on=False), Flatten(), Output()), 1),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_on_their_layer_and_mended_by_their_button(name: str) -> None:
    """Each mistake names its layer, says what to do, and the button leaves a design that fits."""
    model, number = MISTAKES[name]
    first = next(finding for finding in told(model) if finding.level == "error")
    assert first.number == number
    assert f"Layer {number} (" in first.words
    assert first.remedy
    assert first.label
    for _ in range(3):  # one mistake may have hidden another
        errors = [finding for finding in told(model) if finding.level == "error"]
        if not errors:
            break
        assert errors[0].edit is not None, errors[0]
        model = errors[0].edit(model)
    assert not [finding for finding in told(model) if finding.level == "error"]


REMEDIES = {
    "Add Output": design(Input(), Flatten(), Dropout(on=False)),
    "Add Flatten and Output": design(Input(), Conv2D(), Conv2D(on=False)),
    "Make it the Output": design(Input(), Flatten(), Dense(activation="softmax")),
    "Switch it on": design(Input(), Flatten(), Output(on=False)),
    "Put Input first": design(Dropout(on=False), Flatten(), Output()),
    "Remove it": design(Input(), Flatten(), MaxPooling2D(), Output()),
    "Put Flatten before it": design(Input(), Dense()),
    "Move the Output to the end": design(Input(), Flatten(), Output(), Dropout()),
    "Use same padding": design(Input(), Conv2D(kernel_size=31), MaxPooling2D(pool_size=3)),
    "": design(Input(), *4 * [UpSampling2D(size=16)], ResidualBlock(), Flatten(), Output()),
}


@pytest.mark.parametrize("label", REMEDIES)
def test_remedies(label: str) -> None:
    """The first mistake's button does what its layer needs; where nothing is sure, there is none."""
    first = next(finding for finding in told(REMEDIES[label]) if finding.level == "error")
    assert first.label == label
    assert (first.edit is None) == (not label)


@pytest.mark.parametrize(("channels", "groups"), [(12, 8), (9, 8), (7, 6), (30, 16)])
def test_groups_of_words_and_button(channels: int, groups: int) -> None:
    """Words and button name the same number of groups."""
    norm = GroupNormalization(groups=groups)
    model = design(Input(), Conv2D(filters=channels), norm, Flatten(), Output())
    (error,) = (finding for finding in told(model) if finding.level == "error")
    assert error.remedy == f"{error.label}."


ADVICE = {
    "normalization after a convolution's activation": (
        design(Input(), Conv2D(), BatchNormalization(), Flatten(), Output()),
        3,
        "after an activation",
    ),
    "normalization after an activation": (
        design(
            Input(),
            Conv2D(activation="linear"),
            Activation(),
            BatchNormalization(),
            Flatten(),
            Output(),
        ),
        4,
        "after an activation",
    ),
    "two sums without a curve": (
        design(Input(), Conv2D(activation="linear"), Conv2D(), Flatten(), Output()),
        2,
        "no curve between",
    ),
    "two dense layers without a curve": (
        design(Input(), Flatten(), Dense(activation="linear"), Output()),
        3,
        "no curve between",
    ),
    "two sums with a mean between": (
        design(
            Input(),
            Conv2D(activation="linear"),
            AveragePooling2D(),
            Conv2D(),
            Flatten(),
            Output(),
        ),
        2,
        "no curve between",
    ),
    "two sums with all between that does not bend": (
        design(
            Input(),
            Conv2D(activation="linear"),
            BatchNormalization(),
            Activation(function="linear"),
            SpatialDropout2D(),
            ZeroPadding2D(),
            UpSampling2D(),
            Conv2D(),
            Flatten(),
            Output(),
        ),
        2,
        "no curve between",
    ),
    "two sums with a mean of all between": (
        design(
            Input(), Conv2D(activation="linear"), GlobalAveragePooling2D(), Dense(), Output()
        ),
        2,
        "no curve between",
    ),
    "fewer units than classes": (
        design(Input(), Flatten(), Dense(units=4), Output()),
        3,
        "fewer units than there are classes",
    ),
    "a dead end of filters": (
        design(Input(), Conv2D(filters=64), Conv2D(filters=4), Conv2D(filters=64), Flatten(), Output()),
        3,
        "16 times narrower",
    ),
    "all in one dense layer": (
        design(Input(), Conv2D(), Flatten(), Dense(units=512), Output()),
        4,
        "of all parameters",
    ),
    "flat twice": (
        design(Input(), Conv2D(), Flatten(), Flatten(), Dense(), Output()),
        4,
        "flat already",
    ),
    "a short sight": (
        design(Input(), Conv2D(), GlobalAveragePooling2D(), Output()),
        2,
        "3 × 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVICE)
def test_advice_is_given_on_its_layer_and_followed_by_its_button(name: str) -> None:
    """Each advice names its layer and why; its button, if any, does away with it and breaks nothing."""
    model, number, words = ADVICE[name]
    found = [finding for finding in told(model) if words in finding.words]
    assert [finding.number for finding in found] == [number]
    assert found[0].level == "advice"
    assert found[0].remedy
    if found[0].edit is not None:
        better = told(found[0].edit(model))
        assert not [finding for finding in better if finding.level == "error"]
        assert not [finding for finding in better if words in finding.words]


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_presets_have_no_mistakes(item: Preset) -> None:
    """No preset has an error or a straight line where a curve belongs."""
    for shape in ((28, 28, 1), (32, 32, 3), (64, 64, 3)):
        for finding in findings(analyse(item.model, shape, 10)):
            assert finding.level == "advice"
            assert "curve" not in finding.words


@given(designs())
@settings(max_examples=200, deadline=None)
def test_a_design_that_fits_has_no_error_of_shape(
    example: tuple[ModelSpec, tuple[int, int, int], int],
) -> None:
    """Only softmax twice is an error of a design that can be built; every edit can be made."""
    for finding in findings(analyse(*example)):
        assert finding.level == "advice" or "softmax" in finding.words
        assert 1 <= finding.number <= len(example[0].layers)
        if finding.edit is not None:
            assert finding.edit(example[0]) != example[0]


@pytest.mark.parametrize(
    ("needed", "level"), [(70, None), (85, "advice"), (110, "advice"), (130, "error")]
)
def test_memory(needed: int, level: str | None) -> None:
    """A design that fills the memory is told on its heaviest layer; beyond it, as an error."""
    analysis = analyse(
        design(Input(), Conv2D(), Flatten(), Dense(units=512), Output()), SHAPE, CLASSES
    )
    found = [
        finding
        for finding in findings(analysis, needed=needed * 10**6, memory=100 * 10**6)
        if "of this machine" in finding.words
    ]
    assert [(finding.number, finding.level) for finding in found] == ([(4, level)] if level else [])


def test_dropout_between_softmax_and_output_changes_nothing() -> None:
    """Softmax twice is found through a dropout."""
    model = design(Input(), Flatten(), Dense(activation="softmax"), Dropout(), Output())
    assert [finding.number for finding in told(model) if "softmax" in finding.words] == [3]


def test_what_is_switched_off_is_not_spoken_of() -> None:
    """A layer that is switched off neither has advice nor comes between two others."""
    model = design(Input(), Conv2D(), BatchNormalization(on=False), Flatten(), Output())
    assert not [finding for finding in told(model) if "after an activation" in finding.words]


@pytest.mark.parametrize(
    "between",
    [
        Activation(),
        MaxPooling2D(),
        GlobalMaxPooling2D(),
        LayerNormalization(),
        GroupNormalization(),
        DenseBlock(),
        SqueezeExcitation(),
    ],
    ids=lambda layer: layer.KIND,
)
def test_what_bends_comes_between(between: Layer) -> None:
    """Sums with something between that bends are not taken for one."""
    after = () if isinstance(between, GlobalMaxPooling2D) else (Conv2D(), Flatten())
    model = design(Input(), Conv2D(activation="linear"), between, *after, Output())
    assert not [finding for finding in told(model) if "no curve" in finding.words]


def test_the_usual_linear_classifier() -> None:
    """A linear convolution, averaged and given to the Output, is left alone."""
    model = design(Input(), Conv2D(activation="linear"), GlobalAveragePooling2D(), Output())
    assert not [finding for finding in told(model) if "no curve" in finding.words]


@pytest.mark.parametrize(("spare", "fits"), [(1, True), (0, False)])
def test_no_activation_is_lost_in_a_full_design(spare: int, fits: bool) -> None:
    """Swapping adds a layer; in a design of 500 layers it changes nothing rather than half."""
    ends = (Input(), Conv2D(activation="tanh"), BatchNormalization(), Flatten(), Output())
    off = [Dropout(on=False)] * (500 - len(ends) - spare)
    model = design(*ends, *off)
    (finding,) = (finding for finding in told(model) if finding.label == "Swap them")
    assert finding.edit is not None
    after = finding.edit(model)
    if not fits:
        assert after == model
        return
    assert after.layers[1:4] == (
        Conv2D(activation="linear"),
        BatchNormalization(),
        Activation(function="tanh"),
    )


def test_more_classes_than_units_there_can_be() -> None:
    """As many units are offered as are enough and allowed, and none where that is too few."""
    model = design(Input(), Flatten(), Dense(units=4), Output())

    def offered(classes: int) -> str:
        found = findings(analyse(model, (8, 8, 3), classes))
        (finding,) = (finding for finding in found if "fewer units" in finding.words)
        assert (finding.edit is None) == (not finding.label)
        if finding.edit is not None:
            better = findings(analyse(finding.edit(model), (8, 8, 3), classes))
            assert not [item for item in better if "fewer units" in item.words]
        return finding.label

    assert offered(10) == "Use 32 units"
    assert offered(50_000) == "Use 65,536 units"
    assert offered(65_536) == "Use 65,536 units"
    assert offered(100_000) == ""


@given(any_designs(), st.sampled_from([2, 10, 100_000]))
@settings(max_examples=300, deadline=None)
def test_anything_can_be_spoken_of(example: Example, classes: int) -> None:
    """Whatever a design is, findings are told, and every button of theirs changes it."""
    model, shape, _ = example
    for finding in findings(analyse(model, shape, classes), needed=10**9, memory=10**9):
        assert 1 <= finding.number <= len(model.layers)
        assert bool(finding.label) == (finding.edit is not None)
        if finding.edit is not None:
            assert finding.edit(model) != model


def test_whitening_belongs_to_the_images() -> None:
    """Behind layers that learn it is told to move, and one click moves it right after the input."""
    early = design(Input(), Dropout(), Whitening(), Activation(), Flatten(), Output())
    assert told(early) == []
    late = design(Input(), Conv2D(), BatchNormalization(), Whitening(), Flatten(), Output())
    (found,) = [item for item in told(late) if item.number == 4]
    assert found.level == "advice"
    assert found.edit is not None
    moved = found.edit(late)
    assert isinstance(moved.layers[1], Whitening)
    assert not [item for item in told(moved) if "comes after layers that learn" in item.words]
