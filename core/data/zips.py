"""A zip of class folders -> a folder in datasets/, safely."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import uuid
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core import workspace
from core.data.decode import SUFFIXES
from core.data.folder import FolderSource
from core.errors import DataError, storing

MAX_FILES = 200_000
MAX_BYTES = 8 * 2**30  # of all files together, unpacked
MAX_RATIO = 100  # unpacked to packed; images hardly shrink, bombs do by a thousand
_BLOCK = 2**20


def import_zip(file: BinaryIO, name: str) -> str:
    """Unpack a zip into datasets/ and return the new set's name.

    The same zip given again gives the same set. Nothing is left behind when it is refused.

    Raises:
        DataError: not a zip, encrypted, with paths that lead outside, too large, or no images.
        StorageError: it does not fit on the disk.
    """
    digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]  # type: ignore[arg-type]
    packed = file.tell()
    base = re.sub(r"[^\w-]+", "-", name).strip("-").lower()[:40] or "images"
    target = workspace.datasets_folder() / f"{base}-{digest}"
    if target.is_dir():
        return target.name
    part = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        with zipfile.ZipFile(file) as archive:
            members = _checked(archive, packed)
            with storing(target, "unpack the zip"):
                part.mkdir(parents=True)
                _extract(archive, members, part)
        try:
            FolderSource(part)
        except DataError as error:
            raise _refused("It holds no class folders of images", error.received) from error
        with storing(target, "unpack the zip"):
            part.rename(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _refused("It is not a whole zip file", str(error)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target.name


def _checked(archive: zipfile.ZipFile, packed: int) -> list[zipfile.ZipInfo]:
    members = []
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MAX_FILES:
        raise _refused("It holds too many files", f"{len(infos):,} files; {MAX_FILES:,} at most")
    for info in infos:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise _refused("It has a path that leads outside of it", info.filename[:200])
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _refused("It holds a link instead of a file", info.filename[:200])
        if info.flag_bits & 0x1:
            raise _refused("It is encrypted", f"a password for {info.filename[:200]}")
        if path.suffix.lower() in SUFFIXES and "__MACOSX" not in path.parts:
            members.append(info)
    size = sum(info.file_size for info in members)
    if size > MAX_BYTES or size > MAX_RATIO * max(packed, _BLOCK):
        raise _refused(
            "It unpacks to far more than images do",
            f"{size / 2**20:,.0f} MB from a file of {packed / 2**20:,.1f} MB",
        )
    return members


def _extract(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path) -> None:
    for info in members:
        path = folder / info.filename.replace("\\", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        left = info.file_size  # zipfile checks it too; a header that lies is refused
        with archive.open(info) as packed, path.open("wb") as file:
            while block := packed.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise _refused("A file in it is larger than it says", info.filename[:200])
                file.write(block)


def _refused(what: str, received: str) -> DataError:
    return DataError(
        f"The zip cannot be used. {what}",
        expected="a zip of class folders with PNG, JPEG, WebP, BMP or GIF images, such as "
        "cats/1.jpg and dogs/2.jpg",
        received=received,
        remedy="Zip the folder of class folders again and choose that file",
    )
