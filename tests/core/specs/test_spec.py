"""Tests of what every spec does, on all of them."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.design.presets import PRESETS
from core.errors import SpecError
from core.specs import (
    LAYERS,
    DataSpec,
    Dropout,
    ModelSpec,
    RunSpec,
    Spec,
    TrainSpec,
    TransferSpec,
    choices,
    setting,
)
from core.specs.spec import bounds, expectation, optional, search_range, value_type
from tests.core.design import strategies

PLAIN = (DataSpec, TrainSpec, *LAYERS.values())  # specs of settings alone
SETTINGS = [
    (spec, name, field)
    for spec in PLAIN
    for name, field in spec.model_fields.items()
    if name not in ("kind", "source", "on", "vary")  # none of these is a setting to fill in
]
NUMBERS = [(spec, name, field) for spec, name, field in SETTINGS if bounds(field) != (None, None)]


def values(spec: type[Spec]) -> st.SearchStrategy[Any]:
    """Valid specs of a kind, made from its own declarations."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in spec.model_fields.items():
        low, high = bounds(field)
        options = choices(field)
        if options:
            found: st.SearchStrategy[Any] = st.sampled_from(options)
        elif value_type(field) is int:
            found = st.integers(int(low or 0), int(high or 10**6))
        elif value_type(field) is float:
            found = st.floats(low, high, exclude_min=low == 0.0, exclude_max=high == 1.0)
        elif value_type(field) is bool:
            found = st.booleans()
        else:
            found = st.text(min_size=1, max_size=20)
        fields[name] = st.none() | found if optional(field) else found
    return st.fixed_dictionaries(fields).map(spec.parse)


def designs() -> st.SearchStrategy[ModelSpec]:
    """Valid designs as far as a spec can tell; their shapes need not fit."""
    layers = st.sampled_from(tuple(LAYERS.values())).flatmap(
        lambda kind: strategies.layers(kind, small=False)
    )
    return st.builds(
        lambda name, stack: ModelSpec(name=name, layers=tuple(stack)),
        st.text("aZé猫09_ .()+-", min_size=1, max_size=20),
        st.lists(layers, min_size=1, max_size=6),
    )


def runs() -> st.SearchStrategy[RunSpec]:
    """Valid runs."""
    word = st.text(min_size=1, max_size=10)
    return st.builds(
        RunSpec,
        model=designs(),
        data=values(DataSpec),
        train=values(TrainSpec),
        tags=st.dictionaries(word, word, max_size=3),
    )


@given(runs())
def test_json_round_trip(run: RunSpec) -> None:
    """Any run survives JSON unchanged."""
    assert RunSpec.parse(json.loads(json.dumps(run.model_dump(mode="json")))) == run


@given(values(TrainSpec))
def test_python_round_trip(train: TrainSpec) -> None:
    """A spec made of another's values equals it, and so does its hash."""
    again = TrainSpec.parse(train.model_dump())
    assert again == train
    assert hash(again) == hash(train)


@pytest.mark.parametrize("spec", PLAIN)
def test_frozen(spec: type[Spec]) -> None:
    """No setting of a spec can be changed in place."""
    made = spec()
    for name in spec.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(made, name, getattr(made, name))


@pytest.mark.parametrize("spec", PLAIN)
def test_defaults_are_valid(spec: type[Spec]) -> None:
    """Every default is itself a valid value."""
    assert spec.parse(spec().model_dump()) == spec()


@pytest.mark.parametrize("spec", PLAIN)
def test_unknown_key(spec: type[Spec]) -> None:
    """An unknown key is refused by its name, with the known ones."""
    with pytest.raises(SpecError) as caught:
        spec.parse({"momentumm": 1})
    assert "unknown setting momentumm" in caught.value.received
    for name in spec.model_fields:
        assert name in caught.value.expected
    assert caught.value.remedy


def test_misspelt_key() -> None:
    """A misspelt key is answered with the closest known one."""
    with pytest.raises(SpecError) as caught:
        TrainSpec.parse({"learning_rat": 0.1})
    assert caught.value.remedy == "Did you mean learning_rate?"


@pytest.mark.parametrize("key", ["dense", "input", "output", "conv2d", "layers"])
def test_unknown_key_named_like_a_layer(key: str) -> None:
    """An unknown key is refused by its name also where a layer has that name."""
    with pytest.raises(SpecError) as caught:
        TrainSpec.parse({key: 1})
    assert caught.value.received == f"an unknown setting {key}"


@pytest.mark.parametrize(("spec", "name"), [(spec, name) for spec, name, _ in SETTINGS], ids=str)
def test_every_setting_is_declared_whole(spec: type[Spec], name: str) -> None:
    """Every setting has a label, a help text that is a sentence, and a name for each choice it names."""
    field = spec.model_fields[name]
    assert field.title
    assert field.title[0].isupper()
    assert field.description
    assert field.description.endswith(".")
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    labels = extra["labels"]
    assert isinstance(labels, dict)
    assert not labels or set(labels) == set(choices(field))


@pytest.mark.parametrize(("spec", "name"), [(spec, name) for spec, name, _ in NUMBERS], ids=str)
def test_bounds(spec: type[Spec], name: str) -> None:
    """Values beyond a bound are refused: the message says the setting, the bound, the value, a remedy."""
    field = spec.model_fields[name]
    low, high = bounds(field)
    assert low is not None
    assert high is not None
    for value in (low - 1, high + 1):
        with pytest.raises(SpecError) as caught:
            spec.parse({name: value})
        error = caught.value
        assert error.what == f"The setting {name} is not valid"
        assert error.expected == f"{name} {expectation(field)}"
        assert error.received == repr(value)
        assert error.remedy
    for item in field.metadata:
        if hasattr(item, "ge"):
            assert getattr(spec.parse({name: low}), name) == low
        if hasattr(item, "le"):
            assert getattr(spec.parse({name: high}), name) == high


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "nan", "inf", "1e999", "NaN"])
@pytest.mark.parametrize(("spec", "name"), [(spec, name) for spec, name, _ in NUMBERS], ids=str)
def test_no_number(spec: type[Spec], name: str, value: object) -> None:
    """NaN and infinity are refused by every setting, as numbers and as text."""
    with pytest.raises(SpecError) as caught:
        spec.parse({name: value})
    assert name in caught.value.what


def test_text_from_a_command_line() -> None:
    """Numbers may come as text, as on a command line; text that is no number is refused."""
    assert TrainSpec.parse({"epochs": "3", "learning_rate": "1e-4"}).epochs == 3
    for value in ("3.5", "three", "", None, [3]):
        with pytest.raises(SpecError) as caught:
            TrainSpec.parse({"epochs": value})
        assert caught.value.received == repr(value)


def test_long_values_are_cut() -> None:
    """A message does not repeat more than 80 characters of what it received."""
    with pytest.raises(SpecError) as caught:
        TrainSpec.parse({"optimizer": "x" * 10_000})
    assert len(caught.value.received) == 80


def test_issue_examples() -> None:
    """A learning rate of -1 and 0 epochs are told with their bounds and a value to use."""
    with pytest.raises(SpecError) as caught:
        TrainSpec.parse({"learning_rate": -1})
    assert str(caught.value) == (
        "The setting learning_rate is not valid. Expected: learning_rate a number greater than 0.0 "
        "and at most 10.0. Received: -1. Use for example 0.001."
    )
    with pytest.raises(SpecError) as caught:
        TrainSpec.parse({"epochs": 0})
    assert str(caught.value) == (
        "The setting epochs is not valid. Expected: epochs a whole number at least 1 and at most "
        "1,000. Received: 0. Use for example 10."
    )


def test_several_mistakes() -> None:
    """All mistakes are told at once."""
    with pytest.raises(SpecError, match=r"The settings .* are not valid") as caught:
        TrainSpec.parse({"epochs": 0, "learning_rate": 100, "optimizer": "magic", "x": 1})
    for word in ("epochs", "learning_rate", "optimizer", "unknown setting x"):
        assert word in str(caught.value)


def test_changed() -> None:
    """Changing a spec makes another, validated again, and leaves the first as it was."""
    first = TrainSpec()
    second = first.changed(epochs=3)
    assert (first.epochs, second.epochs) == (10, 3)
    assert second.changed(epochs=10) == first
    for wrong in ({"epochs": 0}, {"epoch": 3}):
        with pytest.raises(SpecError):
            first.changed(**wrong)


def test_changed_keeps_nested_specs() -> None:
    """Changing one spec of a run keeps the others."""
    run = RunSpec(model=PRESETS[1].model, tags={"a": "b"})
    other = run.changed(train=TrainSpec(epochs=2))
    assert (other.model, other.tags, other.train.epochs) == (run.model, run.tags, 2)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (TrainSpec.model_fields["epochs"], "a whole number at least 1 and at most 1,000"),
        (
            TrainSpec.model_fields["learning_rate"],
            "a number greater than 0.0 and at most 10.0",
        ),
        (Dropout.model_fields["rate"], "a number at least 0.0 and less than 1.0"),
        (DataSpec.model_fields["size"], "a whole number at least 8 and at most 1,024"),
        (DataSpec.model_fields["fit"], "one of pad, crop, stretch"),
        (DataSpec.model_fields["source"], "text"),
        (TransferSpec.model_fields["finetune"], "none, all or, say, last-5-blocks"),
        (RunSpec.model_fields["version"], "one of 1, 2"),
        (RunSpec.model_fields["model"], "a valid value"),
    ],
)
def test_expectation(field: Any, words: str) -> None:
    """What a setting accepts is said in words, from its declaration."""
    assert expectation(field) == words


def test_reading_a_declaration() -> None:
    """Bounds, choices, type and whether None is valid are read from a declaration."""

    class Example(Spec):
        """A spec of one setting of each kind."""

        number: float | None = setting(None, gt=0, lt=2, label="A", help="A.", search=(1, 2))
        choice: Literal["a", "b"] = setting("a", label="B", help="B.", search=("a", "b"))
        switch: bool = setting(True, label="C", help="C.")

    number, choice, switch = Example.model_fields.values()
    assert (bounds(number), bounds(choice)) == ((0, 2), (None, None))
    assert (choices(number), choices(choice)) == ((), ("a", "b"))
    assert (value_type(number), value_type(switch)) == (float, bool)
    assert (optional(number), optional(choice)) == (True, False)
    assert expectation(switch) == "true or false"
    assert search_range(number) == {"low": 1, "high": 2, "log": False}
    assert (search_range(choice), search_range(switch)) == (("a", "b"), None)
