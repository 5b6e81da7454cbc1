"""Photos of one's own, put together class by class: datasets/<name>/<class>/<digest>.<kind>."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from pathlib import Path

from PIL import Image

from core import files, workspace
from core.data.decode import SUFFIXES, decode
from core.errors import DataError, storing

NAME = "my-photos"
LEAST = 5  # photos of a class, so that each part of a split has one
_LONGEST = 60  # characters of a class
_KINDS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif"}
_TRIED = 32  # pixels at which a photo is decoded to see whether it can be


class Collection:
    """The class folders of one set, in the order of their names."""

    def __init__(self, name: str = NAME) -> None:
        self.name = name
        self.folder = workspace.datasets_folder() / name

    @property
    def classes(self) -> dict[str, list[Path]]:
        """The photos of each class, the oldest first."""
        if not self.folder.is_dir():
            return {}
        folders = (path for path in self.folder.iterdir() if path.is_dir() and path.name[0] != ".")
        return {folder.name: _photos(folder) for folder in sorted(folders)}

    def add_class(self, name: str) -> str:
        """Make a class; returns its name as it is kept. Raises DataError, StorageError."""
        name = self._free(name)
        files.made_folder(self.folder / name, "make a class")
        return name

    def _free(self, text: str, but: str = "") -> str:
        """A name that no class but that one has; raises DataError."""
        name = class_name(text)
        for known in self.classes:
            # some disks take small and capital letters for the same
            if known != but and known.casefold() == name.casefold():
                raise DataError(
                    f"There is a class {known} already",
                    expected="a name of its own for each class",
                    received=repr(name),
                    remedy="Choose another name, or add photos to the class that is there",
                )
        return name

    def rename(self, old: str, new: str) -> str:
        """Give a class another name; returns it as it is kept. Raises DataError, StorageError."""
        made = self._free(new, but=old)
        with storing(self.folder, "rename a class"):
            (self.folder / old).rename(self.folder / made)
        return made

    def remove_class(self, name: str) -> None:
        """Delete a class with its photos; raises StorageError."""
        with storing(self.folder, "delete a class"):
            shutil.rmtree(self.folder / name, ignore_errors=False)

    def add(self, name: str, photo: bytes) -> Path:
        """Keep a photo in a class, once however often it comes.

        Raises:
            ImageError: it cannot be read.
            StorageError: there is no room.
        """
        decode(photo, _TRIED, fit="pad", channels=3)
        with Image.open(io.BytesIO(photo)) as opened:
            kind = _KINDS.get(str(opened.format), ".png")
        path = self.folder / name / f"{hashlib.blake2b(photo, digest_size=10).hexdigest()}{kind}"
        files.made_folder(path.parent, "keep a photo")
        if not path.exists():
            files.write_bytes(path, photo)
        return path

    def remove(self, name: str) -> None:
        """Delete the newest photo of a class; raises StorageError."""
        photos = self.classes.get(name, [])
        if photos:
            with storing(self.folder, "delete a photo"):
                photos[-1].unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete everything; raises StorageError."""
        if self.folder.is_dir():
            with storing(self.folder, "delete the photos"):
                shutil.rmtree(self.folder)


def class_name(text: str) -> str:
    """A class's name as it is kept, which is a folder's; raises DataError where it can be none."""
    name = " ".join(text.split())
    if len(name) > _LONGEST or not re.fullmatch(r"\w([\w .,()+&'-]*[\w()+&'-])?", name):
        raise DataError(
            "A class cannot have that name",
            expected=f"1 to {_LONGEST} letters, digits and spaces, a letter or digit first",
            received=repr(name),
            remedy="Choose another name",
        )
    return name


def _photos(folder: Path) -> list[Path]:
    found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
