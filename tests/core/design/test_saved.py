"""Tests that a saved model's weights are read as Keras wrote them, and damage is told."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core.design import saved
from core.errors import ModelError


def write(
    folder: Path, layers: list[tuple[str, str]], arrays: dict[str, list[Any]]
) -> dict[str, bytes]:
    """A small model.keras of layers (class, name) with arrays by group; returns its members."""
    config = {
        "class_name": "Functional",
        "config": {"layers": [{"class_name": kind, "config": {"name": n}} for kind, n in layers]},
    }
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_group("layers")
        for group, values in arrays.items():
            for number, value in enumerate(values):
                file[f"layers/{group}/vars/{number}"] = value
    members = {
        "metadata.json": b"{}",
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": content.getvalue(),
    }
    pack(folder, members)
    return members


def pack(folder: Path, members: dict[str, bytes]) -> None:
    """Write model.keras with these members."""
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def refusal(folder: Path) -> ModelError:
    """The error with which a file is refused; every part of it is filled in."""
    with pytest.raises(ModelError) as caught:
        saved.read(folder)
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.remedy
    assert caught.value.__cause__ is not None
    return caught.value


def test_names_go_by_order(tmp_path: Path) -> None:
    """Layers are told apart by their class and their place among those of the class."""
    layers = [
        ("InputLayer", "image"), ("Conv2D", "b"), ("BatchNormalization", "norm"), ("Conv2D", "a"),
        ("SeparableConv2D", "s"), ("Conv2D", "c"),
    ]  # fmt: skip
    arrays: dict[str, list[Any]] = {
        "conv2d": [[1.0], [2.0]], "conv2d_1": [[3.0]], "conv2d_2": [[[4.0]]],
        "batch_normalization": [[5.0]] * 4, "separable_conv2d": [[6.0], [7.0], [8.0]],
    }  # fmt: skip
    write(tmp_path, layers, arrays)
    found = saved.read(tmp_path)
    assert list(found) == [name for _, name in layers]
    assert found["image"] == ()
    assert [float(array.sum()) for array in found["b"]] == [1, 2]
    assert float(found["a"][0].sum()) == 3
    assert found["c"][0].shape == (1, 1)
    assert len(found["norm"]) == 4
    assert [float(array.sum()) for array in found["s"]] == [6, 7, 8]
    assert all(array.dtype == np.float32 for arrays in found.values() for array in arrays)


def test_more_than_ten_weights(tmp_path: Path) -> None:
    """Weights are in the order of their numbers: 2 before 10."""
    write(tmp_path, [("Dense", "d")], {"dense": [[float(i)] for i in range(12)]})
    assert [float(array[0]) for array in saved.read(tmp_path)["d"]] == list(range(12))


def test_missing(tmp_path: Path) -> None:
    """Without model.keras the error says so, and when it will be there."""
    error = refusal(tmp_path)
    assert error.received == "no such file"
    assert "first epoch" in error.remedy
    (tmp_path / "model.keras").mkdir()
    assert "no such file" not in refusal(tmp_path).received


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: content[:0],
    "half written": lambda content: content[: len(content) // 2],
    "end missing": lambda content: content[:-10],
    "start missing": lambda content: content[100:],
    "no zip": lambda content: b"x" * len(content),
    "flipped": lambda content: content.replace(b"\x89HDF", b"\x89HDX"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """A file that is damaged or half written is refused with its size and what was found."""
    write(tmp_path, [("Dense", "d")], {"dense": [[[1.0]], [0.0]]})
    path = tmp_path / "model.keras"
    path.write_bytes(damage(path.read_bytes()))
    error = refusal(tmp_path)
    assert f"{path.stat().st_size:,} bytes" in error.received
    assert error.what == f"The model of the run {tmp_path.name} cannot be read"


@pytest.mark.parametrize(
    "changed",
    [
        {"config.json": None},
        {"model.weights.h5": None},
        {"config.json": b"{"},
        {"config.json": b"[]"},
        {"config.json": b"{}"},
        {"config.json": b'{"config": {"layers": [7]}}'},
        {"config.json": b"[" * 100_000},
        {"model.weights.h5": b""},
        {"model.weights.h5": b"\x89HDF\r\n\x1a\n and no more"},
    ],
    ids=str,
)
def test_strange_members(tmp_path: Path, changed: dict[str, bytes | None]) -> None:
    """A whole zip whose parts are missing or not what they should be is refused as well."""
    members = write(tmp_path, [("Dense", "d")], {"dense": [[[1.0]], [0.0]]}) | changed
    pack(tmp_path, {name: content for name, content in members.items() if content is not None})
    refusal(tmp_path)


@pytest.mark.parametrize("value", ["text", [b"a"], [1j]], ids=str)
def test_no_numbers(tmp_path: Path, value: Any) -> None:
    """Weights that are no real numbers are refused."""
    write(tmp_path, [("Dense", "d")], {"dense": [value]})
    refusal(tmp_path)


def test_missing_group(tmp_path: Path) -> None:
    """A layer of which the file has nothing has no weights; core.design.weights looks at that."""
    write(tmp_path, [("Dense", "d"), ("Dense", "e")], {"dense": [[1.0]]})
    assert saved.read(tmp_path)["e"] == ()


def test_strange_numbering(tmp_path: Path) -> None:
    """Weights whose numbers have a hole are refused."""
    members = write(tmp_path, [("Dense", "d")], {"dense": [[1.0], [2.0]]})
    content = io.BytesIO(members["model.weights.h5"])
    with h5py.File(content, "a") as file:
        file.move("layers/dense/vars/1", "layers/dense/vars/2")
    pack(tmp_path, members | {"model.weights.h5": content.getvalue()})
    refusal(tmp_path)
