"""Tests of folders of class folders, in the shapes that people have them."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from core.data.folder import FolderSource
from core.data.source import Part
from core.errors import DataError, NotFoundError
from tests.conftest import COLORS, draw_example, write_examples


def put(path: Path, number: int = 0) -> Path:
    """One small image at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_example("circles", number).save(path, "PNG")
    return path


def skipped(source: FolderSource) -> dict[str, str]:
    """The files left out, with the reason."""
    return {item.name: item.reason for item in source.skipped}


def test_class_folders(examples: Path) -> None:
    """Each folder is a class; items are named by their path, and no part is fixed."""
    source = FolderSource(examples)
    assert source.classes == tuple(sorted(COLORS))
    assert Counter(source.classes[item.label] for item in source.items) == dict.fromkeys(COLORS, 20)
    assert source.items[0].name == "circles/000.png"
    assert {item.part for item in source.items} == {Part.ANY}
    assert source.skipped == []
    assert (source.title, source.default_size, source.default_channels) == ("examples", 64, 3)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Train", "Validation", "Test"),
        ("training", "valid", "testing"),
        ("TRAIN", None, "TEST"),
        ("train", "val", None),
    ],
)
def test_split_layouts(
    tmp_path: Path, train: str, validation: str | None, test: str | None
) -> None:
    """Folders named train, val and test, in usual spellings, fix the part of what is in them."""
    wanted = {train: Part.TRAIN, validation: Part.VALIDATION, test: Part.TEST}
    wanted.pop(None, None)
    for top in wanted:
        write_examples(tmp_path / str(top), per_class=2)
    source = FolderSource(tmp_path)
    assert source.classes == tuple(sorted(COLORS))
    found = {item.name.split("/")[0]: item.part for item in source.items}
    assert found == wanted
    assert len(source.items) == 6 * len(wanted)


def test_split_folder_with_loose_test_images(tmp_path: Path) -> None:
    """Images directly in test/, as in competitions, belong to no class and are listed."""
    write_examples(tmp_path / "train", per_class=2)
    put(tmp_path / "test" / "1.png")
    put(tmp_path / "loose.png")
    source = FolderSource(tmp_path)
    assert {item.part for item in source.items} == {Part.TRAIN}
    assert skipped(source) == dict.fromkeys(
        ("test/1.png", "loose.png"), "not inside a class folder"
    )


def test_classes_named_like_parts(tmp_path: Path) -> None:
    """Folders train and test that hold images, not folders, are classes."""
    for name in ("train", "test"):
        put(tmp_path / name / "1.png")
    assert FolderSource(tmp_path).classes == ("test", "train")


def test_one_folder_around(tmp_path: Path) -> None:
    """A single folder around the class folders, as zipping makes it, is looked into."""
    write_examples(tmp_path / "a" / "b", per_class=1)
    (tmp_path / "readme.txt").touch()
    source = FolderSource(tmp_path)
    assert source.classes == tuple(sorted(COLORS))
    assert source.items[0].name == "a/b/circles/000.png"
    assert skipped(source) == {"readme.txt": "not inside a class folder"}


def test_one_folder_around_a_split(tmp_path: Path) -> None:
    """A single folder around train/ and test/ is looked into as well."""
    for top in ("train", "test"):
        write_examples(tmp_path / "gear" / top, per_class=1)
    assert {item.part for item in FolderSource(tmp_path).items} == {Part.TRAIN, Part.TEST}


def test_single_class_with_a_folder_inside(tmp_path: Path) -> None:
    """A single folder with images and a subfolder is one class, not a wrapping."""
    put(tmp_path / "cats" / "1.png")
    put(tmp_path / "cats" / "more" / "2.png", 1)
    with pytest.raises(DataError, match="only one class") as caught:
        FolderSource(tmp_path)
    assert "cats" in caught.value.received


def test_hidden_files_and_macosx(examples: Path) -> None:
    """Files and folders that begin with a dot, and __MACOSX, are passed over without a word."""
    put(examples / "circles" / ".hidden.png")
    put(examples / "circles" / "._000.png")
    put(examples / ".git" / "1.png")
    put(examples / "circles" / ".thumbs" / "1.png")
    put(examples / "__MACOSX" / "circles" / "000.png")
    (examples / ".DS_Store").touch()
    source = FolderSource(examples)
    assert len(source.items) == 60
    assert source.classes == tuple(sorted(COLORS))
    assert source.skipped == []


def test_other_files_are_listed(examples: Path) -> None:
    """Files that are no images, and images outside of class folders, are listed with the reason."""
    (examples / "circles" / "notes.txt").touch()
    (examples / "circles" / "README").touch()
    put(examples / "loose.png")
    source = FolderSource(examples)
    assert len(source.items) == 60
    assert skipped(source) == {
        "circles/notes.txt": ".txt is not an image suffix",
        "circles/README": "no suffix is not an image suffix",
        "loose.png": "not inside a class folder",
    }


def test_nested_folders_and_suffixes(examples: Path) -> None:
    """Images in folders inside a class folder belong to the class, whatever the suffix's case."""
    put(examples / "circles" / "a" / "b" / "deep.PNG")
    put(examples / "circles" / "photo.JPEG")
    put(examples / "circles" / "folder.png" / "inside.webp")
    source = FolderSource(examples)
    names = {item.name for item in source.items if source.classes[item.label] == "circles"}
    extra = {"circles/a/b/deep.PNG", "circles/photo.JPEG", "circles/folder.png/inside.webp"}
    assert extra <= names
    assert len(source.items) == 63


def test_empty_folder(tmp_path: Path) -> None:
    """An empty folder is refused with the layout that is expected."""
    with pytest.raises(DataError, match="no images to learn from") as caught:
        FolderSource(tmp_path)
    assert caught.value.received == "an empty folder"
    assert "one folder" in caught.value.expected
    assert caught.value.remedy


def test_images_directly_in_the_folder(tmp_path: Path) -> None:
    """A folder of images without class folders is refused, and told apart from an empty one."""
    for number in range(3):
        put(tmp_path / f"{number}.png", number)
    with pytest.raises(DataError) as caught:
        FolderSource(tmp_path)
    assert "3 files" in caught.value.received
    assert "class" in caught.value.remedy


def test_missing_folder_and_file(tmp_path: Path) -> None:
    """A path that does not exist and one that is a file are refused, each by what it is."""
    with pytest.raises(NotFoundError) as caught:
        FolderSource(tmp_path / "gone")
    assert caught.value.received == "a path that does not exist"
    with pytest.raises(NotFoundError) as caught:
        FolderSource(put(tmp_path / "image.png"))
    assert caught.value.received == "a file"


def test_one_class(tmp_path: Path) -> None:
    """A single class is refused by its name: there is nothing to tell apart."""
    put(tmp_path / "cats" / "1.png")
    with pytest.raises(DataError, match="only one class") as caught:
        FolderSource(tmp_path)
    assert "cats" in caught.value.received
    assert "2 classes" in caught.value.expected


def test_class_folder_without_images(examples: Path) -> None:
    """A class folder that holds no image is no class, and is listed."""
    (examples / "empty").mkdir()
    (examples / "texts").mkdir()
    (examples / "texts" / "a.txt").touch()
    source = FolderSource(examples)
    assert source.classes == tuple(sorted(COLORS))
    assert skipped(source) == {
        "empty/": "no image in this class folder",
        "texts/": "no image in this class folder",
        "texts/a.txt": ".txt is not an image suffix",
    }


@pytest.mark.parametrize(
    "name", ["größe", "猫", "with space", "a'b\"c", "50%", "new\nline", "🙂", "-dash", "x" * 200]
)
def test_odd_names(examples: Path, name: str) -> None:
    """Any name that the disk takes is a class and a file like others."""
    put(examples / name / f"{name[:100]} 1.png")
    source = FolderSource(examples)
    assert name in source.classes
    assert f"{name}/{name[:100]} 1.png" in {item.name for item in source.items}
    assert source.fingerprint()
    assert source.content()


def test_names_that_are_not_unicode(examples: Path) -> None:
    """Files whose names are in another encoding are listed and left out; the rest goes on."""
    for name in (b"caf\xe9/1.png", b"circles/\xff.png"):
        put(examples / os.fsdecode(name))
    source = FolderSource(examples)
    assert source.classes == tuple(sorted(COLORS))
    assert len(source.items) == 60
    for name in ("caf?/1.png", "circles/?.png"):
        assert "not valid Unicode" in skipped(source)[name]
    assert source.fingerprint()


def test_links(examples: Path, tmp_path: Path) -> None:
    """A link to an image is an image; a link to nothing stays an item that decoding will refuse."""
    elsewhere = put(tmp_path / "elsewhere.png")
    (examples / "circles" / "link.png").symlink_to(elsewhere)
    (examples / "circles" / "broken.png").symlink_to(tmp_path / "gone.png")
    source = FolderSource(examples)
    assert len(source.items) == 62
    before = source.fingerprint(), source.content()
    put(tmp_path / "gone.png")
    again = FolderSource(examples)
    assert again.fingerprint() != before[0]
    assert again.content() != before[1]


def test_content_follows_the_images(examples: Path, tmp_path: Path) -> None:
    """The content digest is the same wherever the folder lies, and new when a byte or name is."""
    first = FolderSource(examples)
    moved = tmp_path / "moved"
    shutil.copytree(examples, moved)
    second = FolderSource(moved)
    assert second.content() == first.content()
    fingerprint = second.fingerprint()
    assert fingerprint != first.fingerprint()
    with (moved / "circles" / "000.png").open("ab") as file:
        file.write(b"\0")
    changed = FolderSource(moved)
    assert changed.content() != first.content()
    assert changed.fingerprint() != fingerprint
    (examples / "circles" / "000.png").rename(examples / "circles" / "999.png")
    assert FolderSource(examples).content() != first.content()


def test_content_follows_the_parts(tmp_path: Path) -> None:
    """The same files under other parts or classes are another content."""
    put(tmp_path / "a" / "x" / "1.png")
    put(tmp_path / "a" / "y" / "1.png")
    wrapped = FolderSource(tmp_path).content()
    (tmp_path / "b").mkdir()  # now `a` is a class, and the only one
    with pytest.raises(DataError, match="only one class"):
        FolderSource(tmp_path)
    put(tmp_path / "b" / "1.png")
    source = FolderSource(tmp_path)
    assert source.classes == ("a", "b")
    assert source.content() != wrapped


def test_same_order_every_time(examples: Path) -> None:
    """Items come in the order of class folders and names, whatever the disk's order."""
    (examples / "circles" / "zzz.png").write_bytes((examples / "circles/000.png").read_bytes())
    (examples / "circles" / "000a.png").write_bytes((examples / "circles/000.png").read_bytes())
    names = [item.name for item in FolderSource(examples).items]
    assert names == sorted(names)


def test_pixels(examples: Path) -> None:
    """An item decodes to the size and channels asked for, with the file's own size."""
    source = FolderSource(examples)
    pixels, size = source.pixels(0, 24, "pad", 1)
    assert pixels.shape == (24, 24, 1)
    assert size == (40, 40)


def test_a_folder_beside_train_and_test_is_left_out(tmp_path: Path) -> None:
    """logs/ beside train/ and test/ is listed as left out, and does not hide the split."""
    for part in ("train", "test"):
        write_examples(tmp_path / "set" / part, per_class=2)
    (tmp_path / "set" / "logs").mkdir()
    source = FolderSource(tmp_path / "set")
    assert source.classes == ("circles", "crosses", "squares")
    assert {item.part for item in source.items} == {Part.TRAIN, Part.TEST}
    assert [item.name for item in source.skipped] == ["logs/"]


def test_train_and_test_that_hold_images_are_classes(tmp_path: Path) -> None:
    """Folders called train and test without class folders inside are two classes like any other."""
    for label in ("train", "test"):
        (tmp_path / "set" / label).mkdir(parents=True)
        draw_example("circles", 1).save(tmp_path / "set" / label / "1.png")
    assert FolderSource(tmp_path / "set").classes == ("test", "train")
