"""core.train.feed: every image once an epoch, beside its label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, load
from core.specs import DataSpec
from core.train.feed import chunks, order


@pytest.fixture
def data(home: Path, examples: Path) -> Dataset:
    """60 images of 16 x 16 pixels in 3 classes."""
    return load(DataSpec(source=str(examples), size=16))


def test_the_order_is_new_each_epoch_and_repeats_with_the_seed() -> None:
    """Epochs differ in order, runs with one seed do not."""
    rows = np.arange(0, 120, 2)
    first, second, other = order(rows, 1, 0), order(rows, 1, 1), order(rows, 2, 0)
    assert sorted(first) == sorted(second) == sorted(other) == rows.tolist()
    assert len({tuple(first), tuple(second), tuple(other)}) == 3
    assert order(rows, 1, 0).tolist() == first.tolist()


def test_chunks_have_the_rows_in_their_order(data: Dataset) -> None:
    """In chunks of the sizes asked for, each image beside its label; the last may be smaller."""
    rows = order(np.arange(60), 0, 0)[:47]
    sizes = iter([1, 2, 20, 20, 20])
    made = list(chunks(data, rows, lambda: next(sizes)))
    assert [len(labels) for _, labels in made] == [1, 2, 20, 20, 4]
    images = np.concatenate([images for images, _ in made])
    labels = np.concatenate([labels for _, labels in made])
    assert (images == data.images.images[rows]).all()
    assert labels.tolist() == data.images.labels[rows].tolist()
    assert (images.dtype, labels.dtype) == (np.uint8, np.int32)


def test_no_rows_make_no_chunks(data: Dataset) -> None:
    """An empty part is no error."""
    assert list(chunks(data, np.arange(0), lambda: 8)) == []


def test_what_cannot_be_read_is_an_error_of_the_one_who_asks(data: Dataset) -> None:
    """The other thread's error comes out of the iteration."""
    with pytest.raises(IndexError):
        list(chunks(data, np.array([0, 1000]), lambda: 8))
