"""Who starts the workers: ``python -m core.runs.dispatcher [now]``.

A dispatcher is a light process that takes the next queued run, starts its worker, waits for it, and
goes on; it ends when nothing waits or the queue is paused, but for the one of the first slot, which
then keeps a worker ready for a while (core.runs.standby). It outlives the app, holds its slot by a
file lock that its death frees, and marks a run whose worker died without a word. With `now` it holds
no slot and takes only runs that were told to run at once.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from filelock import Timeout

from core import workspace
from core.errors import AppError, RunError, storing
from core.runs import memory, queue, turns, webhook
from core.runs.run import Run, all_runs, process_identity, worker_alive
from core.runs.standby import Standby
from core.runs.status import State

Stuck = set[tuple[str, float]]  # keys of runs whose folder refused a write


def dispatch() -> None:
    """Work through the queue in one slot; returns when nothing may start or no slot is free."""
    for slot in range(turns.slots()):
        lock = queue.slot_lock(slot)
        try:
            # longer than the moment for which `ensure` holds the lock to see whether it is free
            lock.acquire(timeout=0.5)
        except Timeout:
            continue
        standby = Standby() if slot == 0 else None
        stuck: Stuck = set()
        try:
            while True:
                if (run := _take(stuck)) is not None:
                    _work(run, standby)
                    webhook.tell(wait=True)
                elif standby is None or not standby.wait():
                    break
                else:
                    stuck.clear()  # somebody rang: there may be room by now
        finally:
            if standby is not None:
                standby.close()
            lock.release()
        if standby is None or not standby.dismissed:
            _ensure(stuck)  # a run submitted between the last look and the release
        return


def dispatch_hurried() -> None:
    """Work at what was told to run now, outside of any slot."""
    stuck: Stuck = set()
    while (run := _take(stuck, hurried=True)) is not None:
        _work(run)
        webhook.tell(wait=True)
    _ensure(stuck)


def _ensure(stuck: Stuck) -> None:
    """Have what waits started by others; what is stuck would be stuck again, until the next page."""
    if any(turns.key(run) not in stuck for run in turns.queued()):
        queue.ensure()


def _take(stuck: Stuck, *, hurried: bool = False) -> Run | None:
    """The next run to work at, marked as starting; waits while workers fill all slots.

    A run whose folder cannot be written joins `stuck` and is passed over.

    Workers can outlive the dispatcher that started them, and some were told to run now, so slots
    are counted by workers too: those of this machine.
    """
    while True:
        with turns.locked():
            waiting = [run for run in turns.queued() if turns.key(run) not in stuck]
            run = next((run for run in waiting if run.hurried), None)
            if run is None:
                if hurried or turns.paused() or not waiting:
                    return None
                if _busy() < turns.slots():
                    run = waiting[0]
            if run is not None:
                now = time.time()
                update = {
                    "state": State.RUNNING,
                    "phase": "starting",
                    "started": now,
                    "heartbeat": now,
                    **process_identity(os.getpid()),
                }
                try:
                    run.write_status(run.saved_status.model_copy(update=update))
                except (AppError, OSError) as problem:
                    print(f"{run.id}: {problem}", flush=True)
                    stuck.add(turns.key(run))
                    continue
                with suppress(OSError):
                    (run.folder / "now").unlink(missing_ok=True)  # its wish has come true
                return run
        time.sleep(0.5)


def _busy() -> int:
    """How many runs train on this machine."""
    here = socket.gethostname()
    statuses = (run.saved_status for run in all_runs())
    return sum(
        status.state is State.RUNNING and status.host == here and worker_alive(status)
        for status in statuses
    )


def _work(run: Run, standby: Standby | None = None) -> None:
    """Run the worker of `run` to its end and mark the run if it could not do so itself."""
    try:
        killed = memory.kills()
        code = standby.work(run) if standby is not None else None
        if code is None:
            code = _work_cold(run)
        short = code == -signal.SIGKILL and memory.kills() > killed
        with turns.locked():
            if not _mine(run):
                return
            (run.folder / ".reserve").unlink(missing_ok=True)
            status = run.saved_status
            if short and (half := memory.half(run, status)):
                run.write_status(status.model_copy(update=memory.smaller(status, half)))
                return
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
        with turns.locked():
            if _mine(run):
                run.write_status(run.saved_status.model_copy(update=update))
    except AppError as problem:  # a full disk or a deleted folder must not hold up the queue
        print(f"{run.id}: {problem}", flush=True)


def _mine(run: Run) -> bool:
    """Whether the run is still in the hands of this dispatcher, or of a worker that is gone.

    It may have ended well, have been deleted, or be in another's hands: resumed at once, or put back
    into the queue by its worker and taken by another dispatcher.
    """
    status = run.saved_status
    taken = status.pid != os.getpid() and worker_alive(status)
    return status.state is State.RUNNING and not taken


def _work_cold(run: Run) -> int:
    """Start the worker of `run`, wait for its end and return its exit code."""
    with storing(run.folder, "start the worker"), (run.folder / "worker.log").open("ab") as log:
        return subprocess.run(
            [sys.executable, "-m", "core.train.worker", str(run.folder)],
            cwd=workspace.CHECKOUT,
            env=workspace.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        ).returncode


def main(arguments: Sequence[str]) -> None:
    """Work in a slot, or at once."""
    webhook.tell(wait=True)  # of runs that were lost with an earlier dispatcher
    if list(arguments) == ["now"]:
        dispatch_hurried()
    else:
        dispatch()


if __name__ == "__main__":
    main(sys.argv[1:])
