"""Tests of what a name, a folder and a zip stand for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.data import catalogue
from core.data.arrays import ArraySource
from core.data.catalogue import entries, locate, source
from core.data.drawn import SketchSource
from core.data.folder import FolderSource
from core.errors import DataError, NotFoundError
from tests.conftest import COLORS, write_examples

BUILT_IN = ["sketches", "cifar10", "mnist", "fashion-mnist"]


def test_built_in_sets(home: Path) -> None:
    """An empty workspace has the sketches, ready, and three sets that are not there yet."""
    assert {entry.name: entry.ready for entry in entries()} == {
        "sketches": True,
        "cifar10": False,
        "mnist": False,
        "fashion-mnist": False,
    }
    assert "not photos" in entries()[0].description


def test_own_sets(home: Path) -> None:
    """Folders in datasets/ are sets by their name, after the built-in ones; hidden ones are none."""
    for name in ("zebra", "apple", ".cache"):
        (home / "datasets" / name).mkdir(parents=True)
    (home / "datasets" / "mnist.npz").touch()
    assert [entry.name for entry in entries()] == [*BUILT_IN, "apple", "zebra"]
    assert {entry.name for entry in entries() if entry.ready} >= {"mnist", "apple"}


def test_locate_names(home: Path) -> None:
    """A name of the catalogue stands for itself."""
    write_examples(home / "datasets" / "shapes", per_class=1)
    for name in (*BUILT_IN, "shapes"):
        assert locate(name) == name


def test_locate_folder(
    home: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder stands for its whole path, also when given relative to where one is or with ~."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in (str(examples), "examples", "./examples/", "~/examples"):
        assert locate(text) == str(examples)


def test_name_before_folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of the catalogue wins over a folder of that name; ./ says that the folder is meant."""
    write_examples(tmp_path / "sketches", per_class=1)
    monkeypatch.chdir(tmp_path)
    assert locate("sketches") == "sketches"
    assert locate("./sketches") == str(tmp_path / "sketches")


def test_locate_zip(home: Path, examples: Path, tmp_path: Path) -> None:
    """A zip is imported, and stands for the set it became."""
    file = shutil.make_archive(str(tmp_path / "My shapes"), "zip", examples)
    name = locate(file)
    assert name.startswith("my-shapes-")
    assert name in {entry.name for entry in entries()}
    found = source(name)
    assert isinstance(found, FolderSource)
    assert found.classes == tuple(sorted(COLORS))


def test_locate_another_file(home: Path, tmp_path: Path) -> None:
    """A file that is no zip is refused as such."""
    file = tmp_path / "notes.txt"
    file.write_text("nothing")
    with pytest.raises(DataError, match="not a whole zip"):
        locate(str(file))


@pytest.mark.parametrize(
    "text", ["", "nothing", "no/where", "/no/where", "~nobody-of-that-name/x", "x" * 5000, "a\0b"]
)
def test_locate_unknown(home: Path, text: str) -> None:
    """Text that is no name and no path is refused with the names there are."""
    with pytest.raises(NotFoundError) as caught:
        locate(text)
    assert "sketches, cifar10" in caught.value.expected
    assert caught.value.received == repr(text)
    assert caught.value.remedy


def test_suggestion(home: Path) -> None:
    """A misspelt name is answered with the closest one."""
    (home / "datasets" / "My-Photos").mkdir(parents=True)
    for text, meant in (
        ("sketchs", "sketches"),
        ("CIFAR-10", "cifar10"),
        ("my-photo", "My-Photos"),
    ):
        with pytest.raises(NotFoundError) as caught:
            locate(text)
        assert caught.value.remedy == f"Did you mean {meant}?"


def test_source_kinds(home: Path, examples: Path) -> None:
    """A name gives the built-in set of that name, or the folder in datasets/; a path its folder."""
    (home / "datasets").mkdir()
    (home / "datasets" / "mnist.npz").touch()
    write_examples(home / "datasets" / "shapes", per_class=1)
    assert isinstance(source("sketches"), SketchSource)
    assert isinstance(source("mnist"), ArraySource)
    own, other = source("shapes"), source(str(examples))
    assert isinstance(own, FolderSource)
    assert isinstance(other, FolderSource)
    assert (own.folder, other.folder) == (home / "datasets" / "shapes", examples)


@pytest.mark.parametrize("name", ["..", ".", ".cache", "../home", "shapes/circles", "gone", "a\0"])
def test_source_does_not_leave_datasets(home: Path, name: str) -> None:
    """A name never reaches a hidden folder or one outside of datasets/."""
    write_examples(home / "datasets" / "shapes", per_class=1)
    (home / "datasets" / ".cache").mkdir()
    with pytest.raises(NotFoundError):
        source(name)


def test_source_of_a_deleted_folder(home: Path, examples: Path) -> None:
    """A folder that is gone since it was chosen is not found, and the message names it."""
    shutil.rmtree(examples)
    with pytest.raises(NotFoundError, match="There is no folder"):
        source(str(examples))


def test_entry_is_frozen(home: Path) -> None:
    """Entries cannot be changed."""
    entry: catalogue.Entry = entries()[0]
    with pytest.raises(AttributeError):
        entry.name = "other"  # type: ignore[misc]


def test_a_folder_called_like_a_built_in_set_goes_by_its_path(home: Path) -> None:
    """datasets/mnist/ is listed beside MNIST under its path, so that both can be chosen."""
    folder = write_examples(home / "datasets" / "mnist", per_class=2)
    names = [entry.name for entry in catalogue.entries()]
    assert len(set(names)) == len(names)
    assert isinstance(catalogue.source(str(folder)), FolderSource)
    assert str(folder) in names
