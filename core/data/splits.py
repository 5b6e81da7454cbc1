"""Training, validation and test: stratified, deterministic by seed, never sharing an image or near twins."""

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
    """Row numbers of each part, sorted; `left_out` are copies or near twins of images in a later part."""

    train: Indices
    validation: Indices
    test: Indices
    left_out: Indices


def split(
    *,
    names: Sequence[str],
    labels: NDArray[np.int64],
    parts: NDArray[np.int8],
    twins: NDArray[np.uint64],
    classes: Sequence[str],
    test_share: float,
    validation_share: float,
    seed: int,
) -> Split:
    """Divide n images; all arguments but the last four have one entry an image.

    The set's own test and validation parts are kept where it has them. Images with equal pixels and
    near twins, for which `twins` are equal, always go to the same part; those of an official test
    image are left out of the training. The images of a class are drawn in an order that depends on
    their names and the seed alone: adding n images without twins to a class moves at most n of its
    others into or out of the test part, and none of other classes. The test part does not depend on
    the validation share.

    Raises:
        DataError: a class has too few different images to be in every part.
    """
    assigned = parts.astype(np.int64).copy()
    left_out = _drop_twins(assigned, twins)
    order = [index for index in _shuffled(range(len(names)), names, seed) if not left_out[index]]
    groups = defaultdict(list)
    for index in order:
        groups[int(twins[index])].append(index)

    official = {part for part in (Part.VALIDATION, Part.TEST) if np.any(assigned == part)}
    if Part.TEST not in official:
        # training, and validation where the set brings none, each need an image of what is left
        keep = 1 if Part.VALIDATION in official else 2
        _draw(assigned, order, groups, labels, twins, Part.TEST, test_share, keep)
    if Part.VALIDATION not in official:
        _draw(assigned, order, groups, labels, twins, Part.VALIDATION, validation_share, 1)
    assigned[assigned == Part.ANY] = Part.TRAIN
    assigned[left_out] = Part.ANY
    _check(assigned, labels, twins, classes, official)

    def rows(part: Part) -> Indices:
        return np.flatnonzero(assigned == part).astype(np.int64)

    return Split(
        rows(Part.TRAIN),
        rows(Part.VALIDATION),
        rows(Part.TEST),
        np.flatnonzero(left_out).astype(np.int64),
    )


def part_of(
    rows: Indices,
    share: float,
    *,
    names: Sequence[str],
    labels: NDArray[np.int64],
    twins: NDArray[np.uint64],
    seed: int,
) -> Indices:
    """A share of each class's rows, sorted: some of those that a larger share has, never none.

    Twins come together, which makes a class's part differ from its share by half a group at most,
    and by more only where twins are of several classes.

    Args:
        names, labels, twins, seed: as in `split`.
    """
    groups = defaultdict(list)
    for row in _shuffled(rows.tolist(), names, seed):
        groups[int(twins[row])].append(row)
    wanted = np.maximum(1, np.rint(np.bincount(labels[rows]) * share)).astype(int)
    passed = np.zeros(len(wanted), int)  # of each class, whether taken or not
    taken: list[int] = []
    for members in groups.values():
        counts = np.bincount(labels[members], minlength=len(wanted))
        fits = (passed + counts / 2 <= wanted) | (passed == 0)
        if np.any(fits & (counts > 0)):
            taken += members
        passed += counts
    return np.sort(np.array(taken, np.int64))


def _shuffled(rows: Sequence[int], names: Sequence[str], seed: int) -> list[int]:
    """In an order that depends on their names and the seed alone."""
    keys = {
        row: hashlib.blake2b(f"{seed}:{names[row]}".encode(), digest_size=8).digest()
        for row in rows
    }
    return sorted(rows, key=keys.__getitem__)


def spread(rows: Indices, count: int) -> Indices:
    """Up to `count` of the rows, evenly spread over them."""
    picks = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)
    chosen: Indices = rows[np.unique(picks)]
    return chosen


def _drop_twins(assigned: Indices, twins: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mark training images that are in an official validation or test part too, and so on."""
    left_out = np.zeros(len(assigned), bool)
    for keep, earlier in (
        (Part.TEST, (Part.ANY, Part.TRAIN, Part.VALIDATION)),
        (Part.VALIDATION, (Part.ANY, Part.TRAIN)),
    ):
        kept = np.unique(twins[assigned == keep])
        left_out |= np.isin(assigned, earlier) & np.isin(twins, kept)
    return left_out


def _draw(
    assigned: Indices,
    order: list[int],
    groups: dict[int, list[int]],
    labels: NDArray[np.int64],
    twins: NDArray[np.uint64],
    into: Part,
    share: float,
    keep: int,
) -> None:
    """Move `share` of each class's training images, whole groups of twins at a time, to `into`.

    At least one of a class is moved, and `keep` stay if there are so many.
    """
    free = np.zeros(len(assigned), bool)
    free[order] = np.isin(assigned[order], (Part.ANY, Part.TRAIN))
    wanted = np.maximum(1, np.rint(np.bincount(labels[free]) * share)).astype(int)
    taken = np.zeros(len(wanted), int)
    # different images that each class has left; twins count once
    left = [len(np.unique(twins[free & (labels == label)])) for label in range(len(wanted))]

    sizes = {key: int(np.count_nonzero(free[members])) for key, members in groups.items()}

    def move(index: int) -> None:
        members = [member for member in groups[int(twins[index])] if free[member]]
        sizes[int(twins[index])] = 0
        for member in members:
            free[member] = False
            assigned[member] = into
            taken[labels[member]] += 1
        for label in {int(labels[member]) for member in members}:
            left[label] -= 1

    for first_of_class in (False, True):
        for index in order:
            label, size = labels[index], sizes[int(twins[index])]
            if not free[index] or left[label] <= keep:
                continue
            # whole groups as long as they fit; then, for a class of large groups only, one of them
            if taken[label] == 0 if first_of_class else taken[label] + size <= wanted[label]:
                move(index)


_WORDS = {Part.TRAIN: "training", Part.VALIDATION: "validation", Part.TEST: "test"}


def _check(
    assigned: Indices,
    labels: NDArray[np.int64],
    twins: NDArray[np.uint64],
    classes: Sequence[str],
    official: set[Part],
) -> None:
    """Raise DataError unless every class is in every part; `official` parts are the set's own."""
    for label, name in enumerate(classes):
        mine = assigned[labels == label]
        missing = [part for part in _WORDS if not np.any(mine == part)]
        for part in official.intersection(missing):
            word = _WORDS[part]
            raise DataError(
                f"The class {name} is not in the set's own {word} part",
                expected=f"images of every class among the {word} images",
                received=f"{len(mine)} images of {name}, but no {word} image of it",
                remedy=f"Add {word} images of {name}, or remove the {word} folder to have one drawn",
            )
        if missing:
            count, different = len(mine), len(np.unique(twins[labels == label]))
            alike = f", of which {different} look different" if different < count else ""
            raise DataError(
                f"The class {name} has too few images",
                expected="at least 3 different images a class, so that training, validation and "
                "test have one each",
                received=f"{count} image{'' if count == 1 else 's'} in {name}{alike}, none left for "
                f"{' and '.join(_WORDS[part] for part in missing)}",
                remedy=f"Add images to {name} or remove the class"
                + (", or keep no more than copies together" if alike else ""),
            )
