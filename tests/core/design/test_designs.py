"""Tests of reading a design by a preset's name or from a JSON file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.design import designs
from core.design.designs import read
from core.design.presets import PRESETS, preset
from core.errors import NotFoundError, SpecError

LAYERS = [{"kind": "input"}, {"kind": "flatten"}, {"kind": "output"}]


def write(path: Path, content: object) -> str:
    """Write JSON, or bytes as they are; the path as text."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def test_preset_by_name() -> None:
    """A preset's name gives the preset."""
    assert read("starter") is preset("starter")


def test_every_preset_from_its_own_json(tmp_path: Path) -> None:
    """Every preset written as JSON is read as the same design."""
    for item in PRESETS:
        text = write(tmp_path / "design.json", item.model.model_dump(mode="json"))
        assert read(text).model == item.model


@pytest.mark.parametrize(
    ("file", "name"),
    [("mine.json", "mine"), ("größe 2.json", "größe 2"), ("a@b#c.json", "a-b-c")],
)
def test_name_of_the_file(tmp_path: Path, file: str, name: str) -> None:
    """A design without a name gets its file's; signs that a name cannot have become dashes."""
    found = read(write(tmp_path / file, {"layers": LAYERS}))
    assert found.name == name
    assert found.source == str(tmp_path / file)
    assert found.train == {}


def test_long_name_of_the_file(tmp_path: Path) -> None:
    """Of a long file name, what fits is the design's name."""
    assert read(write(tmp_path / f"{'x' * 100}.json", {"layers": LAYERS})).name == "x" * 60


def test_own_name(tmp_path: Path) -> None:
    """A name in the file wins over the file's name."""
    assert read(write(tmp_path / "a.json", {"name": "b", "layers": LAYERS})).name == "b"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        LAYERS,
        "starter",
        3,
        None,
    ],
    ids=["empty", "cut", "no text", "deep", "list", "text", "number", "null"],
)
def test_no_design(tmp_path: Path, content: object) -> None:
    """A file that is not JSON, or has something else than an object at its top, is refused by name."""
    text = write(tmp_path / "bad.json", content)
    with pytest.raises(SpecError, match=r"bad\.json is not a design") as caught:
        read(text)
    assert '{"name": "mine", "layers"' in caught.value.expected
    assert caught.value.received
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"layers": LAYERS, "colour": "red"}, "unknown setting colour"),
        ({"layers": [{"kind": "input", "size": 3}]}, "unknown setting layer 1.size"),
        ({"layers": [{"kind": "transformer"}]}, "transformer"),
        ({"layers": [{"kind": "dropout", "rate": float("nan")}]}, "layer 1.rate"),
        ({"layers": LAYERS[0]}, "layers"),
        ({}, "layers"),
    ],
)
def test_invalid_design(tmp_path: Path, content: object, word: str) -> None:
    """An unknown key, an unknown kind of layer and a bad value are refused by their name."""
    text = write(tmp_path / "bad.json", content)
    with pytest.raises(SpecError) as caught:
        read(text)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "nothing", "no/where.json", "~nobody-of-that-name/x", "x" * 5000]
)
def test_neither_preset_nor_file(text: str) -> None:
    """What is neither a preset nor a file is not found, with the presets there are."""
    with pytest.raises(NotFoundError) as caught:
        read(text)
    assert "starter" in caught.value.expected


def test_folder_is_no_file(tmp_path: Path) -> None:
    """A folder is no design."""
    with pytest.raises(NotFoundError):
        read(str(tmp_path))


def test_content_of_a_file() -> None:
    """The content of an uploaded file is read as the file would be; a large one is refused."""
    content = b'{"layers": [{"kind": "input"}, {"kind": "flatten"}, {"kind": "output"}]}'
    assert designs.parse(content, "my design.json").name == "my design"
    assert designs.parse(content, ".json").layers[1].KIND == "flatten"
    with pytest.raises(SpecError, match="is not a design"):
        designs.parse(b" " * 2_000_000, "large.json")
