"""core.runs.memory: a second try in smaller batches."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from core.runs import dispatcher, memory
from core.runs.run import Run, create
from core.runs.status import State
from tests.conftest import small_spec


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the system counts what it killed."""
    path = tmp_path / "memory.events"
    path.write_text("low 0\noom 2\noom_kill 1\noom_group_kill 0\n")
    monkeypatch.setattr(memory, "_EVENTS", (path, tmp_path / "missing"))
    return path


def killed(run: Run, events: Path, monkeypatch: pytest.MonkeyPatch, *, by_system: bool) -> None:
    """Let the dispatcher work at a run whose worker is killed."""
    running = run.saved_status.model_copy(update={"state": State.RUNNING, "started": 1.0})
    run.write_status(running)

    def work(_: Run) -> int:
        if by_system:
            events.write_text(events.read_text().replace("oom_kill 1", "oom_kill 2"))
        return -signal.SIGKILL

    monkeypatch.setattr(dispatcher, "_work_cold", work)
    dispatcher._work(run)


def test_kills_are_counted(events: Path) -> None:
    """By their own name alone; a system that does not tell has none."""
    assert memory.kills() == 1
    events.unlink()
    assert memory.kills() == 0


def test_a_killed_run_gets_a_second_try(
    home: Path, events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits again, says why, and is lost only if it is killed once more."""
    run = create(small_spec("sketches", batch_size=9))
    killed(run, events, monkeypatch, by_system=True)
    status = run.status
    assert (status.state, status.batch_size, status.error) == (State.QUEUED, 4, None)
    assert "batches of 4" in status.notes[0]
    events.write_text("oom_kill 1\n")
    killed(run, events, monkeypatch, by_system=True)
    assert run.status.state is State.LOST
    assert len(run.status.notes) == 1


def test_a_run_that_a_person_killed_is_lost(
    home: Path, events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a sign that memory was short there is no second try."""
    run = create(small_spec("sketches"))
    killed(run, events, monkeypatch, by_system=False)
    assert run.status.state is State.LOST


def test_batches_of_one_cannot_be_halved(
    home: Path, events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to make smaller."""
    run = create(small_spec("sketches", batch_size=1))
    killed(run, events, monkeypatch, by_system=True)
    assert run.status.state is State.LOST
