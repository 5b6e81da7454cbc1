"""A design as JSON and as a link."""

from __future__ import annotations

import base64
import json
import re
import zlib

import pytest
from hypothesis import given, settings

from core.design import designs as files
from core.design import link
from core.design.presets import PRESETS, Preset, preset
from core.errors import SpecError
from core.specs import Conv2D, Input, ModelSpec, Vary
from tests.core.design.strategies import designs


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_every_preset_survives(item: Preset) -> None:
    """A preset comes out of its link and of its JSON as it went in."""
    assert link.unpack(link.pack(item.model)) == item.model
    assert ModelSpec.parse(json.loads(link.text(item.model))) == item.model


@given(designs())
@settings(max_examples=100, deadline=None)
def test_every_design_survives(example: tuple[ModelSpec, tuple[int, int, int], int]) -> None:
    """Any design comes out of its link and of its JSON as it went in."""
    assert link.unpack(link.pack(example[0])) == example[0]
    assert ModelSpec.parse(json.loads(link.text(example[0]))) == example[0]


def test_marks_and_switches_survive() -> None:
    """What is switched off or marked to vary is in the link."""
    layer = Conv2D(on=False, vary=(Vary(setting="filters", low=8, high=64), Vary(setting="on")))
    model = ModelSpec(name="mine", layers=(Input(), layer))
    assert link.unpack(link.pack(model)) == model


def test_fit_for_an_address() -> None:
    """A link needs no escaping, and a preset's is short."""
    word = link.pack(preset("lab-cifar10").model)
    assert re.fullmatch(r"[\w-]+", word)
    assert len(word) < 400


def test_the_file_can_be_read_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The JSON file is what the command line takes as a design, one layer a line."""
    path = tmp_path_factory.mktemp("file") / "mine.json"
    model = preset("resnet-mini").model
    path.write_text(link.text(model))
    assert files.read(str(path)).model == model
    assert len(path.read_text().splitlines()) == len(model.layers) + 5


@pytest.mark.parametrize(
    "word",
    [
        "",
        "1",
        "2abc",
        "1!!!!",
        "1" + "A" * 50,
        link.pack(preset("starter").model)[:-8],
        "1" + base64.urlsafe_b64encode(zlib.compress(b"[1]")).decode(),
        "1" + base64.urlsafe_b64encode(zlib.compress(b"x" * 5_000_000)).decode(),
    ],
)
def test_damaged_links(word: str) -> None:
    """A link that is cut short, damaged or a bomb is refused in our words."""
    with pytest.raises(SpecError, match="holds no design"):
        link.unpack(word)


def test_a_link_with_an_unknown_layer() -> None:
    """A link from a version with other layers says which layer it does not know."""
    plain = b'{"name": "new", "layers": [{"kind": "input"}, {"kind": "attention"}]}'
    word = "1" + base64.urlsafe_b64encode(zlib.compress(plain)).decode()
    with pytest.raises(SpecError, match="attention"):
        link.unpack(word)
