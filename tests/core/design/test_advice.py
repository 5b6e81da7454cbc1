"""Mistakes and advice, each on its layer and with its remedy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from core.design.advice import Finding, findings
from core.design.analysis import analyse
from core.design.presets import PRESETS, Preset
from core.specs import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GroupNormalization,
    Input,
    Layer,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
)
from tests.core.design.strategies import designs

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
