"""core.runs.standby: a worker that is started before its run is known, and when it is not used."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core import workspace
from core.errors import NotFoundError, SpecError
from core.runs import queue, standby, turns
from core.runs.run import Run
from core.runs.status import State
from tests.conftest import small_spec
from tests.core.conftest import Processes, Wait, waiting_worker

DISPATCHER, WARM = "core.runs.dispatcher", "core.train.warm"


def failed_without_images(run: Run) -> bool:
    """Whether a worker has been at the run, which has no images."""
    status = run.status
    return bool(
        status.state is State.FAILED
        and status.error
        and status.error["kind"] == NotFoundError.__name__
    )


# what it is made of


def test_what_a_worker_is_made_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that reach TensorFlow tell workers apart; what a shell happens to set does not."""
    first = standby.fingerprint()
    monkeypatch.setenv("SHLVL", "7")
    assert standby.fingerprint() == first
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    second = standby.fingerprint()
    assert second != first
    monkeypatch.setattr(standby.sys, "prefix", "/another/environment")
    assert standby.fingerprint() != second


@pytest.mark.parametrize("text", ["", "-1", "soon", "nan", "inf", "1441"])
def test_a_bad_time_to_wait_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """LAYERWISE_WARM takes minutes from 0 to 1440."""
    monkeypatch.setenv("LAYERWISE_WARM", text)
    with pytest.raises(SpecError) as caught:
        queue.warm_up()
    assert caught.value.received == repr(text)


def test_none_waits_where_none_is_wanted(home: Path, processes: Processes) -> None:
    """With LAYERWISE_WARM=0 no process is started and no file left."""
    queue.warm_up()
    assert processes(DISPATCHER) == []
    assert not (home / "saved_models").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"made_of": 7}'])
def test_a_damaged_or_stale_notice_does_not_hold_up_a_run(
    queue_home: Path, wait_for: Wait, content: str
) -> None:
    """A warm.json whose processes are gone, or that cannot be read, costs nothing."""
    (turns.folder() / "warm.json").write_text(content)
    run = queue.submit(small_spec("/no/such/folder"))
    wait_for(lambda: failed_without_images(run), 20)
    assert not (turns.folder() / "warm.json").exists()


def test_a_full_disk_keeps_no_page_from_opening(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no file can be made, none waits, and nothing is raised."""
    monkeypatch.setenv("LAYERWISE_WARM", "10")
    (home / "saved_models").write_text("not a folder")
    queue.warm_up()


# while it waits


@pytest.mark.tensorflow
def test_there_is_never_more_than_one(
    warm_home: Path, wait_for: Wait, processes: Processes
) -> None:
    """However many pages and tabs ask, one worker waits."""
    code = "from core.runs import queue\nfor _ in range(5): queue.warm_up()"
    tabs = [
        subprocess.Popen([sys.executable, "-c", code], cwd=workspace.CHECKOUT) for _ in range(2)
    ]
    assert [tab.wait() for tab in tabs] == [0, 0]
    worker = waiting_worker(wait_for)
    wait_for(lambda: len(processes(DISPATCHER)) == 1, 10)
    assert [process.pid for process in processes(WARM)] == [worker]


@pytest.mark.tensorflow
def test_it_ends_by_itself(
    warm_home: Path, wait_for: Wait, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time, counted from when it was last wanted, it ends with its dispatcher."""
    monkeypatch.setenv("LAYERWISE_WARM", "0.05")  # 3 s
    waiting_worker(wait_for)
    begun = time.monotonic()
    wait_for(lambda: processes(DISPATCHER) + processes(WARM) == [], 15)
    assert time.monotonic() - begun > 1.0
    assert not (turns.folder() / "warm.json").exists()


@pytest.mark.tensorflow
def test_it_ends_with_the_workspace(warm_home: Path, wait_for: Wait, processes: Processes) -> None:
    """When the workspace is deleted, it ends and does not bring the folder back."""
    waiting_worker(wait_for)
    shutil.rmtree(warm_home)
    wait_for(lambda: processes(DISPATCHER) + processes(WARM) == [], 15)
    assert not warm_home.exists()


@pytest.mark.tensorflow
def test_killed_while_it_waits(warm_home: Path, wait_for: Wait, processes: Processes) -> None:
    """When it is killed, its dispatcher ends too, and the next run gets a worker of its own."""
    worker = waiting_worker(wait_for)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: processes(DISPATCHER) == [], 10)
    run = queue.submit(small_spec("/no/such/folder"))
    wait_for(lambda: failed_without_images(run), 30)


@pytest.mark.tensorflow
def test_it_ends_with_a_killed_dispatcher(
    warm_home: Path, wait_for: Wait, processes: Processes
) -> None:
    """When its dispatcher is killed it ends, once it has started, and another can wait."""
    worker = waiting_worker(wait_for)
    (dispatcher,) = processes(DISPATCHER)
    dispatcher.kill()
    psutil.wait_procs([dispatcher], timeout=10)
    wait_for(lambda: processes(WARM) == [], 60)
    (turns.folder() / "warm.json").unlink()
    assert waiting_worker(wait_for) != worker


# when it is not used


@pytest.mark.tensorflow
def test_one_that_dies_before_it_takes_its_run_is_replaced(warm_home: Path, wait_for: Wait) -> None:
    """A run given to a worker that is killed before it took it gets another at once."""
    worker = waiting_worker(wait_for)
    os.kill(worker, signal.SIGSTOP)
    run = queue.submit(small_spec("/no/such/folder"))
    wait_for(lambda: run.status.state is State.RUNNING, 10)
    assert run.status.phase == "starting"
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: failed_without_images(run), 20)
    assert run.status.pid != worker


@pytest.mark.tensorflow
def test_one_with_other_settings_makes_way(
    warm_home: Path, wait_for: Wait, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run ordered with other settings in the environment is trained with those."""
    worker = waiting_worker(wait_for)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("LAYERWISE_WARM", "0")
    run = queue.submit(small_spec("/no/such/folder"))
    wait_for(lambda: failed_without_images(run), 20)
    assert run.status.pid != worker
    wait_for(lambda: processes(DISPATCHER) + processes(WARM) == [], 15)


@pytest.mark.tensorflow
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "later"])
def test_one_of_older_code_is_not_used(
    warm_home: Path, wait_for: Wait, processes: Processes, tmp_path: Path, at_once: bool
) -> None:
    """When a source file changes, the worker ends; a run ordered before it could gets a new one."""
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(workspace.CHECKOUT / "core", checkout / "core", ignore=ignored)

    def there(code: str) -> str:
        code = f"from core.runs import queue, turns\n{code}"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=checkout, check=True, capture_output=True, text=True
        )
        return done.stdout

    there("queue.warm_up()")
    path = turns.folder() / "warm.json"
    wait_for(path.exists, 20)
    worker = json.loads(path.read_bytes())["worker"]
    assert psutil.Process(worker).cwd() == str(checkout)
    with (checkout / "core" / "words.py").open("a") as source:
        source.write("# changed\n")
    if at_once:
        (turns.folder() / "wanted").unlink()
        spec = small_spec("/no/such/folder").model_dump_json()
        name = there(
            f"import json\nfrom core.specs import RunSpec\n"
            f"print(queue.submit(RunSpec.parse(json.loads({spec!r}))).id)"
        ).strip()
        run = Run(warm_home / "saved_models" / name)
        wait_for(lambda: failed_without_images(run), 20)
        assert run.status.pid != worker
    wait_for(lambda: processes(DISPATCHER) + processes(WARM) == [], 15)
