"""The network as a picture."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from core.design.analysis import analyse
from core.design.picture import svg
from core.design.presets import PRESETS, Preset, preset
from core.specs import Dense, Input, ModelSpec, Output
from tests.core.design.strategies import designs

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_one_group_a_layer(item: Preset) -> None:
    """The picture is well-formed SVG with one numbered group for each layer."""
    root = ElementTree.fromstring(svg(analyse(item.model, (64, 64, 3), 12), alone=True))
    numbers = [g.get("data-number") for g in root.iter(f"{SPACE}g") if g.get("class") == "layer"]
    assert numbers == [str(number) for number in range(1, len(item.model.layers) + 1)]
    assert item.name in (root.get("aria-label") or "")


@given(designs())
@settings(max_examples=100, deadline=None)
def test_nothing_leaves_the_picture(
    example: tuple[ModelSpec, tuple[int, int, int], int],
) -> None:
    """Every box and letter of any design lies inside the picture."""
    root = ElementTree.fromstring(svg(analyse(*example)))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for box in root.iter(f"{SPACE}rect"):
        x, y, w, h = (float(box.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
    for text in root.iter(f"{SPACE}text"):
        assert 0 <= float(text.get("x", 0)) <= width
        assert 0 <= float(text.get("y", 0)) <= height


def test_heaviest_layer_is_named() -> None:
    """The layer with most multiply-adds is marked with its share."""
    drawn = svg(analyse(preset("starter").model, (64, 64, 3), 12))
    assert drawn.count("heaviest: 83% of the work") == 1


def test_a_design_with_a_mistake_is_drawn_as_far_as_it_goes() -> None:
    """What comes after a layer that does not fit is left out."""
    model = ModelSpec(name="mine", layers=(Input(), Dense(), Output()))
    assert svg(analyse(model, (8, 8, 3), 2)).count('class="layer"') == 1


def test_names_are_escaped() -> None:
    """A design's name cannot bring markup into the page."""
    model = ModelSpec.model_construct(name="<script>", layers=(Input(),))
    assert "<script>" not in svg(analyse(model, (8, 8, 3), 2), alone=True)
