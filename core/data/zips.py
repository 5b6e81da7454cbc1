"""A zip of class folders -> a folder in datasets/, safely."""

from __future__ import annotations

import errno
import hashlib
import io
import lzma
import os
import re
import shutil
import stat
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core import workspace
from core.data.folder import FolderSource
from core.errors import DataError, storing

MAX_FILES = 200_000
MAX_BYTES = 8 * 2**30  # of all files together, unpacked
MAX_RATIO = 100  # unpacked to packed; images hardly shrink, bombs do by a thousand
_BLOCK = 2**20

# What the disk says of two files of one name, a file that is also a folder, an endless name.
_BAD_NAMES = (errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG)

# What zipfile and its decompressors let through when an archive is damaged.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)


def import_zip(file: BinaryIO, name: str) -> str:
    """Unpack a zip into datasets/ and return the new set's name.

    The same zip given again gives the same set. Nothing is left behind when it is refused.

    Raises:
        DataError: not a zip, encrypted, with paths that lead outside, too large, or no images.
        StorageError: it does not fit on the disk.
    """
    digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]  # type: ignore[arg-type]
    packed = file.seek(0, io.SEEK_END)
    base = re.sub(r"[^\w-]+", "-", name).strip("-").lower()[:40] or "images"
    target = workspace.datasets_folder() / f"{base}-{digest}"
    if target.is_dir():
        return target.name
    part = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        with _open(file) as archive:
            members = _checked(archive, packed)
            with storing(target, "unpack the zip"):
                part.mkdir(parents=True)
                _extract(archive, members, part)
        try:
            FolderSource(part)
        except DataError as error:
            what = "It does not hold at least two class folders of images"
            raise _refused(what, error.received) from error
        with storing(target, "unpack the zip"):
            _take_place(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target.name


def _open(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise _damaged(error) from error


def _take_place(part: Path, target: Path) -> None:
    try:
        part.rename(target)
    except OSError:
        if not target.is_dir():  # else the same zip was imported at the same moment
            raise


def _checked(archive: zipfile.ZipFile, packed: int) -> list[zipfile.ZipInfo]:
    members = []
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(infos) > MAX_FILES:
        raise _refused("It holds too many files", f"{len(infos):,} files; {MAX_FILES:,} at most")
    for info in infos:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", info.filename):
            raise _refused("It has a path that leads outside of it", info.filename[:200])
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _refused("It holds a link instead of a file", info.filename[:200])
        if info.flag_bits & 0x1:
            raise _refused("It is encrypted", f"a password for {info.filename[:200]}")
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
        if path.name and not hidden:
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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb")
        except OSError as error:
            if error.errno not in _BAD_NAMES:
                raise
            what = f"It has a path that makes no file ({os.strerror(error.errno or 0).lower()})"
            raise _refused(what, info.filename[:200]) from error
        with file:
            for block in _unpacked(archive, info):
                file.write(block)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a member, block by block."""
    left = info.file_size  # zipfile checks it too; a header that lies is refused
    try:
        with archive.open(info) as packed:
            while block := packed.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise _refused("A file in it is larger than it says", info.filename[:200])
                yield block
    except _DAMAGE as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> DataError:
    return _refused("It is not a whole zip file", str(error) or type(error).__name__)


def _refused(what: str, received: str) -> DataError:
    return DataError(
        f"The zip cannot be used. {what}",
        expected="a zip of class folders with PNG, JPEG, WebP, BMP or GIF images, such as "
        "cats/1.jpg and dogs/2.jpg",
        received=received,
        remedy="Zip the folder of class folders again and choose that file",
    )
