"""Features are kept once, found again by what they were made of, and survive whoever writes them."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ModelError, StorageError
from core.transfer.store import Store

WIDTH = 5


def digests(*numbers: int) -> np.ndarray:
    """As many digests, spread over all 64 bits."""
    return np.array([number * 0x9E3779B97F4A7C15 % 2**64 for number in numbers], np.uint64)


def values(*numbers: int) -> np.ndarray:
    """The features of images with these numbers."""
    return np.array([[number + place / 8 for place in range(WIDTH)] for number in numbers])


def test_what_was_added_is_read(tmp_path: Path) -> None:
    """In any order, more than once, by another reader."""
    store = Store(tmp_path / "lite", WIDTH)
    assert store.missing(digests(3, 1, 3)).tolist() == [0, 1]
    store.add(digests(3, 1), values(3, 1))
    assert store.missing(digests(3, 2, 1, 2)).tolist() == [1]
    store.add(digests(2), values(2))
    other = Store(tmp_path / "lite", WIDTH)
    assert not len(other.missing(digests(1)))
    store.add(digests(7), values(7))  # which the other has not added
    assert not len(other.missing(digests(7)))
    for reader in (store, other, Store(tmp_path / "lite", WIDTH)):
        np.testing.assert_array_equal(reader.read(digests(1, 2, 3, 1)), values(1, 2, 3, 1))
        assert reader.read(digests(1)).dtype == np.float16
        with pytest.raises(KeyError):
            reader.read(digests(1, 4))
    with pytest.raises(KeyError):
        Store(tmp_path / "empty", WIDTH).read(digests(1))


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40
)
@given(lost=st.integers(0, 60), which=st.sampled_from(["values.bin", "digests.bin"]))
def test_a_torn_end_is_not_counted(tmp_path_factory: Any, lost: int, which: str) -> None:
    """Whatever a kill or a power cut left of either file, whole rows are right and the rest is made anew."""
    folder = tmp_path_factory.mktemp("store")
    Store(folder, WIDTH).add(digests(*range(6)), values(*range(6)))
    path = folder / which
    path.write_bytes(path.read_bytes()[: max(0, path.stat().st_size - lost)])
    store = Store(folder, WIDTH)
    wanted = digests(*range(6))
    missing = store.missing(wanted)
    assert missing.tolist() == list(range(6 - len(missing), 6))
    assert len(missing) == min(6, -(-lost // (2 * WIDTH if which == "values.bin" else 8)))
    if len(missing):
        store.add(wanted[missing], values(*missing))
    np.testing.assert_array_equal(store.read(wanted), values(*range(6)))


def test_two_writers_at_once(tmp_path: Path) -> None:
    """Rows never mix, and what both added is there once for whoever reads."""

    def write(start: int) -> None:
        store = Store(tmp_path, WIDTH)
        for number in range(start, start + 20):
            store.add(digests(number), values(number))

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(
        Store(tmp_path, WIDTH).read(digests(*range(30))), values(*range(30))
    )


def test_what_is_no_number_is_refused(tmp_path: Path) -> None:
    """It would be in every head that is learned from it."""
    store = Store(tmp_path, WIDTH)
    for bad in (np.nan, np.inf, 70000.0):
        wrong = values(1, 2)
        wrong[1, 3] = bad
        with pytest.raises(ModelError, match="makes no numbers") as caught:
            store.add(digests(1, 2), wrong)
        assert "1 images of 2" in caught.value.received
    assert len(store.missing(digests(1, 2))) == 2


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was there before stays readable."""
    store = Store(tmp_path, WIDTH)
    store.add(digests(1), values(1))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="full"):
            store.add(digests(2), values(2))
    again = Store(tmp_path, WIDTH)
    assert again.missing(digests(1, 2)).tolist() == [1]
    again.add(digests(2), values(2))
    np.testing.assert_array_equal(again.read(digests(2, 1)), values(2, 1))


def test_bytes(tmp_path: Path) -> None:
    """What an engine gives in 8 bits is kept in as many, to the last bit."""
    rng = np.random.default_rng(0)
    wanted = rng.integers(-128, 128, (300, WIDTH)).astype(np.int8)
    store = Store(tmp_path / "bytes", WIDTH, np.int8)
    store.add(digests(*range(300)), wanted)
    assert (tmp_path / "bytes" / "values.bin").stat().st_size == wanted.nbytes
    order = rng.permutation(300)
    again = Store(tmp_path / "bytes", WIDTH, np.int8).read(digests(*order.tolist()))
    assert again.dtype == np.int8
    np.testing.assert_array_equal(again, wanted[order])
