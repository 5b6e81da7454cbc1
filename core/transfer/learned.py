"""Which images a run has learned from, so that a network made of it is not tested on them unnoticed."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import files, words, workspace
from core.data.dataset import Dataset
from core.data.splits import Indices, Split
from core.design import backbones
from core.design.backbones import used
from core.errors import storing
from core.specs import ModelSpec
from core.specs.layers.pretrained import RUN

NAME = "learned.npy"  # in the run's folder, and in what is kept of it: sorted uint64
SUBJECT = "The run that is the network here"  # a warning begins with it
_NONE = np.zeros(0, np.uint64)


def keep(folder: Path, model: ModelSpec, data: Dataset, split: Split) -> None:
    """Write which images a run learns from or is chosen by, and which it or its network did before.

    Raises StorageError.
    """
    path = folder / NAME
    seen = [_keys(data, split.train), _keys(data, split.validation)]
    with suppress(OSError, EOFError, ValueError):  # `warning` says so
        seen.append(_before(model))
    with suppress(OSError, EOFError, ValueError):  # of an earlier sitting, if there was one
        seen.append(np.load(path))
    with (
        storing(path, "keep which images are learned from"),
        files.replacing(path) as part,
        part.open("wb") as file,
    ):
        np.save(file, np.unique(np.concatenate(seen)))


def warning(model: ModelSpec, data: Dataset, split: Split, train_share: float = 1.0) -> str:
    """What a person should know where the network is a run that has seen test images.

    Args:
        train_share: of the images that may be learned from, as `split` was made with.

    Returns:
        A sentence or two; empty where there is nothing to say. That it goes on learning from what it
        knows, and is chosen by it, is no fault, but for a share that is to show how few are enough.
    """
    try:
        known = _before(model)
    except (OSError, EOFError, ValueError):
        return (
            f"{SUBJECT} does not say which images it has learned from; where these are among them, "
            "it will do worse on new photos than its figures say."
        )
    parts = {"test": split.test}
    if train_share < 1.0:
        parts["training"] = split.train
    seen = {name: int(np.isin(_keys(data, rows), known).sum()) for name, rows in parts.items()}
    told = [
        f"{seen[name]:,} of the {words.several(len(rows), f'{name} image')}"
        for name, rows in parts.items()
        if seen[name]
    ]
    if not told:
        return ""
    return (
        f"{SUBJECT} has seen {' and '.join(told)} before. On images that it has not seen it does worse "
        "than its figures here say."
    )


def _before(model: ModelSpec) -> NDArray[np.uint64]:
    """What a run has seen that is the network of a design; raises OSError, EOFError, ValueError."""
    layer = used(model)
    if layer is None or layer.network != RUN:
        return _NONE
    found: NDArray[np.uint64] = np.load(backbones.kept(layer.run) / NAME)
    return found


def _keys(data: Dataset, rows: Indices) -> NDArray[np.uint64]:
    """A number for each image, the same at whatever size: of its set, and its name there."""
    place = Path(data.spec.source)
    with suppress(ValueError):
        place = place.relative_to(workspace.datasets_folder())
    digests = (
        hashlib.blake2b(f"{place}\0{data.images.names[row]}".encode(), digest_size=8)
        for row in rows
    )
    return np.array([int.from_bytes(one.digest(), "little") for one in digests], np.uint64)
