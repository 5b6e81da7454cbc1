"""Features of images, each computed once: kept by the image's digest, in two files of one folder.

values.bin     float16 or int8 [n, width], what a backbone makes of an image
digests.bin    uint64 [n], of the pixels it was made of; a row is known once its digest is there
"""

from __future__ import annotations

import errno
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import locks
from core.data.splits import Indices
from core.errors import ModelError, storing

Digests = NDArray[np.uint64]
Features = NDArray[Any]  # float16 or int8


class Store:
    """The features that one backbone made, in one way, of images of any set.

    Several processes may read and add at once. What a killed process left of a row is not counted.

    Args:
        width: how many numbers an image has.
        kind: of numbers.
    """

    def __init__(self, folder: Path, width: int, kind: Any = np.float16) -> None:
        self.folder, self.width = folder, width
        self._kind = np.dtype(kind).newbyteorder("<")
        self._seen = 0
        self._known: tuple[Digests, Indices] = np.zeros(0, np.uint64), np.zeros(0, np.int64)

    def missing(self, digests: Digests) -> Indices:
        """Places of the digests that are not there, each digest once."""
        different, first = np.unique(digests, return_index=True)
        new = ~np.isin(different, self._look()[0])
        return np.sort(first[new]).astype(np.int64)

    def add(self, digests: Digests, values: NDArray[Any]) -> None:
        """Keep the features of images, [n, width].

        Raises:
            ModelError: some are no numbers, or too large for half precision.
            RunError: another process holds the store for half a minute.
            StorageError: there is no room.
        """
        with np.errstate(over="ignore"):
            raw = np.ascontiguousarray(values, self._kind)
        assert raw.shape == (len(digests), self.width)
        if not np.isfinite(raw).all():
            raise ModelError(
                "The backbone makes no numbers of some images",
                expected="features between -65,504 and 65,504",
                received=f"{np.count_nonzero(~np.isfinite(raw).all(axis=1))} images of "
                f"{len(raw)} with others",
                remedy="Use another backbone",
            )
        with locks.held(self.folder / "lock", "The cache of features"), self._storing():
            whole = self._count()
            # through to the disk before it counts, also where the power is cut
            self._append("values.bin", whole * self._row, raw.tobytes())
            self._append("digests.bin", whole * 8, digests.astype("<u8").tobytes())

    def read(self, digests: Digests) -> Features:
        """The features of images that are all there, [n, width]; KeyError where one is not."""
        known, places = self._look()
        found = np.searchsorted(known, digests)
        if not len(known) or np.any(known[np.minimum(found, len(known) - 1)] != digests):
            raise KeyError("features that have not been added")
        with self._storing():
            shape = int(places.max()) + 1, self.width
            try:
                path = self.folder / "values.bin"
                kept = np.memmap(path, self._kind, mode="r", shape=shape)
            except ValueError as error:  # the file was cut after the look at it
                raise OSError(errno.EIO, f"features that were there are gone: {error}") from error
            return np.asarray(kept[places[found]])

    def _look(self) -> tuple[Digests, Indices]:
        """All digests, sorted, and their rows; read again when there are others."""
        with self._storing():
            if (count := self._count()) != self._seen:
                path = self.folder / "digests.bin"
                digests = np.fromfile(path, "<u8", count) if count else np.zeros(0, np.uint64)
                # where two processes computed the same images, the first row counts
                known, places = np.unique(digests, return_index=True)
                self._known, self._seen = (known, places.astype(np.int64)), count
        return self._known

    def _count(self) -> int:
        """How many whole rows there are."""
        sizes = []
        for name, row in (("values.bin", self._row), ("digests.bin", 8)):
            try:
                sizes.append((self.folder / name).stat().st_size // row)
            except FileNotFoundError:
                sizes.append(0)
        return min(sizes)

    def _append(self, name: str, place: int, content: bytes) -> None:
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o666)
        with open(descriptor, "r+b") as file:
            file.truncate(place)  # what a killed process left behind it
            file.seek(place)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    @property
    def _row(self) -> int:
        return int(self._kind.itemsize) * self.width

    def _storing(self) -> AbstractContextManager[None]:
        return storing(self.folder, "keep features")
