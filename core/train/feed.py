"""Images and labels for training, gathered a step ahead of the one that is being trained.

A set of usual size is read through its memory map, which costs next to nothing: its pages are in
memory once, however many processes train on it. Of a set that may not fit there every image is read
from the file when it is its turn, so that what was read does not stay with this process.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.splits import Indices
from core.errors import DataError

MAPPED = 2**30  # bytes of a set that is read through its memory map
Images = NDArray[Any]  # uint8 [n, height, width, channels]; or features, float16 [n, ...]
Labels = NDArray[np.int32]


def order(rows: Indices, seed: int, epoch: int, *, shuffle: bool = True) -> Indices:
    """The rows of an epoch, counted from 0, in its own order; the same in every run with that seed."""
    if not shuffle:
        return rows
    return rows[np.random.default_rng((seed, epoch)).permutation(len(rows))]


def chunks(
    data: Dataset, rows: Indices, size: Callable[[], int]
) -> Iterator[tuple[Images, Labels]]:
    """Images, or their features, and labels int32 [n] of `rows`, in their order.

    While one chunk is worked at, another thread gathers the next one.

    Args:
        size: asked for the number of rows whenever a chunk is begun.
    """
    images, labels = data.images.images, data.images.labels

    def gather(picked: Indices) -> tuple[Images, Labels]:
        return gathered(images, picked), labels[picked].astype(np.int32)

    with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
        waiting: Future[tuple[Any, Any]] | None = None
        start = 0
        while start < len(rows) or waiting is not None:
            ready, waiting = waiting, None
            if start < len(rows):
                end = start + max(1, size())
                waiting = pool.submit(gather, rows[start:end])
                start = end
            if ready is not None:
                yield ready.result()


def gathered(images: Images, rows: Indices) -> Images:
    """The images of these rows, in their order, in memory of their own.

    Args:
        images: in memory, or a whole mapped file of uint8.

    Raises:
        DataError: the file of a large set is gone, or shorter than it was.
    """
    if not isinstance(images, np.memmap) or images.nbytes <= MAPPED:
        return np.ascontiguousarray(images[rows])
    made = np.empty((len(rows), *images.shape[1:]), np.uint8)
    path, size = Path(str(images.filename)), math.prod(made.shape[1:])
    try:
        with path.open("rb", buffering=0) as file:
            for place in np.argsort(rows):  # as they lie on the disk
                file.seek(images.offset + int(rows[place]) * size)
                _fill(file, memoryview(made[place]).cast("B"))
    except (OSError, EOFError) as error:
        raise DataError(
            "The decoded images cannot be read any longer",
            expected=f"{len(images):,} images of {size:,} bytes in {path}",
            received=str(error),
            remedy=f"Delete the folder {path.parent} if it is there, and train again: the images "
            "are then decoded anew",
        ) from error
    return made


def _fill(file: io.FileIO, place: memoryview) -> None:
    """Read as much as there is room for, which may take several looks on a network's disk."""
    done = 0
    while done < len(place):
        if not (count := file.readinto(place[done:])):
            raise EOFError(f"the file ends {len(place) - done:,} bytes too soon")
        done += count
