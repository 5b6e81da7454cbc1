"""core.runs.turns: the order of waiting runs, the pause and the slots, as kept in files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from core import workspace
from core.errors import RunError, SpecError
from core.runs import turns
from core.runs.run import Run, create, delete, find
from core.runs.status import RunStatus, State
from tests.conftest import small_spec

MOVES = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["first", "up", "down", "last", "new", "taken"])),
    max_size=12,
)


def waiting(count: int) -> list[Run]:
    """So many queued runs."""
    return [create(small_spec("sketches")) for _ in range(count)]


def bare(folder: Path, number: int) -> Run:
    """A queued run of nothing but a status, quickly made."""
    run = Run(folder / "saved_models" / f"x-{number}")
    run.folder.mkdir(parents=True)
    run.write_status(RunStatus(created=1000.0 + number))
    (run.folder / "spec.json").write_text("{}")
    return run


def ended(run: Run) -> Run:
    """Mark a run as one that has ended."""
    run.write_status(run.saved_status.model_copy(update={"state": State.DONE}))
    return run


# the order


@settings(max_examples=40, deadline=None)
@given(MOVES)
def test_moves_do_what_they_do_to_a_list(moves: list[tuple[int, str]]) -> None:
    """Any sequence of moves, new runs and runs taken yields the order that a plain list yields."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_HOME", folder)
        home = Path(folder).resolve()
        model = [bare(home, number) for number in range(4)]
        made = len(model)
        for index, what in moves:
            if what == "new":
                model.append(bare(home, made))
                made += 1
            elif model:
                place = index % len(model)
                run = model.pop(place)
                if what == "taken":
                    ended(run)
                else:
                    steps = {"first": 0, "up": max(0, place - 1), "down": place + 1, "last": 99}
                    model.insert(steps[what], run)
                    assert turns.move(run, what) == model  # type: ignore[arg-type]
            assert turns.queued() == model


def test_a_run_that_does_not_wait_cannot_be_moved(home: Path) -> None:
    """Moving a run that has ended is refused, and the others keep their order."""
    first, second, third = waiting(3)
    ended(second)
    with pytest.raises(RunError, match="does not wait") as caught:
        turns.move(second, "first")
    assert caught.value.received == "a run that is done"
    assert turns.queued() == [first, third]


def test_a_new_run_of_an_old_name_waits_at_the_end(home: Path) -> None:
    """A run that has got the name of a deleted one does not inherit its place."""
    first, second = waiting(2)
    turns.move(second, "first")
    delete(ended(second))
    time.sleep(0.01)
    again = create(small_spec("sketches"))
    assert again.id == second.id
    assert turns.queued() == [first, again]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"7", b'{"a": 1}', b'["x"]', b'[["x"]]', b'[["x", {}]]', b"\xff\xfe\x00"],
)
def test_a_damaged_order_loses_no_run(home: Path, content: bytes) -> None:
    """With an order that cannot be read, runs wait by their age, and can be moved again."""
    first, second, third = waiting(3)
    turns.move(third, "first")
    path = turns.folder() / "order.json"
    path.write_bytes(content)
    assert turns.queued() == [first, second, third]
    assert turns.move(second, "first") == [second, first, third]
    path.unlink()
    path.mkdir()  # whatever lies there
    assert turns.queued() == [first, second, third]


def test_a_deleted_queue_folder_loses_no_run(home: Path) -> None:
    """The queue's whole folder can go: runs wait by their age, not paused, in one slot."""
    first, second = waiting(2)
    turns.set_paused(True)
    turns.set_slots(3)
    turns.move(second, "first")
    shutil.rmtree(turns.folder())
    assert turns.queued() == [first, second]
    assert not turns.paused()
    assert turns.slots() == 1


def test_two_processes_moving_at_once_lose_no_run(home: Path) -> None:
    """Two processes that move runs at the same time leave each run in the queue, once."""
    runs = waiting(6)
    code = (
        "import random, sys\n"
        "from core.runs import turns\n"
        "from core.runs.run import all_runs\n"
        "dice = random.Random(sys.argv[1])\n"
        "for _ in range(60):\n"
        "    where = dice.choice(['first', 'up', 'down', 'last'])\n"
        "    turns.move(dice.choice(all_runs()), where)\n"
        "    turns.set_paused(dice.random() < 0.5)\n"
        "    turns.set_slots(dice.randint(1, 4))"
    )
    movers = [
        subprocess.Popen([sys.executable, "-c", code, seed], cwd=workspace.CHECKOUT)
        for seed in ("1", "2")
    ]
    while any(mover.poll() is None for mover in movers):
        assert sorted(run.id for run in turns.queued()) == sorted(run.id for run in runs)
        assert 1 <= turns.slots() <= 4
    assert [mover.returncode for mover in movers] == [0, 0]
    order = json.loads((turns.folder() / "order.json").read_bytes())
    assert [name for name, _ in order] == [run.id for run in turns.queued()]


def test_a_mover_killed_at_any_moment_leaves_a_whole_queue(home: Path) -> None:
    """kill -9 amid moves neither loses a run nor keeps the lock."""
    runs = waiting(4)
    code = (
        "from core.runs import turns\n"
        "print('ready', flush=True)\n"
        "while True: turns.move(turns.queued()[-1], 'first')"
    )
    for pause in (0.0, 0.013, 0.029):
        mover = subprocess.Popen(
            [sys.executable, "-c", code], cwd=workspace.CHECKOUT, stdout=subprocess.PIPE
        )
        assert mover.stdout is not None
        mover.stdout.readline()
        time.sleep(pause)
        mover.kill()
        mover.communicate()
        assert sorted(run.id for run in turns.queued()) == sorted(run.id for run in runs)
        last = turns.queued()[-1]
        assert turns.move(last, "first")[0] == last


def test_a_lock_that_is_kept_is_explained(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another process keeps the queue's lock, the person is told so."""
    (run,) = waiting(1)
    held = FileLock(turns.folder() / "queue.lock")
    acquire = FileLock.acquire
    with held:
        monkeypatch.setattr(FileLock, "acquire", lambda lock, **_: acquire(lock, timeout=0))
        with pytest.raises(RunError, match="The queue is busy"):
            turns.move(run, "up")


# pause and slots


def test_a_pause_is_kept(home: Path) -> None:
    """A paused queue stays so until it is resumed; doing either twice changes nothing."""
    assert not turns.paused()
    for wanted in (True, True, False, False):
        turns.set_paused(wanted)
        assert turns.paused() is wanted


def test_slots_are_kept_and_the_environment_wins(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chosen number of slots is kept; LAYERWISE_SLOTS, where it is set, rules over it."""
    assert turns.slots() == 1
    turns.set_slots(3)
    assert turns.slots() == 3
    assert not turns.slots_fixed()
    monkeypatch.setenv("LAYERWISE_SLOTS", "2")
    assert turns.slots() == 2
    assert turns.slots_fixed()
    with pytest.raises(SpecError) as caught:
        turns.set_slots(4)
    assert caught.value.received == "LAYERWISE_SLOTS=2"
    monkeypatch.delenv("LAYERWISE_SLOTS")
    assert turns.slots() == 3


@pytest.mark.parametrize("number", [0, -1, 65])
def test_slots_out_of_bounds_are_refused(home: Path, number: int) -> None:
    """There are 1 to 64 slots, and a refused number changes nothing."""
    turns.set_slots(2)
    with pytest.raises(SpecError) as caught:
        turns.set_slots(number)
    assert caught.value.expected == "a whole number from 1 to 64"
    assert turns.slots() == 2


@pytest.mark.parametrize("content", [b"", b"0", b"many", b"99999999999", b"\xff"])
def test_a_damaged_number_of_slots_counts_as_one(home: Path, content: bytes) -> None:
    """A file of slots that makes no sense does not block the queue."""
    (turns.folder() / "slots").write_bytes(content)
    assert turns.slots() == 1


def test_a_run_is_known_by_whatever_path_leads_to_it(home: Path, tmp_path: Path) -> None:
    """A workspace reached through a link has the same queue."""
    (run,) = waiting(1)
    link = tmp_path / "link"
    link.symlink_to(home / "saved_models")
    assert turns.require(Run(link / run.id), turns.queued()) == 0
    assert turns.require(find(run.id), turns.queued()) == 0
