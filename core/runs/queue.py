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
import subprocess
import sys
import time

from filelock import FileLock, Timeout

from core import workspace
from core.errors import StorageError, storing
from core.runs import standby, turns
from core.runs.run import Run, create
from core.runs.status import State
from core.runs.turns import queued, slots
from core.specs import RunSpec

_children: list[subprocess.Popen[bytes]] = []  # dispatchers started here, kept to be reaped


def submit(spec: RunSpec) -> Run:
    """Create a run and see that it is trained as soon as a slot is free."""
    slots()
    run = create(spec)
    ensure()
    return run


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
    _children[:] = [child for child in _children if child.poll() is None]
    waiting = queued()
    if any(run.hurried for run in waiting):
        _start_dispatcher("now")
    left = standby.ring() if waiting else False
    free = 0 if turns.paused() else len(waiting)
    for slot in range(slots() if free else 0):
        lock = slot_lock(slot)
        try:
            lock.acquire(timeout=2.0 if left and slot == 0 else 0)
        except Timeout:
            continue
        lock.release()
        _start_dispatcher()
        free -= 1
        if free == 0:
            break


def warm_up() -> None:
    """Have a worker ready for the next run, one at most; see core.runs.standby.

    Cheap when one is ready or a run trains. On a disk that takes no file nothing is got ready: the
    next run itself will say what is wrong.
    """
    with contextlib.suppress(StorageError):
        if not standby.want():
            return
        lock = slot_lock(0)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return
        lock.release()
        _start_dispatcher()


def slot_lock(slot: int) -> FileLock:
    """What a dispatcher holds while it works in that slot."""
    return FileLock(turns.folder() / f"slot-{slot}.lock")


def _start_dispatcher(*arguments: str) -> None:
    folder = turns.folder()
    with storing(folder, "start the queue"), (folder / "dispatcher.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "core.runs.dispatcher", *arguments],
            cwd=workspace.CHECKOUT,
            env=workspace.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children.append(child)
