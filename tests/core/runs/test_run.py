"""core.runs.run: the run folder, and the ways to make, find and delete one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from core import workspace
from core.errors import NotFoundError, RunError, StorageError
from core.runs import run as runs
from core.runs.run import Run, all_runs, create, delete, find, locate, process_identity
from core.runs.status import LOST_AFTER, RunStatus, State
from tests.conftest import small_spec


def running(run: Run, **changes: Any) -> None:
    """Mark a run as one that this very process works at, save for `changes`."""
    values: dict[str, Any] = {
        "state": State.RUNNING,
        "heartbeat": time.time(),
        **process_identity(os.getpid()),
        **changes,
    }
    run.write_status(run.saved_status.model_copy(update=values))


def ended(run: Run, state: State = State.DONE) -> Run:
    """Mark a run as ended."""
    run.write_status(run.saved_status.model_copy(update={"state": state}))
    return run


# create


def test_a_new_run_waits_with_its_spec(home: Path) -> None:
    """A new run is queued, and its folder holds the spec it was ordered with."""
    spec = small_spec("sketches", epochs=7, lab="gear")
    run = create(spec)
    assert run.folder == home / "saved_models" / "sketches-starter-1"
    assert run.spec == spec
    assert run.status.state is State.QUEUED
    assert run.status.epochs == 7
    assert time.time() - run.status.created < 60
    assert not run.has_model


def test_names_are_counted_up(home: Path) -> None:
    """Runs of the same data and design are numbered, after the highest number there is."""
    names = [create(small_spec("sketches")).id for _ in range(2)]
    (home / "saved_models" / "sketches-starter-9").mkdir()
    (home / "saved_models" / "sketches-starter-mini-40").mkdir()
    names.append(create(small_spec("sketches")).id)
    assert names == ["sketches-starter-1", "sketches-starter-2", "sketches-starter-10"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/data/My Photos (2024)", "my-photos-2024--starter-1"),
        ("/data/../..", "starter-1"),
        ("/data/été", "été-starter-1"),
        ("/data/" + "x" * 200, "x" * 60 + "-1"),
    ],
)
def test_a_run_is_named_after_its_data_and_design(home: Path, source: str, name: str) -> None:
    """A run's id keeps only letters, digits, dashes and underscores of what it is named after."""
    assert create(small_spec(source)).id == name


def test_a_run_always_has_a_name(home: Path) -> None:
    """A run whose data and design have no letter in their names is still called something."""
    spec = small_spec("()")
    spec = spec.changed(model=spec.model.changed(name="()").model_dump())
    assert create(spec).id == "run-1"


def test_many_creators_at_once_get_folders_of_their_own(home: Path) -> None:
    """Runs created at the same moment never share a folder."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: create(small_spec("sketches")), range(24)))
    assert len({run.id for run in made}) == 24
    assert all(run.status.state is State.QUEUED for run in all_runs())


def test_two_processes_creating_at_once_get_folders_of_their_own(home: Path) -> None:
    """Runs created by two processes at the same moment never share a folder."""
    code = (
        "from core.runs.run import create\n"
        "from tests.conftest import small_spec\n"
        "print(*(create(small_spec('sketches')).id for _ in range(20)))"
    )
    creators = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=workspace.CHECKOUT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    made = [name for process in creators for name in process.communicate()[0].split()]
    assert [process.returncode for process in creators] == [0, 0]
    assert len(made) == len(set(made)) == 40


def test_the_spec_is_never_written_again(trained_run: Run) -> None:
    """spec.json keeps the time of its creation: training and reading leave it alone."""
    spec, status = (trained_run.folder / name for name in ("spec.json", "status.json"))
    assert spec.stat().st_mtime < status.stat().st_mtime
    assert (trained_run.status.started or 0) >= trained_run.status.created


def test_no_run_is_made_where_nothing_can_be_written(home: Path) -> None:
    """A workspace that cannot be written to gives a StorageError that names the folder."""
    (home / "saved_models").write_text("a file where the folder should be")
    with pytest.raises(StorageError) as caught:
        create(small_spec("sketches"))
    assert str(home / "saved_models") in str(caught.value)


# find and list


def test_a_run_is_found_by_its_id(home: Path) -> None:
    """A run's id is enough to find it."""
    run = create(small_spec("sketches"))
    assert find(run.id) == locate(run.id) == run


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "~", "*", "a\0b", "été", "unknown", ".queue"),
        *("../saved_models/{id}", "./{id}", "{id}/", "{id}/..", "{folder}", "x" * 5000),
    ],
)
def test_what_is_no_id_is_not_found(home: Path, text: str) -> None:
    """Only an id finds a run: paths, patterns and what no file can be called do not."""
    run = create(small_spec("sketches"))
    with pytest.raises(NotFoundError) as caught:
        find(text.format(id=run.id, folder=run.folder))
    assert run.id in caught.value.expected
    assert caught.value.remedy


def test_an_id_cannot_lead_out_of_the_workspace(home: Path) -> None:
    """Not even a run outside the workspace's saved_models can be reached by an id."""
    run = create(small_spec("sketches"))
    run.folder.rename(home / "outside")
    (home / "spec.json").write_text("{}")
    for text in ("../outside", ".."):
        with pytest.raises(NotFoundError):
            find(text)


def test_a_run_folder_is_located_by_its_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a run's folder, absolute or from here, leads to the run wherever it lies."""
    run = create(small_spec("sketches"))
    moved = run.folder.rename(home / "elsewhere")
    monkeypatch.chdir(home)
    for text in (str(moved), "./elsewhere", "saved_models/../elsewhere"):
        assert locate(text) == Run(moved)
    for text in ("./nothing", "elsewhere", "/"):
        with pytest.raises(NotFoundError):
            locate(text)


def test_runs_are_listed_newest_first(home: Path) -> None:
    """All runs are listed by their creation, the newest first, whatever they are called."""
    assert all_runs() == []
    made = [create(small_spec(name)) for name in ("zebras", "apes", "lions")]
    (home / "saved_models" / "not a run").mkdir()
    (home / "saved_models" / "notes.txt").write_text("mine")
    assert all_runs() == made[::-1]


# reading what is torn or damaged


@pytest.mark.parametrize("content", [b"", b'{"state": "do', b"[]", b"null", b'{"state": "odd"}'])
def test_a_damaged_status_is_told_not_raised(home: Path, content: bytes) -> None:
    """A run whose status.json is damaged shows as failed and says which file is to blame."""
    run = create(small_spec("sketches"))
    (run.folder / "status.json").write_bytes(content)
    status = run.status
    assert status.state is State.FAILED
    assert status.error is not None
    assert "status.json" in status.error["expected"]
    assert all_runs() == [run]
    delete(run)


@pytest.mark.parametrize("content", [b"", b'{"version": 1, "mod', b"[]", b"3", b'{"version": 2}'])
def test_a_damaged_spec_is_a_clear_error(home: Path, content: bytes) -> None:
    """A run whose spec.json is damaged is still listed; asking for its spec says what is wrong."""
    run = create(small_spec("sketches"))
    (run.folder / "spec.json").write_bytes(content)
    assert all_runs() == [run]
    with pytest.raises(RunError) as caught:
        _ = run.spec
    assert run.id in str(caught.value)
    assert "spec.json" in caught.value.expected


def test_a_status_with_infinity_stays_readable(home: Path) -> None:
    """A figure that is no finite number is kept as unknown and spoils nothing else."""
    run = create(small_spec("sketches"))
    values = {"state": State.DONE, "test_loss": float("inf"), "eta": float("nan")}
    run.write_status(run.saved_status.model_copy(update=values))
    assert run.status.state is State.DONE
    assert run.status.test_loss is None
    assert run.status.eta is None


def test_half_a_line_of_metrics_is_passed_over(home: Path) -> None:
    """Metrics are read up to the last whole line, and a damaged line costs only itself."""
    run = create(small_spec("sketches"))
    assert run.metrics() == []
    lines = [
        b'{"event": "batch", "loss": 2}',
        b'{"event": "epoch", "loss": 1}',
        b"\xff\x00 not json",
        b'"text"',
        b"",
        b'{"event": "epoch", "loss": null}',
        b'{"event": "epoch", "lo',
    ]
    (run.folder / "metrics.jsonl").write_bytes(b"\n".join(lines))
    assert [line["loss"] for line in run.metrics()] == [2, 1, None]
    assert [line["loss"] for line in run.metrics("epoch")] == [1, None]
    assert [line["loss"] for line in run.metrics("batch")] == [2]
    assert run.metrics("unheard of") == []


def test_the_log_shows_its_last_lines(home: Path) -> None:
    """The tail of a log is its last lines, however long it is and whatever bytes it holds."""
    run = create(small_spec("sketches"))
    assert run.log_tail() == ""
    content = b"\n".join(b"line %d" % number for number in range(100_000))
    (run.folder / "worker.log").write_bytes(content + b"\nbroken \xff character\n")
    assert run.log_tail(2).splitlines() == ["line 99999", "broken \ufffd character"]
    assert len(run.log_tail().splitlines()) == 20


# lost


def test_a_running_run_with_its_process_is_running(home: Path) -> None:
    """A run is running as long as the process that works at it is there."""
    run = create(small_spec("sketches"))
    running(run, heartbeat=time.time() - 3600)
    assert run.status.state is State.RUNNING


def test_a_run_without_its_process_is_lost(home: Path) -> None:
    """A run whose process is gone shows as lost at once, ended at its last heartbeat."""
    run = create(small_spec("sketches"))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    identity = process_identity(gone.pid)
    gone.wait()
    beat = time.time()
    running(run, eta=12.0, heartbeat=beat, **identity)
    status = run.status
    assert status.state is State.LOST
    assert status.ended == beat
    assert status.eta is None
    assert run.saved_status.state is State.RUNNING


def test_a_killed_process_not_yet_collected_is_lost(
    home: Path, wait_for: Callable[[Callable[[], bool], float], None]
) -> None:
    """A run whose killed process waits to be collected by its parent shows as lost."""
    run = create(small_spec("sketches"))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    running(run, **process_identity(child.pid))
    assert run.status.state is State.RUNNING
    child.kill()
    wait_for(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE, 10)
    assert run.status.state is State.LOST
    child.communicate()


def test_another_process_with_the_same_number_does_not_count(home: Path) -> None:
    """A run is lost when its process's number belongs to a later process by now."""
    run = create(small_spec("sketches"))
    created = process_identity(os.getpid())["pid_created"] - 100
    running(run, pid_created=created, heartbeat=time.time() - 2 * LOST_AFTER)
    assert run.status.state is State.LOST


def test_setting_the_clock_loses_no_run(home: Path) -> None:
    """A worker that beats is alive, even where a clock step changed when it seems to have begun."""
    run = create(small_spec("sketches"))
    running(run, pid_created=process_identity(os.getpid())["pid_created"] - 100)
    assert run.status.state is State.RUNNING


@pytest.mark.parametrize("unknown", [{"pid": None}, {"pid_created": None}, {"pid": 2**22 + 5}])
def test_a_process_that_cannot_be_looked_up_is_lost(home: Path, unknown: dict[str, Any]) -> None:
    """A running run of this machine that names no process of it is lost."""
    run = create(small_spec("sketches"))
    running(run, **unknown)
    assert run.status.state is State.LOST


@pytest.mark.parametrize(
    ("age", "state"),
    [(0.0, State.RUNNING), (LOST_AFTER - 5, State.RUNNING), (LOST_AFTER + 1, State.LOST)],
)
def test_on_another_machine_the_heartbeat_tells(home: Path, age: float, state: State) -> None:
    """A run that works on another machine is lost 15 seconds after its last heartbeat."""
    run = create(small_spec("sketches"))
    running(run, host=f"not-{socket.gethostname()}", heartbeat=time.time() - age)
    assert run.status.state is state
    running(run, host=f"not-{socket.gethostname()}", heartbeat=None)
    assert run.status.state is State.LOST


def test_a_run_that_ends_while_it_is_looked_at_is_not_lost(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that reports its end and exits between two looks leaves a done run, no lost one."""
    run = create(small_spec("sketches"))
    running(run)
    look = runs.worker_alive

    def ends_now(status: RunStatus) -> bool:
        ended(run)
        return look(status.model_copy(update={"pid": None}))

    monkeypatch.setattr(runs, "worker_alive", ends_now)
    assert run.status.state is State.DONE


# delete


@pytest.mark.parametrize("state", [State.DONE, State.STOPPED, State.FAILED, State.LOST])
def test_a_run_that_has_ended_can_be_deleted(home: Path, state: State) -> None:
    """Deleting a run that has ended removes its folder whole, and only its own."""
    kept = create(small_spec("sketches"))
    run = ended(create(small_spec("sketches")), state)
    delete(run)
    assert [path.name for path in (home / "saved_models").iterdir()] == [kept.id]
    with pytest.raises(NotFoundError):
        find(run.id)


def test_a_run_whose_worker_is_gone_can_be_deleted(home: Path) -> None:
    """A run that still says running can be deleted once its worker is gone."""
    run = create(small_spec("sketches"))
    running(run, pid=None)
    delete(run)
    assert all_runs() == []


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_a_run_on_its_way_is_not_deleted(home: Path, state: State) -> None:
    """Deleting a queued or running run is refused with the advice to stop it first."""
    run = create(small_spec("sketches"))
    if state is State.RUNNING:
        running(run)
    with pytest.raises(RunError) as caught:
        delete(run)
    assert str(state) in caught.value.received
    assert "Stop" in caught.value.remedy
    assert run.spec == small_spec("sketches")


def test_deleting_twice_is_a_clear_error(home: Path) -> None:
    """Deleting a run that is gone already says that its folder is gone."""
    run = ended(create(small_spec("sketches")))
    delete(run)
    with pytest.raises(StorageError) as caught:
        delete(run)
    assert "gone" in str(caught.value)


def test_a_trained_run_has_its_files(trained_run: Run) -> None:
    """A finished run's folder holds all it takes to understand and to use it, and nothing else."""
    assert {path.name for path in trained_run.folder.iterdir()} == {
        "spec.json",
        "status.json",
        "metrics.jsonl",
        "health.jsonl",
        "views.jsonl",
        "samples.json",
        "samples.png",
        "labels.json",
        "learned.npy",
        "model.keras",
        "model.onnx",
        "checkpoint.npz",
    }
    assert json.loads((trained_run.folder / "labels.json").read_text())["classes"] == [
        "circles",
        "crosses",
        "squares",
    ]
    assert trained_run.has_model
    assert not trained_run.cancelled
