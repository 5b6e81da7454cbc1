"""core.train.reporter: the worker's voice."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import RunError
from core.runs.run import Run, create
from core.runs.status import State
from core.train.reporter import Reporter
from tests.conftest import small_spec
from tests.core.train.conftest import SmallDisk

Wait = Callable[[Callable[[], bool], float], None]


@pytest.fixture
def run(home: Path) -> Run:
    """A queued run."""
    return create(small_spec("sketches", epochs=3))


def test_the_worker_takes_the_run_over(run: Run) -> None:
    """On entry the run is running, in the hands of this process, with its order kept."""
    created = run.status.created
    with Reporter(run):
        status = run.status
        assert status.state is State.RUNNING
        assert status.pid == os.getpid()
        assert status.created == created
        assert status.epochs == 3
        assert status.started


def test_the_start_counts_from_when_the_dispatcher_took_it(run: Run) -> None:
    """A start that the dispatcher noted is kept: TensorFlow's start belongs to the run's time."""
    run.write_status(run.saved_status.model_copy(update={"started": 123.0}))
    with Reporter(run) as reporter:
        assert reporter.status.started == 123.0


def test_the_heart_beats_by_itself(run: Run, wait_for: Wait) -> None:
    """While the worker is busy its heartbeat and its figures reach status.json by themselves."""
    with Reporter(run) as reporter:
        first = run.status.heartbeat or 0.0
        reporter.update(epoch=2)
        wait_for(lambda: run.status.epoch == 2 and (run.status.heartbeat or 0.0) > first, 10)


def test_the_beat_tells_what_the_worker_takes(run: Run, wait_for: Wait) -> None:
    """While it works, processors and memory of the worker are in status.json."""
    with Reporter(run):
        wait_for(lambda: run.status.memory is not None, 10)
        status = run.status
        assert 0 <= (status.cpu or 0.0) <= 1
        assert (status.memory_peak or 0) >= (status.memory or 0) > 1e6


def test_a_phase_is_shown_at_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """What the worker does now is in the status at once, and in the log with the time."""
    with Reporter(run) as reporter:
        reporter.phase("loading images")
        assert run.status.phase == "loading images"
    assert capsys.readouterr().out.endswith("  loading images\n")


def test_nothing_is_written_after_the_end(run: Run) -> None:
    """The final status says how it ended, and no later heartbeat replaces it."""
    with Reporter(run) as reporter:
        reporter.reserve()
        reporter.update(eta=5.0)
        error = RunError("It broke", expected="it whole", received="parts", remedy="Try again")
        reporter.finish(State.FAILED, error)
        assert not reporter._thread.is_alive()
    status = run.status
    assert status.state is State.FAILED
    assert status.error == error.to_dict()
    assert status.phase == ""
    assert status.eta is None
    assert status.ended == pytest.approx(status.heartbeat or 0.0, abs=1)
    assert {path.name for path in run.folder.iterdir()} == {"spec.json", "status.json"}


def test_a_new_run_in_a_deleted_ones_place_is_left_alone(run: Run, wait_for: Wait) -> None:
    """A worker that missed its folder once writes no more, even if a new run has its name."""
    with Reporter(run) as reporter:
        shutil.rmtree(run.folder)
        wait_for(lambda: reporter.gone, 10)
        again = create(small_spec("sketches"))
        assert again.id == run.id
        with pytest.raises(RunError) as caught:
            reporter.phase("training")
        assert "deleted" in caught.value.what
        reporter.finish(State.DONE)
    assert again.status.state is State.QUEUED


FULL_DISK = """
import json, os, sys
from core.errors import StorageError, storage_error
from core.runs.run import Run, create
from core.runs.status import State
from core.train.reporter import Reporter
from tests.conftest import small_spec

home = Path(sys.argv[1])
run = create(small_spec("sketches"))
log = (run.folder / "worker.log").open("wb", buffering=0)
log.write(bytes(4096))  # a whole block, so that the next byte needs another
told = os.dup(1)
os.dup2(log.fileno(), 1)
with Reporter(run) as reporter:
    reporter.reserve()
    fill(home)
    reporter.phase("training")  # neither the status nor the log can be written
    try:
        raise OSError(28, "No space left on device")
    except OSError as error:
        reporter.finish(State.FAILED, storage_error(error, run.folder, "save the model"))
(home / "ballast").unlink()
late = create(small_spec("sketches"))
fill(home)
with Reporter(late) as reporter:
    try:
        reporter.reserve()
    except StorageError as error:
        (home / "ballast").write_bytes(b"")  # someone makes room
        reporter.finish(State.FAILED, error)
os.write(told, json.dumps([r.status.model_dump(mode="json") for r in (run, late)]).encode())
"""


def test_the_end_is_reported_even_on_a_full_disk(small_disk: SmallDisk) -> None:
    """Space kept back lets the final status say that the disk is full, though the log is too."""
    done = small_disk("512k", FULL_DISK)
    assert done.returncode in (0, 120), done.stderr  # 120: the log's last words found no room
    first, late = json.loads(done.stdout)
    for status, action in ((first, "save the model"), (late, "start the training")):
        assert status["state"] == "failed"
        assert status["error"]["what"] == f"The disk is full, so Layerwise could not {action}"
        assert "Free some space" in status["error"]["remedy"]
