"""core.cli.queue: the queue from the command line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.runs import queue, turns
from core.runs.run import create
from core.runs.status import State
from tests.conftest import small_spec
from tests.core.conftest import Cli, hold_slot, last_json


def test_an_empty_queue_is_listed(home: Path, cli: Cli) -> None:
    """queue without a verb lists it, as text or as JSON."""
    code, out, _ = cli("queue")
    assert code == 0
    assert out == "0 runs waiting; 1 slot; the queue is not paused\n"
    for arguments in (
        ["queue", "--json"],
        ["queue", "list", "--json"],
        ["queue", "--json", "list"],
    ):
        code, out, _ = cli(*arguments)
        assert last_json(out) == {"paused": False, "slots": 1, "training": [], "waiting": []}


def test_runs_are_moved_and_cancelled(queue_home: Path, cli: Cli) -> None:
    """move changes the order and says the place; cancel takes a run out, once."""
    lock = hold_slot(queue_home)
    first, second, third = (queue.submit(small_spec("sketches")) for _ in range(3))
    code, out, _ = cli("queue", "move", third.id, "first")
    assert (code, out) == (0, f"{third.id} is number 1 of 3 in the queue.\n")
    code, out, _ = cli("queue", "move", str(second.folder), "up", "--json")
    assert last_json(out)["waiting"] == [third.id, second.id, first.id]
    code, out, _ = cli("queue", "list")
    assert [line.split()[:2] for line in out.splitlines()[1:4]] == [
        ["1", third.id],
        ["2", second.id],
        ["3", first.id],
    ]
    code, out, _ = cli("queue", "cancel", second.id)
    assert (code, out) == (0, f"{second.id} is out of the queue.\n")
    assert second.status.state is State.STOPPED
    for arguments in (["cancel", second.id], ["move", second.id, "up"], ["run-now", second.id]):
        code, out, err = cli("queue", *arguments, "--json")
        assert code == 1
        assert "a run that is stopped" in err
        assert last_json(out)["error"]["kind"] == "RunError"
    assert turns.queued() == [third, first]
    lock.release()


def test_a_running_run_is_asked_to_stop(home: Path, cli: Cli) -> None:
    """cancel asks a run that trains to stop, and the list names it."""
    run = create(small_spec("sketches"))
    values = {"state": State.RUNNING, "host": "elsewhere", "heartbeat": time.time() + 600}
    run.write_status(run.saved_status.model_copy(update=values))
    assert last_json(cli("queue", "--json")[1])["training"] == [run.id]
    assert f"trains {run.id}" in " ".join(cli("queue")[1].split())
    code, out, _ = cli("queue", "cancel", run.id)
    assert code == 0
    assert "stops after its current batch" in out
    assert run.cancelled


def test_the_queue_is_paused_and_resumed(home: Path, cli: Cli) -> None:
    """pause and resume say what they mean, and the list tells which it is."""
    assert "nothing new starts" in cli("queue", "pause")[1]
    assert turns.paused()
    assert cli("queue")[1].endswith("the queue is paused: nothing new starts\n")
    assert last_json(cli("queue", "resume", "--json")[1])["paused"] is False
    assert not turns.paused()


def test_run_now_leaves_its_mark(queue_home: Path, cli: Cli) -> None:
    """run-now tells the queue to start the run at once, though it is paused."""
    queue.pause()
    run = queue.submit(small_spec("/no/such/folder"))
    code, out, _ = cli("queue", "run-now", run.id)
    assert (code, out) == (0, f"{run.id} starts now.\n")
    assert run.hurried


def test_slots_are_shown_and_chosen(home: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """slots shows the number, changes it, and refuses what makes no sense."""
    assert cli("queue", "slots")[1] == "1 run may train at once.\n"
    assert cli("queue", "slots", "3")[1] == "3 runs may train at once.\n"
    assert turns.slots() == 3
    for text in ("0", "65", "two", "1.5"):
        code, _, err = cli("queue", "slots", text)
        assert code == 2
        assert "a whole number from 1 to 64" in err
    monkeypatch.setenv("LAYERWISE_SLOTS", "2")
    assert cli("queue", "slots")[1] == "2 runs may train at once, by LAYERWISE_SLOTS.\n"
    code, _, err = cli("queue", "slots", "4")
    assert code == 2
    assert "LAYERWISE_SLOTS=2" in err


def test_a_run_or_a_place_that_is_none_is_refused(home: Path, cli: Cli) -> None:
    """An unknown run or place is refused with what there is."""
    code, _, err = cli("queue", "move", "gone-1", "up")
    assert code == 2
    assert "There is no run gone-1" in err
    code, _, err = cli("queue", "move", "gone-1", "sideways")
    assert code == 2
    assert "'first', 'up', 'down', 'last'" in err
