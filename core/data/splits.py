"""Training, validation and test: stratified, deterministic by seed, never sharing an image."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.data.source import Part
from core.errors import DataError

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of each part, sorted; `left_out` are copies of images in a later part."""

    train: Indices
    validation: Indices
    test: Indices
    left_out: Indices


def split(
    *,
    names: Sequence[str],
    labels: NDArray[np.int64],
    parts: NDArray[np.int8],
    digests: NDArray[np.uint64],
    classes: Sequence[str],
    test_share: float,
    validation_share: float,
    seed: int,
) -> Split:
    """Divide n images; all arguments but the last four have one entry an image.

    The set's own test and validation parts are kept where it has them. Images with equal pixels
    always go to the same part; a copy of an official test image is left out of the training. The
    images of a class are drawn in an order that depends on their names and the seed alone: adding n
    images to a class moves at most n of its others into or out of the test part, and none of other
    classes. The test part does not depend on the validation share.

    Raises:
        DataError: a class has too few different images to be in every part.
    """
    assigned = parts.astype(np.int64).copy()
    left_out = _drop_copies(assigned, digests)
    keys = [hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest() for name in names]
    order = sorted(range(len(names)), key=keys.__getitem__)
    order = [index for index in order if not left_out[index]]
    groups = defaultdict(list)
    for index in order:
        groups[int(digests[index])].append(index)

    if not np.any(assigned == Part.TEST):
        # training, and validation where the set brings none, each need an image of what is left
        keep = 1 if np.any(assigned == Part.VALIDATION) else 2
        _draw(assigned, order, groups, labels, digests, Part.TEST, test_share, keep)
    if not np.any(assigned == Part.VALIDATION):
        _draw(assigned, order, groups, labels, digests, Part.VALIDATION, validation_share, 1)
    assigned[assigned == Part.ANY] = Part.TRAIN
    assigned[left_out] = Part.ANY
    _check(assigned, labels, classes)

    def rows(part: Part) -> Indices:
        return np.flatnonzero(assigned == part).astype(np.int64)

    return Split(
        rows(Part.TRAIN),
        rows(Part.VALIDATION),
        rows(Part.TEST),
        np.flatnonzero(left_out).astype(np.int64),
    )


def _drop_copies(assigned: Indices, digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mark training images that are in an official validation or test part too, and so on."""
    left_out = np.zeros(len(assigned), bool)
    for keep, earlier in (
        (Part.TEST, (Part.ANY, Part.TRAIN, Part.VALIDATION)),
        (Part.VALIDATION, (Part.ANY, Part.TRAIN)),
    ):
        kept = np.unique(digests[assigned == keep])
        left_out |= np.isin(assigned, earlier) & np.isin(digests, kept)
    return left_out


def _draw(
    assigned: Indices,
    order: list[int],
    groups: dict[int, list[int]],
    labels: NDArray[np.int64],
    digests: NDArray[np.uint64],
    into: Part,
    share: float,
    keep: int,
) -> None:
    """Move `share` of each class's training images, whole groups of copies at a time, to `into`.

    At least one of a class is moved, and `keep` stay if there are so many.
    """
    free = np.zeros(len(assigned), bool)
    free[order] = np.isin(assigned[order], (Part.ANY, Part.TRAIN))
    counts = np.bincount(labels[free])
    wanted = np.maximum(1, np.minimum(np.rint(counts * share), counts - keep)).astype(int)
    taken = np.zeros(len(counts), int)
    for index in order:
        label = labels[index]
        if not free[index] or taken[label] >= wanted[label]:
            continue
        for member in groups[int(digests[index])]:
            if free[member]:
                free[member] = False
                assigned[member] = into
                taken[labels[member]] += 1


def _check(assigned: Indices, labels: NDArray[np.int64], classes: Sequence[str]) -> None:
    for label, name in enumerate(classes):
        mine = assigned[labels == label]
        missing = [
            word
            for part, word in (
                (Part.TRAIN, "training"),
                (Part.VALIDATION, "validation"),
                (Part.TEST, "test"),
            )
            if not np.any(mine == part)
        ]
        if missing:
            count = len(mine)
            raise DataError(
                f"The class {name} has too few images",
                expected="at least 3 different images a class, so that training, validation and "
                "test have one each",
                received=f"{count} image{'' if count == 1 else 's'} in {name}, none left for "
                f"{' and '.join(missing)}",
                remedy=f"Add images to {name} or remove the class",
            )
