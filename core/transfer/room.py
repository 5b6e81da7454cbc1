"""What features may take of the disk, and what goes when they take more."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path

from core.budgets import budget

_VARIABLE, _GIGABYTES = "LAYERWISE_FEATURES", 8.0
_USED = "used"  # its time is when the store was last used
_REST = 3600.0  # seconds in which a store is left alone


def limit() -> int:
    """Bytes that all features may take; raises SpecError where $LAYERWISE_FEATURES is not valid."""
    return budget(_VARIABLE, _GIGABYTES, "features")


def use(store: Path) -> None:
    """Say that a store is used, and delete others while all together take too much.

    Those that were used longest ago go first, and none that was used within the hour. Deleted features
    are computed anew where they are needed.

    Raises:
        SpecError: $LAYERWISE_FEATURES is not valid.
    """
    most = limit()
    touch(store)
    others = [(_time(other), other) for other in _stores(store.parent) if other != store]
    total = _size(store) + sum(_size(other) for _, other in others)
    for used, other in sorted(others):
        if total <= most or time.time() - used < _REST:
            return
        taken = _size(other)
        shutil.rmtree(other, ignore_errors=True)
        total -= taken - _size(other)


def touch(store: Path) -> None:
    """Say that a store is still used, so that others leave it alone."""
    with contextlib.suppress(OSError):  # a full disk is told where something is kept
        store.mkdir(parents=True, exist_ok=True)
        (store / _USED).touch()


def _stores(parent: Path) -> list[Path]:
    try:
        return [item for item in parent.iterdir() if item.is_dir()]
    except OSError:
        return []


def _time(store: Path) -> float:
    for name in (_USED, "."):
        with contextlib.suppress(OSError):
            return (store / name).stat().st_mtime
    return 0.0


def _size(store: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        for item in store.iterdir():
            total += item.stat().st_size
    return total
