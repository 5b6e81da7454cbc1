"""How far a run is, in a line for people."""

from __future__ import annotations

import os
import shutil

from core import words
from core.runs import turns
from core.runs.run import Run
from core.runs.status import RunStatus, State

LOOKING = "looking at the images, each once"  # what a worker does whose backbone is frozen
PHASE = "fine-tuning"  # what it does when the blocks of a backbone learn on
_ROOM = 2**20  # bytes; the status of a run takes less, and a training more


def how_far(run: Run, status: RunStatus) -> str:
    """What it waits for, or what it is doing and how long that takes; for a run that has not ended."""
    if status.state is State.QUEUED:
        if turns.paused() and not run.hurried:
            return "Waits; the queue is paused"
        if hindrance := _hindrance(run):
            return f"Waits: {hindrance}"
        return "Waits for a free training slot and starts by itself"
    if status.phase != "training":
        parts = [status.phase[:1].upper() + status.phase[1:]]
        if status.phase == LOOKING and status.steps:
            parts.append(f"{words.count(status.step)} of {words.several(status.steps, 'image')}")
            if status.eta:
                parts.append(f"{words.duration(status.eta)} left")
        return " · ".join(parts)
    parts = [f"Epoch {min(status.epoch + 1, status.epochs)} of {status.epochs}"]
    if status.eta is not None:
        parts.append(f"{words.duration(status.eta)} of training left")
    return " · ".join(parts)


def _hindrance(run: Run) -> str | None:
    """What keeps it from being started: the dispatcher passes over what it cannot write."""
    try:
        room = shutil.disk_usage(run.folder).free
    except OSError:  # deleted just now
        return None
    if room < _ROOM:
        return "the disk is full, so make room for it"
    if not os.access(run.folder, os.W_OK | os.X_OK):
        return f"its folder {run.folder} cannot be written, so mend its permissions"
    return None
