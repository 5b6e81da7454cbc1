"""core.transfer.room: what features may take of the disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import SpecError
from core.transfer.room import use
from core.transfer.store import Store

DAY = 86_400.0


def kept(folder: Path, name: str, days: float, bytes_each: int = 400_000) -> Path:
    """A store with one row that was last used so long ago."""
    store = folder / name
    Store(store, bytes_each, np.int8).add(
        np.array([7], np.uint64), np.zeros((1, bytes_each), np.int8)
    )
    (store / "used").touch()
    then = time.time() - days * DAY
    os.utime(store / "used", (then, then))
    return store


def test_those_unused_longest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the rest is within the budget, the one in use counted."""
    stores = [kept(tmp_path, f"s{days}", days) for days in (3, 1, 2)]
    monkeypatch.setenv("LAYERWISE_FEATURES", "0.0013")
    use(stores[1])
    assert all(store.exists() for store in stores)
    monkeypatch.setenv("LAYERWISE_FEATURES", "0.0009")
    use(stores[1])
    assert [store.exists() for store in stores] == [False, True, True]
    monkeypatch.setenv("LAYERWISE_FEATURES", "0")
    use(stores[1])
    assert [store.exists() for store in stores] == [False, True, False]
    row = Store(stores[1], 400_000, np.int8).read(np.array([7], np.uint64))
    assert row.shape == (1, 400_000)


def test_what_was_just_used_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run may be about to read it, whatever the budget is."""
    other = kept(tmp_path, "other", 0.0)
    monkeypatch.setenv("LAYERWISE_FEATURES", "0")
    use(tmp_path / "mine")
    assert other.exists()
    assert (tmp_path / "mine" / "used").exists()


@pytest.mark.parametrize("text", ["much", "-1", "nan"])
def test_a_wrong_budget_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """With its name and what came."""
    monkeypatch.setenv("LAYERWISE_FEATURES", text)
    with pytest.raises(SpecError, match="LAYERWISE_FEATURES is not valid") as caught:
        use(tmp_path / "mine")
    assert repr(text) in str(caught.value)
