"""core.train.warm: a run trained by a worker that was started before it."""

from __future__ import annotations

import ast
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.runs import queue, turns
from core.runs.run import Run, create
from core.runs.status import State
from core.train import warm, worker
from tests.conftest import small_spec
from tests.core.conftest import Processes, Wait, waiting_worker

WARM = "core.train.warm"


def losses(run: Run) -> list[Any]:
    """The losses of each epoch."""
    return [(line["loss"], line["val_loss"]) for line in run.metrics("epoch")]


def test_it_imports_what_the_worker_does() -> None:
    """All that the worker imports late is imported ahead."""
    tree = ast.parse(Path(worker.__file__ or "").read_text())
    late = set()
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.ImportFrom):
                package = node.module or ""
                for alias in node.names:
                    inner = f"{package}.{alias.name}"
                    path = Path(worker.__file__ or "").parents[2] / f"{inner.replace('.', '/')}.py"
                    late.add(inner if path.exists() else package)
    assert late - {"core.train.backend"} == set(warm.MODULES)


@pytest.mark.tensorflow
def test_a_run_is_trained_as_by_a_worker_of_its_own(
    warm_home: Path, examples: Path, wait_for: Wait, processes: Processes
) -> None:
    """A run ends well with the same losses and its own log; its worker ends, and another waits."""
    number = waiting_worker(wait_for)
    run = queue.submit(small_spec(str(examples), epochs=3))
    wait_for(lambda: run.status.pid == number and run.status.epoch >= 1, 60)
    if psutil.pid_exists(number):
        assert psutil.Process(number).nice() == psutil.Process().nice() + 5
    wait_for(lambda: run.status.state.final, 60)
    assert run.status.state is State.DONE, run.log_tail()
    assert run.has_model
    assert "epoch 3" in run.log_tail()
    assert "Traceback" not in run.log_tail()
    assert (turns.folder() / "dispatcher.log").read_text() == ""

    assert waiting_worker(wait_for, other_than=number) != number
    assert not psutil.pid_exists(number)
    assert len(processes(WARM)) == 1

    alone = create(run.spec)
    worker.work(alone)
    assert losses(alone) == losses(run)


@pytest.mark.tensorflow
def test_killed_while_it_trains(warm_home: Path, examples: Path, wait_for: Wait) -> None:
    """A killed one leaves its run lost, with the signal named, and the next run goes on."""
    number = waiting_worker(wait_for)
    killed = queue.submit(small_spec(str(examples), epochs=500))
    last = queue.submit(small_spec("/no/such/folder"))
    wait_for(lambda: killed.status.epoch >= 1, 60)
    assert killed.status.pid == number
    os.kill(number, signal.SIGKILL)
    wait_for(lambda: killed.saved_status.state is State.LOST, 15)
    assert killed.status.error is not None
    assert "SIGKILL" in killed.status.error["what"]
    wait_for(lambda: last.status.state is State.FAILED, 30)


@pytest.mark.tensorflow
@pytest.mark.parametrize("how", ["Stop", "SIGTERM"])
def test_it_stops_when_asked(warm_home: Path, examples: Path, wait_for: Wait, how: str) -> None:
    """Stop and a polite request to end keep the best model, as with any worker."""
    number = waiting_worker(wait_for)
    run = queue.submit(small_spec(str(examples), epochs=500))
    wait_for(lambda: run.status.epoch >= 1, 60)
    assert run.status.pid == number
    if how == "Stop":
        queue.cancel(run)
    else:
        os.kill(number, signal.SIGTERM)
    wait_for(lambda: run.status.state.final, 30)
    assert run.status.state is State.STOPPED
    assert run.status.test_accuracy is not None
    assert (run.folder / "model.onnx").exists()


@pytest.mark.tensorflow
def test_a_killed_dispatcher_takes_no_worker_with_it(
    warm_home: Path, examples: Path, wait_for: Wait, processes: Processes
) -> None:
    """Once it has a run, the worker trains on without its dispatcher."""
    number = waiting_worker(wait_for)
    run = queue.submit(small_spec(str(examples), epochs=500))
    wait_for(lambda: run.status.epoch >= 1, 60)
    for dispatcher in processes("core.runs.dispatcher"):
        dispatcher.kill()
    epoch = run.status.epoch
    wait_for(lambda: run.status.epoch > epoch + 1, 20)
    assert run.status.pid == number
    queue.cancel(run)
    wait_for(lambda: run.status.state is State.STOPPED, 30)
