"""Tests of what holds for every layer, and of the list of them."""

from __future__ import annotations

import inspect
import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SpecError
from core.specs import LAYERS, Conv2D, Dense, Dropout, Input, LayerSpec, MaxPooling2D, ModelSpec
from core.specs import layers as package
from core.specs.layers import AnyLayer, Block, FixedConv2D, Merging
from core.specs.layers.base import Group
from core.specs.spec import bounds, choices, search_range
from tests.core.design.strategies import layers

KINDS = tuple(LAYERS.values())
TUNABLE = [
    (kind, name)
    for kind in KINDS
    for name in kind.settings()
    if search_range(kind.model_fields[name]) is not None
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)


def descendants(kind: type[LayerSpec]) -> set[type[LayerSpec]]:
    """A class and all that inherit from it."""
    return {kind}.union(*(descendants(child) for child in kind.__subclasses__()))


def test_all_are_listed() -> None:
    """Every layer there is can be put into a design, but those that only blocks make, and bases."""
    declared = {
        kind
        for kind in descendants(LayerSpec)
        if "kind" in kind.model_fields and kind.__module__.startswith("core.")
    }
    merging = descendants(Merging) - {Merging}
    assert set(KINDS) == declared - merging - {FixedConv2D} == set(get_args(AnyLayer))
    assert [next(iter(LAYERS)), list(LAYERS)[-1]] == ["input", "output"]
    assert {kind.__name__ for kind in declared} <= set(package.__all__)


@every_kind
def test_described(kind: type[LayerSpec]) -> None:
    """Every layer has a group and a title for the screen, and a docstring of one sentence."""
    assert kind.GROUP in get_args(Group)
    assert kind.TITLE
    assert kind.__name__ == kind.TITLE or kind.GROUP == "Blocks"
    assert kind.__doc__
    assert kind.__doc__ != LayerSpec.__doc__
    assert inspect.cleandoc(kind.__doc__).rstrip()[-1] in ".?"
    assert LAYERS[kind.KIND] is kind


def test_titles_differ() -> None:
    """No two layers have the same title or kind."""
    assert len({kind.TITLE for kind in KINDS}) == len({kind.KIND for kind in KINDS}) == len(KINDS)


@every_kind
def test_defaults_are_valid(kind: type[LayerSpec]) -> None:
    """A layer of defaults is valid, on, and without marks; its JSON needs no more than the kind."""
    layer = kind()
    assert kind.parse(layer.model_dump()) == layer
    assert (layer.on, layer.vary) == (True, ())
    assert ModelSpec.parse({"layers": [{"kind": kind.KIND}]}).layers == (layer,)


@given(st.sampled_from(KINDS).flatmap(lambda kind: layers(kind, small=False)))
def test_json_round_trip(layer: LayerSpec) -> None:
    """Any layer survives JSON unchanged, with its marks, and stays hashable."""
    model = ModelSpec.parse({"layers": [layer]})
    again = ModelSpec.parse(json.loads(json.dumps(model.model_dump(mode="json"))))
    assert again.layers == (layer,)
    assert hash(again.layers[0]) == hash(layer)
    assert layer.changed() == layer


@every_kind
def test_settings_are_the_declared_ones(kind: type[LayerSpec]) -> None:
    """A layer's settings are its fields, but for its kind, the switch and the marks."""
    assert sorted(kind.settings()) == sorted(set(kind.model_fields) - {"kind", "on", "vary"})
    assert len(set(kind.settings())) == len(kind.settings())


@every_kind
def test_own_settings_come_first(kind: type[LayerSpec]) -> None:
    """On screen a layer's own settings stand before those it inherits."""
    own = [name for name in inspect.get_annotations(kind) if name in kind.settings()]
    assert list(kind.settings()[: len(own)]) == own


def test_settings_in_order() -> None:
    """A convolution begins with its filters and ends with penalties; a block ends with its repeat."""
    assert Conv2D.settings() == (
        "filters", "kernel_size", "strides", "padding", "activation",
        "use_bias", "l1", "l2", "max_norm",
    )  # fmt: skip
    assert Dense.settings()[:2] == ("units", "activation")
    assert MaxPooling2D.settings() == ("pool_size", "strides", "padding")
    assert Input.settings() == ("scale",)
    for kind in KINDS:
        if issubclass(kind, Block):
            assert kind.settings()[-1] == "repeat"


@pytest.mark.parametrize(("kind", "name"), TUNABLE, ids=str)
def test_suggested_search(kind: type[LayerSpec], name: str) -> None:
    """Where a setting is suggested to be searched, it may be: the mark for it is valid."""
    field = kind.model_fields[name]
    search = search_range(field)
    if isinstance(search, dict):
        low, high = bounds(field)
        assert low is not None
        assert high is not None
        assert low <= search["low"] < search["high"] <= high
        assert not search["log"] or search["low"] > 0
        mark = {"setting": name, "low": search["low"], "high": search["high"]}
    else:
        assert search
        assert set(search) <= set(choices(field))
        mark = {"setting": name, "options": search}
    assert kind.parse({"vary": [mark]}).vary[0].setting == name


@pytest.mark.parametrize(
    ("layer", "values"),
    [
        (Conv2D, {"filters": 0}),
        (Conv2D, {"kernel_size": 32}),
        (Conv2D, {"strides": 0}),
        (Conv2D, {"padding": "half"}),
        (Conv2D, {"activation": "swish"}),
        (MaxPooling2D, {"pool_size": 0}),
        (Dropout, {"rate": 1.0}),
        (Dense, {"units": 0}),
        (Dense, {"max_norm": 0.0}),
        (Dense, {"kind": "conv2d"}),
        (Dense, {"on": "perhaps"}),
        (Dense, {"vary": "units"}),
    ],
)
def test_refused(layer: type[Conv2D], values: dict[str, object]) -> None:
    """Settings that no layer can have are refused by the setting's name."""
    with pytest.raises(SpecError, match=next(iter(values))):
        layer.parse(values)


def test_misspelt_setting_of_any_layer() -> None:
    """A misspelt setting is answered with the closest of that layer, however deep it inherits."""
    for kind in KINDS:
        for name in kind.settings():
            with pytest.raises(SpecError) as caught:
                ModelSpec.parse({"layers": [{"kind": kind.KIND, f"{name}x": 1}]})
            assert caught.value.received == f"an unknown setting layer 1.{name}x"
            assert caught.value.remedy == f"Did you mean {name}?"


# as version 1 wrote it before layers could be switched off, marked or penalized
OLD = {
    "name": "old",
    "layers": [
        {"kind": "input", "scale": "0 to 1"},
        {"kind": "conv2d", "filters": 32, "kernel_size": 3, "strides": 1, "padding": "same",
         "activation": "relu"},
        {"kind": "batch_normalization", "momentum": 0.99, "epsilon": 0.001},
        {"kind": "activation", "function": "relu"},
        {"kind": "max_pooling2d", "pool_size": 2, "padding": "valid"},
        {"kind": "average_pooling2d", "pool_size": 2, "padding": "valid"},
        {"kind": "dropout", "rate": 0.5},
        {"kind": "flatten"},
        {"kind": "dense", "units": 128, "activation": "relu", "max_norm": None},
        {"kind": "output"},
    ],
}  # fmt: skip


def test_old_designs_are_read() -> None:
    """A spec.json from before a setting was there has it at its default, which means what it meant."""
    model = ModelSpec.parse(OLD)
    for layer, values in zip(model.layers, OLD["layers"], strict=True):
        assert isinstance(values, dict)
        fresh = type(layer)()
        for name in type(layer).model_fields:
            assert getattr(layer, name) == values.get(name, getattr(fresh, name))
        assert (layer.on, layer.vary) == (True, ())
    convolution = model.layers[1]
    assert isinstance(convolution, Conv2D)
    assert (convolution.use_bias, convolution.l1, convolution.l2) == (True, 0.0, 0.0)
    assert convolution.max_norm is None
    assert isinstance(model.layers[4], MaxPooling2D)
    assert model.layers[4].strides is None
