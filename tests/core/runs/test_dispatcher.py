"""core.runs.dispatcher: who starts the workers, and when it does not.

The runs here have no images, so that their real workers fail within a second, without TensorFlow.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core import workspace
from core.errors import RunError, StorageError
from core.runs import dispatcher, queue, turns
from core.runs.run import Run, create, process_identity
from core.runs.status import RunStatus, State
from tests.conftest import small_spec
from tests.core.conftest import Processes

Wait = Callable[[Callable[[], bool], float], None]
DISPATCHER = "core.runs.dispatcher"


def failing() -> Run:
    """A submitted run that fails as soon as it is started."""
    return queue.submit(small_spec("/no/such/folder"))


def started(run: Run) -> bool:
    """Whether a worker has been at the run."""
    return run.status.started is not None


@contextmanager
def training() -> Iterator[Run]:
    """A run that trains, as a live process that is not the queue's: it fills a slot."""
    run = create(small_spec("sketches"))
    code = "import time; time.sleep(60)"
    worker = subprocess.Popen([sys.executable, "-c", code])
    values = {"state": State.RUNNING, "heartbeat": time.time(), **process_identity(worker.pid)}
    run.write_status(run.saved_status.model_copy(update=values))
    try:
        yield run
        values = {"state": State.DONE, "ended": time.time()}
        run.write_status(run.saved_status.model_copy(update=values))
    finally:
        worker.kill()
        worker.wait()


def test_a_paused_queue_starts_nothing_until_it_is_resumed(
    queue_home: Path, wait_for: Wait, processes: Processes
) -> None:
    """Paused, nothing is started, whoever asks; resumed, the runs go in their order."""
    queue.pause()
    first, second = failing(), failing()
    turns.move(second, "first")
    queue.ensure()
    assert processes(DISPATCHER) == []
    subprocess.run([sys.executable, "-m", DISPATCHER], cwd=workspace.CHECKOUT, check=True)
    assert turns.queued() == [second, first]

    queue.resume()
    wait_for(lambda: first.status.state.final and second.status.state.final, 30)
    assert (second.status.started or 0) < (first.status.started or 0)
    wait_for(lambda: processes(DISPATCHER) == [], 20)


def test_a_pause_between_two_runs_holds_the_second(
    queue_home: Path, wait_for: Wait, processes: Processes
) -> None:
    """A pause while a dispatcher waits for its turn sends it home; resuming starts another."""
    with training():
        run = failing()
        wait_for(lambda: len(processes(DISPATCHER)) == 1, 10)
        queue.pause()
        wait_for(lambda: processes(DISPATCHER) == [], 10)
    assert run.status.state is State.QUEUED
    queue.resume()
    wait_for(lambda: started(run), 20)


def test_run_now_starts_beside_what_trains_and_while_paused(
    queue_home: Path, wait_for: Wait
) -> None:
    """Run now needs neither a free slot nor a queue that is not paused; the others wait on."""
    with training():
        first, second, third = failing(), failing(), failing()
        queue.run_now(second)  # the slot is full
        wait_for(lambda: second.status.state.final, 20)
        queue.pause()
        queue.run_now(third)
        wait_for(lambda: third.status.state.final, 20)
        assert first.status.state is State.QUEUED
        with pytest.raises(RunError, match="does not wait"):
            queue.run_now(third)


def test_what_was_told_to_run_now_counts_as_training(
    queue_home: Path, wait_for: Wait, processes: Processes
) -> None:
    """While as many train as there are slots, or more, by whatever way, no other is started."""
    with training():
        with training():
            queue.set_slots(2)
            run = failing()
            wait_for(lambda: len(processes(DISPATCHER)) > 0, 10)
            time.sleep(1.5)
            assert run.status.state is State.QUEUED
        wait_for(lambda: started(run), 20)  # one of two trains: there is room


def test_run_now_survives_the_death_of_all_who_heard_it(
    queue_home: Path, wait_for: Wait, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to run now by a process that died before it started anything, a run is still started."""
    queue.pause()
    run = failing()
    with monkeypatch.context() as patch:
        patch.setattr(queue, "ensure", lambda: None)  # dies here
        queue.run_now(run)
    assert processes(DISPATCHER) == []
    queue.ensure()  # the next page, two seconds later
    wait_for(lambda: started(run), 20)


def test_more_slots_start_more_at_once(queue_home: Path, wait_for: Wait) -> None:
    """Choosing another slot starts the run that waits for one."""
    with training():
        run = failing()
        time.sleep(1.0)
        assert run.status.state is State.QUEUED
        queue.set_slots(2)
        wait_for(lambda: started(run), 20)


def test_a_killed_dispatcher_loses_no_turn(
    queue_home: Path, wait_for: Wait, processes: Processes
) -> None:
    """Where the dispatcher is killed while it waits, the next one keeps to the order."""
    with training():
        first, second = failing(), failing()
        wait_for(lambda: len(processes(DISPATCHER)) == 1, 10)
        turns.move(second, "first")
        left = processes(DISPATCHER)
        for process in left:
            os.kill(process.pid, 9)
        psutil.wait_procs(left, timeout=10)
        assert turns.queued() == [second, first]
    queue.ensure()
    wait_for(lambda: first.status.state.final, 30)
    assert (second.status.started or 0) < (first.status.started or 0)


def refusing(monkeypatch: pytest.MonkeyPatch, runs: list[Run]) -> None:
    """From now on the folders of `runs`, as long as they are in the list, refuse a status."""
    write = Run.write_status

    def refuse(self: Run, status: RunStatus) -> None:
        if self in runs:
            raise StorageError(
                "The run cannot be kept", expected="room", received="none", remedy="Make room"
            )
        write(self, status)

    monkeypatch.setattr(Run, "write_status", refuse)


def test_a_run_that_cannot_be_written_holds_up_no_other(
    queue_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose folder refuses a write is passed over: it waits on, and those after it train."""
    queue.pause()
    first, second = failing(), failing()
    full = [first]
    refusing(monkeypatch, full)
    rung: list[int] = []
    monkeypatch.setattr(queue, "ensure", lambda: rung.append(1))
    turns.set_paused(False)
    dispatcher.dispatch()
    assert first.status.state is State.QUEUED
    assert second.status.state is State.FAILED
    assert not rung  # it would be refused again at once

    full.clear()  # there is room again, and the next page looks after the queue
    dispatcher.dispatch()
    assert first.status.state is State.FAILED


def test_who_rings_has_it_tried_again(queue_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatcher that waits beside a warm worker takes what it had passed over."""
    queue.pause()
    run = failing()
    full = [run]
    refusing(monkeypatch, full)
    turns.set_paused(False)

    class Waiting:
        """A standby that is rung for once."""

        dismissed = False

        def wait(self) -> bool:
            rung = bool(full)
            full.clear()
            return rung

        def work(self, run: Run) -> None:
            return None

        def close(self) -> None:
            pass

    monkeypatch.setattr(dispatcher, "Standby", Waiting)
    dispatcher.dispatch()
    assert run.status.state is State.FAILED


def test_what_comes_while_another_is_stuck_is_not_forgotten(
    queue_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run submitted at the last moment has others called for it."""
    queue.pause()
    stuck = failing()
    refusing(monkeypatch, [stuck])
    turns.set_paused(False)
    called: list[int] = []
    monkeypatch.setattr(queue, "ensure", lambda: called.append(1))
    slot_lock = queue.slot_lock

    def late(slot: int) -> object:
        lock = slot_lock(slot)
        free = lock.release

        def released(*values: object, **named: object) -> None:
            create(small_spec("/no/such/folder"))
            free(*values, **named)

        lock.release = released  # type: ignore[method-assign]
        return lock

    monkeypatch.setattr(queue, "slot_lock", late)
    dispatcher.dispatch()
    assert called == [1]
