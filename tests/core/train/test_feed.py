"""core.train.feed: every image once an epoch, beside its label."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from core.data.dataset import Dataset, load
from core.errors import DataError
from core.specs import DataSpec
from core.train import feed
from core.train.feed import chunks, gathered, order


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
    assert order(rows, 1, 0, shuffle=False).tolist() == rows.tolist()


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


def sparse(path: Path, count: int, side: int = 128) -> NDArray[np.uint8]:
    """A mapped set of black images that take no room on the disk."""
    size = side * side * 3
    with path.open("wb") as file:
        file.truncate(count * size)
    return np.memmap(path, np.uint8, mode="r+", shape=(count, side, side, 3))


def test_a_large_set_is_read_image_by_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the way, the images of the rows come in their order."""
    images = sparse(tmp_path / "images.bin", 50, side=4)
    images[:] = np.random.default_rng(0).integers(0, 256, images.shape)
    rows = np.array([7, 49, 0, 7, 12])
    mapped = gathered(images, rows)
    monkeypatch.setattr(feed, "MAPPED", 0)
    assert (gathered(images, rows) == mapped).all()
    assert (gathered(np.asarray(images), rows) == mapped).all()
    assert gathered(images, rows[:0]).shape == (0, 4, 4, 3)
    os.truncate(tmp_path / "images.bin", 49 * 48 + 10)
    with pytest.raises(DataError, match="cannot be read any longer") as caught:
        gathered(images, rows)
    assert caught.value.received == "the file ends 38 bytes too soon"
    assert str(tmp_path) in caught.value.remedy
    (tmp_path / "images.bin").unlink()
    with pytest.raises(DataError, match="cannot be read any longer"):
        gathered(images, rows)


def test_twenty_gigabytes_take_little_memory(tmp_path: Path) -> None:
    """What was read of a set of 20 GB does not stay in memory: 4 GB of it leave no trace."""
    images = sparse(tmp_path / "images.bin", 20 * 2**30 // (128 * 128 * 3))
    rows = np.arange(0, len(images), 5)
    process = psutil.Process()
    gathered(images, rows[:256])
    before = most = process.memory_info().rss
    for start in range(0, len(rows), 256):
        assert not gathered(images, rows[start : start + 256])[:, 0, 0].any()
        most = max(most, process.memory_info().rss)
    assert most - before < 2**28
