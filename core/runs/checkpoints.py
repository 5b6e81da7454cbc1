"""What checkpoints may take of the disk, and what goes when they take more."""

from __future__ import annotations

import contextlib

from core import budgets
from core.runs.run import Run, all_runs

NAME = "checkpoint.npz"
_VARIABLE = "LAYERWISE_CHECKPOINTS"
_GIGABYTES = 4.0


def budget() -> int:
    """Bytes that all checkpoints of the workspace may have: $LAYERWISE_CHECKPOINTS in GB, 4 by default."""
    return budgets.budget(_VARIABLE, _GIGABYTES, "checkpoints")


def size(run: Run) -> int:
    """Bytes of a run's checkpoint; 0 where there is none."""
    try:
        return (run.folder / NAME).stat().st_size
    except OSError:
        return 0


def make_room(run: Run, needed: int) -> bool:
    """See that a checkpoint of `needed` bytes of this run is within the budget.

    Runs that have ended lose theirs, those that ended first before the others.

    Returns:
        Whether it is.
    """
    limit = budget()
    if needed > limit:
        return False
    others = [(item, size(item)) for item in all_runs() if item.folder.name != run.folder.name]
    total = needed + sum(taken for _, taken in others)
    ended = [(item, taken) for item, taken in others if taken and item.status.state.final]
    ended.sort(key=lambda pair: pair[0].saved_status.ended or 0.0)
    for item, taken in ended:
        if total <= limit:
            break
        with contextlib.suppress(OSError):
            (item.folder / NAME).unlink(missing_ok=True)
            total -= taken
    return total <= limit
