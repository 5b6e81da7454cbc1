"""Which images a run has learned from, so that a network made of it is not tested on them unnoticed."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import files, words
from core.data.dataset import Dataset
from core.data.splits import Indices, Split
from core.design import backbones
from core.design.backbones import used
from core.errors import storing
from core.specs import ModelSpec
from core.specs.arrays import ARRAY_SETS
from core.specs.layers.pretrained import RUN

NAME = "learned.npy"  # in the run's folder, and in what is kept of it: sorted uint64
_NONE = np.zeros(0, np.uint64)


def keep(folder: Path, model: ModelSpec, data: Dataset, split: Split) -> None:
    """Write which images a run learns from or is chosen by, and which its network did before.

    Raises StorageError.
    """
    rows = np.concatenate([split.train, split.validation])
    known = np.union1d(_keys(data, rows), _before(model))
    path = folder / NAME
    with (
        storing(path, "keep which images are learned from"),
        files.replacing(path) as part,
        part.open("wb") as file,
    ):
        np.save(file, known)


def warning(model: ModelSpec, data: Dataset, split: Split) -> str:
    """What a person should know where the network is a run that has seen these images; empty if not."""
    known = _before(model)
    seen, tested = (
        int(np.isin(_keys(data, rows), known).sum()) for rows in (split.train, split.test)
    )
    if not seen and not tested:
        return ""
    told = (
        f"The run that is the network here has learned from {seen:,} of these "
        f"{words.several(len(split.train), 'training image')} before"
    )
    if tested:
        return (
            f"{told}, and from {tested:,} of the {words.several(len(split.test), 'test image')}: it will "
            "do worse on new photos than the test says."
        )
    return f"{told}: what it comes to with fewer of them says little."


def _before(model: ModelSpec) -> NDArray[np.uint64]:
    """What a run learned from that is the network of a design."""
    layer = used(model)
    if layer is not None and layer.network == RUN:
        with contextlib.suppress(OSError, ValueError):
            found: NDArray[np.uint64] = np.load(backbones.kept(layer.run) / NAME)
            return found
    return _NONE


def _keys(data: Dataset, rows: Indices) -> NDArray[np.uint64]:
    """A number for each image, equal for the same one at whatever size.

    Images of the built-in sets are always kept as they are; of others the name in their set stays.
    """
    if any(data.spec.source == one.name for one in ARRAY_SETS):
        found: NDArray[np.uint64] = data.images.digests[rows]
        return found
    digests = (
        hashlib.blake2b(f"{data.spec.source}\0{data.images.names[row]}".encode(), digest_size=8)
        for row in rows
    )
    return np.array([int.from_bytes(one.digest(), "little") for one in digests], np.uint64)
