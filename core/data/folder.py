"""A folder of class folders, with or without train/, val/ and test/ above them."""

from __future__ import annotations

import hashlib
import os
from functools import cached_property
from pathlib import Path

from core.data.decode import SUFFIXES, Fit, decode
from core.data.source import Item, Part, Pixels, Skipped, require_two
from core.errors import DataError, NotFoundError

_PARTS = {
    "train": Part.TRAIN,
    "training": Part.TRAIN,
    "val": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "validation": Part.VALIDATION,
    "test": Part.TEST,
    "testing": Part.TEST,
}


class FolderSource:
    """Images in class folders; file names relative to the folder are the items' names."""

    default_size = 64
    default_channels = 3

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise NotFoundError(
                f"There is no folder {folder}",
                expected="a folder that holds one folder of images for each class",
                received="a file" if folder.exists() else "a path that does not exist",
                remedy="Check the path",
            )
        self.folder = folder
        self.title = folder.name
        self.skipped: list[Skipped] = []
        found = self._find()
        self.classes = tuple(sorted({label for _, label, _ in found}))
        order = {label: index for index, label in enumerate(self.classes)}
        self.items = [Item(name, order[label], part) for name, label, part in found]
        if not self.items:
            raise self._empty()
        require_two(self.title, self.classes)

    def fingerprint(self) -> str:
        digest = hashlib.sha256(str(self.folder).encode())
        for item in self.items:
            stat = (self.folder / item.name).stat()
            digest.update(f"{item.name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:24]

    def content(self) -> str:
        digest = hashlib.sha256()
        for item, file in zip(self.items, self._digests, strict=True):
            digest.update(f"{item.name}\0{item.part}\0{file}\n".encode())
        return digest.hexdigest()[:24]

    def pixels(
        self, index: int, size: int, fit: Fit, channels: int
    ) -> tuple[Pixels, tuple[int, int]]:
        return decode(self.folder / self.items[index].name, size, fit=fit, channels=channels)

    @cached_property
    def _digests(self) -> list[str]:
        return [_file_digest(self.folder / item.name) for item in self.items]

    def _find(self) -> list[tuple[str, str, Part]]:
        """(name, class, part) of every image file, sorted; other files go to `skipped`."""
        root = self.folder
        while not (folders := _folders(root)) or len(folders) == 1:
            # a single folder inside is what zipping a folder makes: look inside it, unless it
            # holds images, which makes it a class
            if not folders or not _folders(folders[0]):
                break
            root = folders[0]
        parts = {path: _PARTS.get(path.name.lower()) for path in folders}
        split = bool(parts) and all(parts.values()) and Part.TRAIN in parts.values()
        split = split and any(_folders(path) for path in folders)
        found = []
        tops = (
            [(path, parts[path] or Part.ANY) for path in folders] if split else [(root, Part.ANY)]
        )
        for top, part in tops:
            for class_folder in _folders(top):
                found += [
                    (path.relative_to(self.folder).as_posix(), class_folder.name, part)
                    for path in self._images(class_folder)
                ]
            self.skipped += [
                Skipped(path.relative_to(self.folder).as_posix(), "not inside a class folder")
                for path in sorted(top.iterdir())
                if path.is_file() and not path.name.startswith(".")
            ]
        return found

    def _images(self, class_folder: Path) -> list[Path]:
        images = []
        for top, folders, files in os.walk(class_folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = Path(top) / name
                if name.startswith("."):
                    continue
                if path.suffix.lower() in SUFFIXES:
                    images.append(path)
                else:
                    relative = path.relative_to(self.folder).as_posix()
                    reason = f"{path.suffix or 'no suffix'} is not an image suffix"
                    self.skipped.append(Skipped(relative, reason))
        return images

    def _empty(self) -> DataError:
        if self.skipped:
            received = f"{len(self.skipped)} files, none of them an image inside a class folder"
        else:
            received = "an empty folder"
        return DataError(
            f"There are no images to learn from in {self.folder}",
            expected="one folder of PNG, JPEG, WebP, BMP or GIF images for each class, such as "
            "cats/ and dogs/",
            received=received,
            remedy="Put the images of each class into a folder with the class's name",
        )


def _folders(path: Path) -> list[Path]:
    return sorted(
        child
        for child in path.iterdir()
        if child.is_dir() and not child.name.startswith(".") and child.name != "__MACOSX"
    )


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:  # decoding will list it as unreadable, with the reason
        return f"unreadable {error.errno}"
