"""Tests of the design's spec and of its messages, which name the layer."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import SpecError
from core.specs import Conv2D, Flatten, Input, ModelSpec, Output

GOOD: list[dict[str, Any]] = [{"kind": "input"}, {"kind": "flatten"}, {"kind": "output"}]


def refusal(layers: object, name: object = "mine") -> SpecError:
    """The error a design is refused with; it says what to do."""
    with pytest.raises(SpecError) as caught:
        ModelSpec.parse({"name": name, "layers": layers})
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.remedy
    return caught.value


def test_layers_by_kind() -> None:
    """Each layer of a design becomes the spec of its kind."""
    layers = ModelSpec.parse({"name": "mine", "layers": GOOD}).layers
    assert layers == (Input(), Flatten(), Output())
    assert ModelSpec(name="mine", layers=(Input(), Conv2D(), Output())).layers[1] == Conv2D()


def test_setting_of_a_layer() -> None:
    """A wrong setting is named with its layer, counted from 1."""
    error = refusal([GOOD[0], {"kind": "conv2d", "filters": 0}, GOOD[2]])
    assert error.what == "The setting layer 2.filters is not valid"
    assert error.expected == "layer 2.filters a whole number at least 1 and at most 4,096"
    assert error.received == "0"
    assert error.remedy == "Use for example 32"


def test_unknown_setting_of_a_layer() -> None:
    """An unknown setting of a layer is answered with the closest of that layer."""
    error = refusal([GOOD[0], {"kind": "conv2d", "filter": 8}, GOOD[2]])
    assert error.received == "an unknown setting layer 2.filter"
    assert error.remedy == "Did you mean filters?"
    assert "kernel_size" in error.expected


def test_unknown_kind() -> None:
    """An unknown kind of layer is refused with all that are known."""
    error = refusal([GOOD[0], {"kind": "conv3d"}, GOOD[2]])
    assert "layer 2" in error.expected
    assert "conv2d" in error.expected
    assert "conv3d" in error.received


@pytest.mark.parametrize("layer", [{}, {"filters": 3}, 3, None, "conv2d", []])
def test_no_kind(layer: object) -> None:
    """A layer without a kind, or that is no layer at all, is refused by its place."""
    assert "layer 2" in refusal([GOOD[0], layer, GOOD[2]]).what


@pytest.mark.parametrize("layers", [[], None, 3, "input", {"kind": "input"}, GOOD * 200])
def test_no_list_of_layers(layers: object) -> None:
    """No layers, more than 500, or something that is no list, is refused."""
    assert "layers" in refusal(layers).what


def test_layers_are_needed() -> None:
    """A design without layers says that they are missing."""
    with pytest.raises(SpecError) as caught:
        ModelSpec.parse({"name": "mine"})
    assert caught.value.expected == "a value for layers"
    assert caught.value.received == "none"
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "a\n", "x" * 61, "<b>", None])
def test_names(name: object) -> None:
    """A design's name is at most 60 letters, digits and a few signs, without slash or line break."""
    assert "name" in refusal(GOOD, name).what


def test_odd_names_that_are_fine() -> None:
    """Letters of any language are fine in a design's name."""
    assert ModelSpec.parse({"name": "größe 2.0 (neu)", "layers": GOOD}).name == "größe 2.0 (neu)"


def test_too_many_layers_are_refused_at_once() -> None:
    """A list of 200,000 broken layers is refused by its length, in one short sentence."""
    with pytest.raises(SpecError, match="at most 500 layers") as caught:
        ModelSpec.parse({"name": "long", "layers": [{}] * 200_000})
    assert len(str(caught.value)) < 500


def test_many_problems_are_told_in_part() -> None:
    """Of a hundred broken layers the first five are named, and how many more there are."""
    with pytest.raises(SpecError, match="and 95 more") as caught:
        ModelSpec.parse({"name": "broken", "layers": [{}] * 100})
    assert len(str(caught.value)) < 5000
