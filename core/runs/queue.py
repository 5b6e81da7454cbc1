"""The queue of local runs: first in, first out unless moved, a number of slots, and no daemon.

Whoever submits a run, opens the app or finishes a run calls `ensure`, which starts a dispatcher
(core.runs.dispatcher) for each free slot while runs wait. What the queue remembers is in
core.runs.turns.

status.json has one writer at a time: the dispatcher until the worker is up, the worker until it is
gone, the dispatcher again. Taking a run from the queue and cancelling or moving a queued one exclude
each other by the queue's lock.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence

from filelock import FileLock

from core import locks, processes
from core.errors import StorageError, storing
from core.runs import standby, turns
from core.runs.run import Run, create
from core.runs.status import State
from core.runs.turns import queued, slots
from core.specs import RunSpec


def submit(spec: RunSpec) -> Run:
    """Create a run and see that it is trained as soon as a slot is free."""
    (run,) = submit_all([spec])
    return run


def submit_all(specs: Sequence[RunSpec]) -> list[Run]:
    """The same for several, in their order: all of them, or none where one cannot be kept."""
    slots()
    made: list[Run] = []
    with turns.locked():  # no dispatcher takes the first before the last is there
        try:
            for spec in specs:
                made.append(create(spec))
        except BaseException:
            for run in made:
                shutil.rmtree(run.folder, ignore_errors=True)
            raise
    ensure()
    return made


def cancel(run: Run) -> None:
    """Take a queued run out of the queue, or ask a running one to stop after its current batch."""
    with turns.locked():
        status = run.status
        if status.state is State.QUEUED:
            run.write_status(
                status.model_copy(update={"state": State.STOPPED, "ended": time.time()})
            )
        elif status.state is State.RUNNING:
            with storing(run.folder, "ask the run to stop"):
                (run.folder / "cancel").touch()


def run_now(run: Run) -> None:
    """Start a waiting run at once, beside what trains and even while the queue is paused.

    It counts as one that trains: no other starts until fewer train than there are slots.
    Raises RunError when the run does not wait.
    """
    with turns.locked():
        turns.require(run, queued())
        with storing(run.folder, "start the run"):
            (run.folder / "now").touch()
    ensure()


def pause() -> None:
    """Start nothing new, but for what is told to run now; what trains goes on."""
    turns.set_paused(True)


def resume() -> None:
    """Let the queue go on after a pause."""
    turns.set_paused(False)
    ensure()


def set_slots(number: int) -> None:
    """Choose how many runs may train at once, and start what may start now."""
    turns.set_slots(number)
    ensure()


def ensure() -> None:
    """Start a dispatcher for each free slot, as long as runs wait. Cheap when none does."""
    processes.reap()
    waiting = queued()
    if any(run.hurried for run in waiting):
        _start_dispatcher("now")
    left = standby.ring() if waiting else False
    free = 0 if turns.paused() else len(waiting)
    for slot in range(slots() if free else 0):
        if not locks.free(slot_lock(slot), 2.0 if left and slot == 0 else 0.0):
            continue
        _start_dispatcher()
        free -= 1
        if free == 0:
            break


def warm_up(*, backbone: bool = False) -> None:
    """Have a worker ready for the next run, one at most; see core.runs.standby.

    Args:
        backbone: with the pretrained network.

    Cheap when one is ready or a run trains. On a disk that takes no file nothing is got ready: the
    next run itself will say what is wrong.
    """
    with contextlib.suppress(StorageError):
        if backbone:
            standby.want_backbone()
        if standby.want() and locks.free(slot_lock(0)):
            _start_dispatcher()


def slot_lock(slot: int) -> FileLock:
    """What a dispatcher holds while it works in that slot."""
    return FileLock(turns.folder() / f"slot-{slot}.lock")


def _start_dispatcher(*arguments: str) -> None:
    module = "-m", "core.runs.dispatcher"
    processes.start((*module, *arguments), turns.folder() / "dispatcher.log", "start the queue")
