"""Images and labels for training, gathered a step ahead of the one that is being trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.splits import Indices

Images = NDArray[np.uint8]
Labels = NDArray[np.int32]


def order(rows: Indices, seed: int, epoch: int) -> Indices:
    """The rows of an epoch, counted from 0, in its own order; the same in every run with that seed."""
    return rows[np.random.default_rng((seed, epoch)).permutation(len(rows))]


def chunks(
    data: Dataset, rows: Indices, size: Callable[[], int]
) -> Iterator[tuple[Images, Labels]]:
    """Images uint8 [n, height, width, channels] and labels int32 [n] of `rows`, in their order.

    While one chunk is worked at, another thread gathers the next one.

    Args:
        size: asked for the number of rows whenever a chunk is begun.
    """
    images, labels = data.images.images, data.images.labels

    def gather(picked: Indices) -> tuple[Images, Labels]:
        return np.ascontiguousarray(images[picked]), labels[picked].astype(np.int32)

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
