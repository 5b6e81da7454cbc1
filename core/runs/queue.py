"""The queue of local runs: first in, first out, a fixed number of slots, and no daemon.

Whoever submits a run, opens the app or finishes a run calls `ensure`, which starts a dispatcher for
each free slot while runs wait. A dispatcher is a light process that takes the oldest queued run,
starts its worker, waits for it, and goes on; it ends when nothing waits. It outlives the app, holds
its slot by a file lock that its death frees, and marks a run whose worker died without a word.

status.json has one writer at a time: the dispatcher until the worker is up, the worker until it is
gone, the dispatcher again. Taking a run from the queue and cancelling a queued one exclude each
other by the queue's lock.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from core import workspace
from core.errors import AppError, RunError, SpecError, storing
from core.runs.run import Run, all_runs, create, process_identity, worker_alive
from core.runs.status import State
from core.specs import RunSpec

_children: list[subprocess.Popen[bytes]] = []  # dispatchers started here, kept to be reaped


def slots() -> int:
    """How many runs may train at once on this machine: $LAYERWISE_SLOTS, 1 by default."""
    text = os.environ.get("LAYERWISE_SLOTS", "1")
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise SpecError(
            "LAYERWISE_SLOTS is not valid",
            expected="a whole number from 1 to 64",
            received=repr(text),
            remedy="Unset it for one slot",
        )
    return int(text)


def submit(spec: RunSpec) -> Run:
    """Create a run and see that it is trained as soon as a slot is free."""
    slots()
    run = create(spec)
    ensure()
    return run


def cancel(run: Run) -> None:
    """Take a queued run out of the queue, or ask a running one to stop after its current batch."""
    with _queue_lock():
        status = run.status
        if status.state is State.QUEUED:
            run.write_status(
                status.model_copy(update={"state": State.STOPPED, "ended": time.time()})
            )
        elif status.state is State.RUNNING:
            with storing(run.folder, "ask the run to stop"):
                (run.folder / "cancel").touch()


def queued() -> list[Run]:
    """Runs that wait, the next one first."""
    waiting = [run for run in all_runs() if run.saved_status.state is State.QUEUED]
    return waiting[::-1]


def ensure() -> None:
    """Start a dispatcher for each free slot, as long as runs wait. Cheap when none does."""
    _children[:] = [child for child in _children if child.poll() is None]
    waiting = len(queued())
    for slot in range(slots() if waiting else 0):
        lock = _slot_lock(slot)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        lock.release()
        _start_dispatcher()
        waiting -= 1
        if waiting == 0:
            break


def dispatch() -> None:
    """Work through the queue in one slot; returns when nothing waits or no slot is free."""
    for slot in range(slots()):
        lock = _slot_lock(slot)
        try:
            # longer than the moment for which `ensure` holds the lock to see whether it is free
            lock.acquire(timeout=0.5)
        except Timeout:
            continue
        try:
            while (run := _take()) is not None:
                _work(run)
        finally:
            lock.release()
        ensure()  # a run submitted between the last look and the release
        return


def _take() -> Run | None:
    """The oldest queued run, marked as starting; waits while other workers fill all slots.

    Workers can outlive the dispatcher that started them, so slots are counted by workers too: those
    of this machine.
    """
    here = socket.gethostname()
    while True:
        with _queue_lock():
            waiting = queued()
            if not waiting:
                return None
            busy = [
                run
                for run in all_runs()
                if (status := run.saved_status).state is State.RUNNING
                and status.host == here
                and worker_alive(status)
            ]
            if len(busy) < slots():
                run = waiting[0]
                now = time.time()
                update = {
                    "state": State.RUNNING,
                    "phase": "starting",
                    "started": now,
                    "heartbeat": now,
                    **process_identity(os.getpid()),
                }
                run.write_status(run.saved_status.model_copy(update=update))
                return run
        time.sleep(0.5)


def _work(run: Run) -> None:
    """Run the worker of `run` to its end and mark the run if it could not do so itself."""
    try:
        with storing(run.folder, "start the worker"), (run.folder / "worker.log").open("ab") as log:
            command = [sys.executable, "-m", "core.train.worker", str(run.folder)]
            code = subprocess.run(
                command,
                cwd=workspace.CHECKOUT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            ).returncode
        if run.saved_status.state is not State.RUNNING:
            return  # it ended well, or was deleted, or a new run has its name by now
        (run.folder / ".reserve").unlink(missing_ok=True)
        reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        error: AppError = RunError(
            f"The worker ended without a word ({reason})",
            expected="a worker that reports how its run ended",
            received="a process that was killed, ran out of memory or crashed",
            remedy="The best model so far can be used; the end of the log may say more"
            if run.has_model
            else "It had not finished an epoch, so there is no model; train it again",
        )
        state = State.LOST
    except AppError as problem:
        error, state = problem, State.FAILED
    update = {"state": state, "ended": time.time(), "eta": None, "error": error.to_dict()}
    try:
        run.write_status(run.saved_status.model_copy(update=update))
    except AppError as problem:  # a full disk or a deleted folder must not hold up the queue
        print(f"{run.id}: {problem}", flush=True)


def _start_dispatcher() -> None:
    folder = _queue_folder()
    with storing(folder, "start the queue"), (folder / "dispatcher.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "core.runs.queue"],
            cwd=workspace.CHECKOUT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children.append(child)


def _environment() -> dict[str, str]:
    return {**os.environ, "LAYERWISE_HOME": str(workspace.home()), "PYTHONUNBUFFERED": "1"}


def _queue_folder() -> Path:
    folder = workspace.runs_folder() / ".queue"
    with storing(folder, "keep the queue"):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _queue_lock() -> FileLock:
    return FileLock(_queue_folder() / "queue.lock", timeout=30)


def _slot_lock(slot: int) -> FileLock:
    return FileLock(_queue_folder() / f"slot-{slot}.lock")


if __name__ == "__main__":
    dispatch()
