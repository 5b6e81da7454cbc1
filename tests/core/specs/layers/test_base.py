"""Tests of the marks by which the tuner may change a layer, and of the switch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SpecError
from core.specs import (
    LAYERS,
    Activation,
    BatchNormalization,
    Conv2D,
    ConvBlock,
    Dense,
    Dropout,
    Flatten,
    InceptionBlock,
    Input,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Output,
    Vary,
    usual_mark,
)
from core.specs.spec import bounds, search_range, value_type
from tests.core.design.strategies import layers


def refusal(layer: type[LayerSpec], *marks: dict[str, Any]) -> str:
    """What is expected of marks that are refused; the message names what to do."""
    with pytest.raises(SpecError) as caught:
        layer.parse({"vary": list(marks)})
    assert caught.value.received
    assert caught.value.remedy
    return caught.value.expected


@pytest.mark.parametrize(
    ("layer", "mark"),
    [
        (Conv2D, {"setting": "on"}),
        (Flatten, {"setting": "on"}),
        (Conv2D, {"setting": "filters", "low": 1, "high": 4096}),
        (Conv2D, {"setting": "filters", "low": 8.0, "high": 16.0}),
        (Conv2D, {"setting": "activation", "options": ["relu", "tanh"]}),
        (Conv2D, {"setting": "l2", "low": 1e-6, "high": 1.0}),
        (Activation, {"setting": "function", "options": ["relu", "softmax", "linear"]}),
        (Dropout, {"setting": "rate", "low": 0, "high": 0.99}),
        (BatchNormalization, {"setting": "momentum", "low": 0.0, "high": 0.5}),
        (ConvBlock, {"setting": "repeat", "low": 1, "high": 32}),
        (InceptionBlock, {"setting": "filters", "low": 8, "high": 64}),
    ],
)
def test_marks(layer: type[LayerSpec], mark: dict[str, Any]) -> None:
    """A number varies between two values within its bounds, a choice between some of its options."""
    found = layer.parse({"vary": [mark]})
    assert found.vary == (Vary.parse(mark),)
    assert layer.parse(found.model_dump(mode="json")) == found
    assert hash(found) != hash(layer())


def test_several_marks() -> None:
    """A layer may have several marks, of different settings."""
    marks = (
        Vary(setting="on"),
        Vary(setting="units", low=8, high=64),
        Vary(setting="activation", options=("relu", "gelu")),
    )
    assert Dense(vary=marks).vary == marks


@pytest.mark.parametrize("setting", ["filter", "", "kind", "vary", "name", "scale"])
def test_unknown_setting(setting: str) -> None:
    """A mark of what the layer does not have is refused with all that can vary."""
    assert refusal(Dense, {"setting": setting, "low": 1, "high": 2}) == (
        f"Dense: {setting} cannot vary; on, units, activation, l2 can"
    )


@pytest.mark.parametrize(
    ("layer", "setting", "known"),
    [
        (Conv2D, "use_bias", "on, filters, kernel_size, activation, l2"),
        (Conv2D, "max_norm", "on, filters, kernel_size, activation, l2"),
        (Conv2D, "strides", "on, filters, kernel_size, activation, l2"),
        (MaxPooling2D, "strides", "on, pool_size"),
        (Flatten, "rate", "on"),
        (Input, "scale", "nothing"),
    ],
)
def test_untunable_setting(layer: type[LayerSpec], setting: str, known: str) -> None:
    """A setting that is not worth tuning cannot be marked."""
    expected = refusal(layer, {"setting": setting, "low": 1, "high": 2})
    assert expected == f"{layer.__name__}: {setting} cannot vary; {known} can"


@pytest.mark.parametrize("layer", [Input, Output])
def test_ends_are_always_there(layer: type[LayerSpec]) -> None:
    """Input and Output cannot vary between there and not there."""
    assert "on cannot vary" in refusal(layer, {"setting": "on"})


@pytest.mark.parametrize("extra", [{"low": 0}, {"high": 1}, {"options": [True, False]}])
def test_on_has_no_range(extra: dict[str, Any]) -> None:
    """The mark of the layer itself has neither range nor options."""
    assert "without a range" in refusal(Dropout, {"setting": "on", **extra})


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ({}, "units varies from low to high"),
        ({"low": 8}, "units varies from low to high"),
        ({"high": 8}, "units varies from low to high"),
        ({"options": ["a", "b"]}, "units varies from low to high"),
        ({"low": 8, "high": 16, "options": ["a", "b"]}, "units varies from low to high"),
        ({"low": 8, "high": 8}, "units varies from 8 to 8"),
        ({"low": 9, "high": 8}, "units varies from 9 to 8"),
        ({"low": 0, "high": 8}, "at least 1 and at most 65,536"),
        ({"low": 1, "high": 65_537}, "at least 1 and at most 65,536"),
        ({"low": 1.5, "high": 8}, "each end of units must be a whole number"),
        ({"low": 1, "high": 7.5}, "each end of units must be a whole number"),
    ],
)
def test_ranges(mark: dict[str, Any], words: str) -> None:
    """A number's range has two ends that it may have itself, the lower one first."""
    assert words in refusal(Dense, {"setting": "units", **mark})


@pytest.mark.parametrize(
    ("layer", "mark"),
    [
        (Dropout, {"setting": "rate", "low": 0.1, "high": 1.0}),
        (BatchNormalization, {"setting": "momentum", "low": 0.1, "high": 1}),
        (Dropout, {"setting": "rate", "low": -0.1, "high": 0.5}),
    ],
)
def test_open_bounds(layer: type[LayerSpec], mark: dict[str, Any]) -> None:
    """A range does not end at a value that the setting itself may not have."""
    assert "each end of" in refusal(layer, mark)


def test_logarithmic_range() -> None:
    """What is searched on a logarithmic scale does not begin at 0."""
    expected = refusal(Conv2D, {"setting": "l2", "low": 0.0, "high": 0.1})
    assert "logarithmic scale, so from above 0" in expected


@pytest.mark.parametrize("end", ["nan", "inf", "x", [1]])
def test_ends_are_numbers(end: object) -> None:
    """NaN, infinity and text are no ends of a range."""
    value = float(end) if end in ("nan", "inf") else end  # type: ignore[arg-type]
    with pytest.raises(SpecError):
        Dense.parse({"vary": [{"setting": "units", "low": 1, "high": value}]})


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ({}, "two or more options"),
        ({"options": []}, "two or more options"),
        ({"options": ["relu"]}, "two or more options"),
        ({"low": 1, "high": 2}, "two or more options"),
        ({"options": ["relu", "tanh"], "low": 1}, "two or more options"),
        ({"options": ["relu", "relu"]}, "options that differ"),
        ({"options": ["relu", "tanh", "relu"]}, "options that differ"),
        ({"options": ["relu", "swish"]}, "some of ('linear', 'relu'"),
        ({"options": [True, False]}, "some of ('linear', 'relu'"),
    ],
)
def test_options(mark: dict[str, Any], words: str) -> None:
    """A choice varies between two or more different ones of its options."""
    assert words in refusal(Dense, {"setting": "activation", **mark})


def test_marked_twice() -> None:
    """Each setting is marked once at most."""
    mark = {"setting": "units", "low": 1, "high": 2}
    assert "once" in refusal(Dense, mark, {**mark, "high": 3})
    assert "once" in refusal(Dense, {"setting": "on"}, {"setting": "on"})


def test_many_marks() -> None:
    """A layer has at most 20 marks."""
    with pytest.raises(SpecError, match="vary"):
        Dense.parse({"vary": [{"setting": "on"}] * 21})


def test_mark_in_a_design_is_named_by_its_layer() -> None:
    """A wrong mark in a design is told with the number of its layer."""
    layers = [{"kind": "input"}, {"kind": "dense", "vary": [{"setting": "rate"}]}]
    with pytest.raises(SpecError) as caught:
        ModelSpec.parse({"layers": layers})
    assert caught.value.what == "The setting layer 2 is not valid"
    assert caught.value.expected == "layer 2: rate cannot vary; on, units, activation, l2 can"


def test_unknown_part_of_a_mark() -> None:
    """A mark has a setting, low, high and options, and nothing else."""
    with pytest.raises(SpecError, match="vary"):
        Dense.parse({"vary": [{"setting": "units", "low": 1, "high": 2, "step": 1}]})
    with pytest.raises(SpecError, match="setting"):
        Dense.parse({"vary": [{"low": 1, "high": 2}]})


@given(st.data())
def test_any_range_within_bounds(data: st.DataObject) -> None:
    """Any two different values that a tunable number may have make a range, in this order only."""
    kind = data.draw(st.sampled_from(tuple(LAYERS.values())))
    names = [
        name for name in kind.settings() if isinstance(search_range(kind.model_fields[name]), dict)
    ]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    field = kind.model_fields[name]
    low, high = bounds(field)
    values: st.SearchStrategy[Any] = (
        st.integers(int(low or 0), int(high or 0))
        if value_type(field) is int
        else st.floats(low, high, exclude_min=True, exclude_max=True)
    )
    first, last = sorted(data.draw(st.lists(values, min_size=2, max_size=2, unique=True)))
    mark = {"setting": name, "low": first, "high": last}
    assert kind.parse({"vary": [mark]}).vary == (Vary.parse(mark),)
    refusal(kind, {"setting": name, "low": last, "high": first})


def test_marks_and_switch_stay_when_a_setting_changes() -> None:
    """Changing a setting keeps the marks and the switch."""
    marks = (Vary(setting="units", low=8, high=16),)
    changed = Dense(on=False, vary=marks).changed(units=512)
    assert (changed.units, changed.on, changed.vary) == (512, False, marks)


def test_ends_of_whole_numbers_are_whole() -> None:
    """A range of a whole number has whole ends, also where it was given as 16.0."""
    (mark,) = Conv2D.parse({"vary": [{"setting": "filters", "low": 16.0, "high": 32.0}]}).vary
    assert (type(mark.low), type(mark.high)) == (int, int)
    (changed,) = Conv2D().changed(vary=(Vary(setting="filters", low=1.0, high=2),)).vary
    assert repr((changed.low, changed.high)) == "(1, 2)"
    (rate,) = Dropout.parse({"vary": [{"setting": "rate", "low": 0.25, "high": 0.5}]}).vary
    assert (rate.low, rate.high) == (0.25, 0.5)


@pytest.mark.parametrize("end", [True, False, "16"])
@pytest.mark.parametrize("kind", [Conv2D, Dropout])
def test_ends_are_neither_true_nor_text(kind: type[LayerSpec], end: object) -> None:
    """True, false and text are no ends of a range."""
    name = "filters" if kind is Conv2D else "rate"
    with pytest.raises(SpecError, match="a number"):
        kind.parse({"vary": [{"setting": name, "low": end, "high": 32}]})
    with pytest.raises(SpecError, match="a number"):
        kind.parse({"vary": [{"setting": name, "low": 0, "high": end}]})


def searchable(kind: type[LayerSpec]) -> list[str]:
    """What of a layer can vary."""
    names = [name for name in kind.settings() if search_range(kind.model_fields[name])]
    return names if kind.GROUP == "Ends" else ["on", *names]


@pytest.mark.parametrize("kind", LAYERS.values(), ids=lambda kind: kind.KIND)
@given(data=st.data())
def test_usual_marks_are_valid(kind: type[LayerSpec], data: st.DataObject) -> None:
    """Whatever its settings are, a layer takes the usual mark of all that can vary."""
    random = data.draw(layers(kind, small=data.draw(st.booleans())))
    for layer in (kind(), random.model_copy(update={"vary": ()})):
        for name in searchable(kind):
            mark = usual_mark(layer, name)
            assert layer.changed(vary=(mark,)).vary == (mark,)
            if mark.options is not None:
                assert getattr(layer, name) in mark.options
            elif name != "on" and getattr(layer, name) > 0:
                assert mark.low is not None
                assert mark.high is not None
                assert mark.low <= getattr(layer, name) <= mark.high
        for name in set(kind.settings()) - set(searchable(kind)):
            with pytest.raises(ValueError, match="cannot vary"):
                usual_mark(layer, name)


@pytest.mark.parametrize(
    ("layer", "mark"),
    [
        (Conv2D(), Vary(setting="on")),
        (Conv2D(), Vary(setting="filters", low=16, high=256)),
        (Conv2D(filters=8), Vary(setting="filters", low=8, high=256)),
        (Conv2D(filters=512), Vary(setting="filters", low=16, high=512)),
        (Conv2D(), Vary(setting="l2", low=1e-5, high=1e-2)),
        (Conv2D(l2=0.5), Vary(setting="l2", low=1e-5, high=0.5)),
        (Dropout(rate=0.0), Vary(setting="rate", low=0.0, high=0.6)),
        (BatchNormalization(momentum=0.0), Vary(setting="momentum", low=0.0, high=0.99)),
        (
            Dense(activation="linear"),
            Vary(
                setting="activation",
                options=("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "linear"),
            ),
        ),
    ],
)
def test_usual_mark(layer: LayerSpec, mark: Vary) -> None:
    """The usual mark is the setting's search range with its present value, where it may end there."""
    assert usual_mark(layer, mark.setting) == mark
