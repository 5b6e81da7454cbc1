"""Tests of the split: its promises hold for any set that Hypothesis can think of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.data.source import Part
from core.data.splits import Indices, Split, part_of, split
from core.errors import DataError


@dataclass(frozen=True)
class Case:
    """A set of images as the split sees it."""

    names: list[str]
    labels: list[int]
    parts: list[int]
    digests: list[int]
    classes: int
    test_share: float = 0.2
    validation_share: float = 0.15
    seed: int = 0

    def split(self) -> Split:
        """Divide it."""
        return split(
            names=self.names,
            labels=np.array(self.labels, np.int64),
            parts=np.array(self.parts, np.int8),
            twins=np.array(self.digests, np.uint64),
            classes=[f"class {label}" for label in range(self.classes)],
            test_share=self.test_share,
            validation_share=self.validation_share,
            seed=self.seed,
        )

    def part_of(self, rows: Indices, share: float) -> Indices:
        """A share of them."""
        return part_of(
            rows,
            share,
            names=self.names,
            labels=np.array(self.labels, np.int64),
            twins=np.array(self.digests, np.uint64),
            seed=self.seed,
        )

    def count(self, rows: np.ndarray) -> list[int]:
        """Images of each class among `rows`."""
        return np.bincount(np.array(self.labels)[rows], minlength=self.classes).tolist()


shares = st.floats(0.05, 0.5)


def case(*counts: int, **changes: object) -> Case:
    """So many different images of each class, no part fixed."""
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    names = [f"{label}/{number}" for label, count in enumerate(counts) for number in range(count)]
    plain = Case(names, labels, [0] * len(labels), list(range(len(labels))), len(counts))
    return replace(plain, **changes)  # type: ignore[arg-type]


@st.composite
def distinct(draw: st.DrawFn) -> Case:
    """Classes of at least 3 different images, no part fixed."""
    counts = draw(st.lists(st.integers(3, 60), min_size=2, max_size=5))
    return case(
        *counts,
        test_share=draw(shares),
        validation_share=draw(shares),
        seed=draw(st.integers(0, 2**31 - 1)),
    )


@st.composite
def anything(draw: st.DrawFn) -> Case:
    """Any parts, and copies within and between classes and parts."""
    plain = draw(distinct())
    number = len(plain.names)
    parts = draw(
        st.one_of(
            st.just([0] * number),
            st.lists(st.sampled_from([0, 1, 2, 3]), min_size=number, max_size=number),
            st.lists(st.sampled_from([1, 3]), min_size=number, max_size=number),
        )
    )
    copies = draw(st.integers(1, 3))
    digests = [index // copies for index in range(number)]
    return replace(plain, parts=parts, digests=digests)


def divided(example: Case) -> Split:
    """The split, where there are images enough for one."""
    try:
        return example.split()
    except DataError:
        assume(False)
        raise


@given(anything())
@settings(deadline=None)
def test_every_image_is_in_one_place(example: Case) -> None:
    """Training, validation, test and what is left out are disjoint and cover the set, sorted."""
    found = divided(example)
    rows = [found.train, found.validation, found.test, found.left_out]
    together = np.concatenate(rows)
    assert sorted(together.tolist()) == list(range(len(example.names)))
    assert all((np.diff(part) > 0).all() for part in rows)


@given(anything())
@settings(deadline=None)
def test_parts_never_share_an_image(example: Case) -> None:
    """Images with equal pixels never lie in two parts."""
    found = divided(example)
    digests = np.array(example.digests)
    train, validation, test = (
        set(digests[rows].tolist()) for rows in (found.train, found.validation, found.test)
    )
    assert not train & validation
    assert not train & test
    assert not validation & test


@given(anything())
@settings(deadline=None)
def test_every_class_is_in_every_part(example: Case) -> None:
    """A split that is made has every class in training, validation and test."""
    found = divided(example)
    for rows in (found.train, found.validation, found.test):
        assert min(example.count(rows)) >= 1


@given(anything())
@settings(deadline=None)
def test_the_same_every_time(example: Case) -> None:
    """The same images and seed give the same split."""
    first, second = divided(example), divided(example)
    for one, other in zip(vars(first).values(), vars(second).values(), strict=True):
        assert one.tolist() == other.tolist()


@given(distinct())
@settings(deadline=None)
def test_order_of_the_files_does_not_matter(example: Case) -> None:
    """The split goes by names: listing the images in another order puts each in the same part."""
    backwards = replace(
        example,
        names=example.names[::-1],
        labels=example.labels[::-1],
        digests=example.digests[::-1],
    )
    first, second = example.split(), backwards.split()
    for one, other in ((first.train, second.train), (first.test, second.test)):
        assert {example.names[row] for row in one} == {backwards.names[row] for row in other}


@given(distinct())
@settings(deadline=None)
def test_three_different_images_are_enough(example: Case) -> None:
    """A class of at least 3 different images is never refused, whatever the shares."""
    assert example.split().left_out.size == 0


@given(distinct())
@settings(deadline=None)
def test_stratified(example: Case) -> None:
    """Each class gives its share to the test, and of the rest to validation, within rounding."""
    found = example.split()
    everything = np.array(example.count(np.arange(len(example.names))))
    test, validation = (
        np.array(example.count(found.test)),
        np.array(example.count(found.validation)),
    )
    assert (np.abs(test - everything * example.test_share) <= 1).all()
    assert (np.abs(validation - (everything - test) * example.validation_share) <= 1).all()


def test_usual_shares() -> None:
    """Of 100 images, 20 go to the test, and 15 % of the other 80 to validation."""
    example = case(100, 50)
    found = example.split()
    assert example.count(found.test) == [20, 10]
    assert example.count(found.validation) == [12, 6]
    assert example.count(found.train) == [68, 34]


def test_another_seed_is_another_split() -> None:
    """Another seed holds back other images."""
    tests = {tuple(case(50, 50, seed=seed).split().test.tolist()) for seed in range(10)}
    assert len(tests) == 10


@given(anything(), shares)
@settings(deadline=None)
def test_test_part_ignores_the_validation_share(example: Case, share: float) -> None:
    """Another validation share leaves the test part as it is."""
    first, second = divided(example), divided(replace(example, validation_share=share))
    assert first.test.tolist() == second.test.tolist()


@given(anything())
@settings(deadline=None)
def test_official_parts_are_kept(example: Case) -> None:
    """Where a set brings a test part it is the test part, and likewise validation without copies."""
    found, parts = divided(example), np.array(example.parts)
    if (parts == Part.TEST).any():
        assert found.test.tolist() == np.flatnonzero(parts == Part.TEST).tolist()
    if (parts == Part.VALIDATION).any():
        official = set(np.flatnonzero(parts == Part.VALIDATION).tolist())
        assert official == set(found.validation.tolist()) | official & set(found.left_out.tolist())


@given(anything())
@settings(deadline=None)
def test_only_copies_are_left_out(example: Case) -> None:
    """An image is left out exactly if an official test or validation part holds its copy."""
    found = divided(example)
    parts, digests = np.array(example.parts), np.array(example.digests)
    tests = set(digests[parts == Part.TEST].tolist())
    validations = set(digests[parts == Part.VALIDATION].tolist())
    for row, (part, digest) in enumerate(zip(parts.tolist(), digests.tolist(), strict=True)):
        copy = (part != Part.TEST and digest in tests) or (
            part in (Part.ANY, Part.TRAIN) and digest in validations
        )
        assert (row in found.left_out) == copy


def test_copies_of_test_images_are_not_trained_on() -> None:
    """A training image that the official test holds too is left out of training."""
    example = replace(case(10, 10), parts=([1] * 7 + [3] * 3) * 2)
    digests = list(range(20))
    digests[0] = digests[9]
    found = replace(example, digests=digests).split()
    assert found.left_out.tolist() == [0]
    assert found.test.tolist() == [7, 8, 9, 17, 18, 19]


@given(
    old=st.integers(5, 60),
    added=st.integers(1, 40),
    share=shares,
    seed=st.integers(0, 1000),
)
@settings(deadline=None)
def test_adding_images_moves_few(old: int, added: int, share: float, seed: int) -> None:
    """Adding n images to a class moves at most n of its others in or out of the test, and no one else's."""
    before = case(old, 30, test_share=share, seed=seed)
    after = case(old + added, 30, test_share=share, seed=seed)
    first = {before.names[row] for row in before.split().test}
    second = {after.names[row] for row in after.split().test}
    moved = {name for name in first ^ second if name in before.names}
    assert len(moved) <= added
    assert all(name.startswith("0/") for name in moved)


@pytest.mark.parametrize(("count", "missing"), [(1, "validation and test"), (2, "test")])
def test_too_few_images(count: int, missing: str) -> None:
    """A class with one or two images is refused by its name, its count and what it lacks."""
    with pytest.raises(DataError, match="class 1 has too few images") as caught:
        case(20, count).split()
    plural = "" if count == 1 else "s"
    assert caught.value.received == f"{count} image{plural} in class 1, none left for {missing}"
    assert "at least 3 different images" in caught.value.expected
    assert "class 1" in caught.value.remedy


def test_copies_do_not_count_as_images() -> None:
    """A class of ten copies of one image is refused: they can be in one part only."""
    example = case(20, 10)
    with pytest.raises(DataError, match="class 1 has too few"):
        replace(example, digests=[*range(20), *[99] * 10]).split()


def test_class_that_the_official_test_lacks() -> None:
    """A class without images in the official test part is refused, and the part is named."""
    example = replace(case(10, 10), parts=[1] * 7 + [3] * 3 + [1] * 10)
    with pytest.raises(DataError, match="class 1") as caught:
        example.split()
    assert "no test image" in caught.value.received


def test_large_set() -> None:
    """Seventy thousand images, as MNIST has, are divided without a loop for each class."""
    found = case(*[7000] * 10).split()
    assert found.test.size == 14_000


# a part of the training images


@given(anything(), st.lists(st.floats(0.01, 1.0), min_size=2, max_size=4))
@settings(deadline=None)
def test_smaller_parts_are_among_larger_ones(example: Case, parts: list[float]) -> None:
    """Each is one of the training part's, none is empty of a class, twins are in it or not, and all
    images are in a share of 1."""
    train = divided(example).train
    digests = np.array(example.digests)
    smaller: set[int] = set()
    for share in [*sorted(parts), 1.0]:
        found = example.part_of(train, share)
        assert (np.diff(found) > 0).all()
        assert smaller <= set(found.tolist()) <= set(train.tolist())
        smaller = set(found.tolist())
        assert min(example.count(found)) >= 1
        rest = np.setdiff1d(train, found)
        assert not set(digests[found].tolist()) & set(digests[rest].tolist())
    assert smaller == set(train.tolist())


@given(distinct(), st.floats(0.01, 1.0))
@settings(deadline=None)
def test_a_part_has_its_share_of_each_class(example: Case, share: float) -> None:
    """Within rounding, where no two images are alike."""
    train = example.split().train
    every, found = (
        np.array(example.count(rows)) for rows in (train, example.part_of(train, share))
    )
    assert found.tolist() == np.maximum(1, np.rint(every * share)).tolist()


def test_another_seed_is_another_part() -> None:
    """The part depends on the seed and the names, as the split does."""
    rows = np.arange(60)
    parts = [tuple(case(60, seed=seed).part_of(rows, 0.5).tolist()) for seed in range(10)]
    assert len(set(parts)) == 10
    assert parts[0] == tuple(case(60).part_of(rows, 0.5).tolist())
