"""Photos of one's own are kept class by class, and nothing else gets into their folders."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core import workspace
from core.data.collection import LEAST, Collection, class_name
from core.data.dataset import load
from core.errors import DataError, ImageError, StorageError
from core.specs import DataSpec


def photo(seed: int, kind: str = "JPEG") -> bytes:
    """A file of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def own(home: Path) -> Collection:
    """An empty collection of a workspace of its own."""
    assert workspace.home() == home
    return Collection()


def test_photos_become_a_set(own: Collection) -> None:
    """Which any run can learn from; a photo that comes twice is kept once."""
    for name, first in (("cat", 0), ("dog", 100)):
        own.add_class(name)
        for seed in range(first, first + LEAST):
            own.add(name, photo(seed, "PNG" if seed % 2 else "JPEG"))
        own.add(name, photo(first))
    assert {name: len(paths) for name, paths in own.classes.items()} == {"cat": LEAST, "dog": LEAST}
    data = load(DataSpec(source=own.name, size=16, together="copies"))
    assert data.counts() == {"cat": LEAST, "dog": LEAST}
    split = data.split(0.15)
    assert all(len(part) >= 2 for part in (split.train, split.validation, split.test))


def test_a_class_is_renamed_and_deleted(own: Collection) -> None:
    """With its photos."""
    own.add_class("cat")
    own.add("cat", photo(1))
    assert own.rename("cat", "  small   cat ") == "small cat"
    assert [len(paths) for paths in own.classes.values()] == [1]
    assert own.rename("small cat", "small cat") == "small cat"
    assert own.rename("small cat", "Small cat") == "Small cat"
    assert own.rename("Small cat", "small cat") == "small cat"
    with pytest.raises(StorageError):
        own.rename("gone", "new")
    assert list(own.classes) == ["small cat"]
    own.remove("small cat")
    assert own.classes == {"small cat": []}
    own.remove("small cat")
    own.remove_class("small cat")
    assert own.classes == {}
    own.add_class("a")
    own.clear()
    own.clear()
    assert not own.folder.exists()


@pytest.mark.parametrize("name", ["", "  ", "..", "a/b", "a\\b", ".hidden", "x" * 61, "a\nb\x00"])
def test_names_that_no_class_can_have(own: Collection, name: str) -> None:
    """They are refused with the reason."""
    with pytest.raises(DataError, match="cannot have that name"):
        own.add_class(name)
    assert not own.classes


@given(st.text(max_size=70))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    """Whatever is typed is the name of one folder, or none; and stays what it is."""
    try:
        made = class_name(name)
    except DataError:
        return
    assert Path(made).name == made
    assert (Path("own") / made).resolve().parent == Path("own").resolve()
    assert made.isprintable()
    assert class_name(made) == made


def test_a_name_is_taken_once(own: Collection) -> None:
    """Also in other letters, which some disks take for the same."""
    own.add_class("Cat")
    with pytest.raises(DataError, match="There is a class Cat already"):
        own.add_class("cat")


def test_what_is_no_photo_is_refused(own: Collection) -> None:
    """And leaves nothing behind."""
    own.add_class("cat")
    for content in (b"", b"no photo", photo(3)[:200]):
        with pytest.raises(ImageError):
            own.add("cat", content)
    assert own.classes == {"cat": []}
