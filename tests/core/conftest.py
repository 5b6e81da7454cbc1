"""What tests of the queue need: a workspace that no process outlives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from core.runs import queue

Processes = Callable[[str], list[psutil.Process]]


def hold_slot(home: Path, slot: int = 0) -> FileLock:
    """Take a training slot as a dispatcher does, so that queued runs stay queued."""
    folder = home / "saved_models" / ".queue"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"slot-{slot}.lock")
    lock.acquire(timeout=0)
    return lock


@pytest.fixture
def processes(home: Path) -> Processes:
    """Look up the live processes of this test's workspace by module, such as core.runs.queue."""

    def look_up(module: str) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if (
                    module in process.cmdline()[1:]
                    and process.environ().get("LAYERWISE_HOME") == str(home)
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    return look_up


@pytest.fixture
def queue_home(home: Path, processes: Processes) -> Iterator[Path]:
    """A workspace whose dispatchers and workers are all gone when the test is over."""
    yield home
    for module in ("core.runs.queue", "core.train.worker", "core.train.export"):
        left = processes(module)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=10)
    queue._children[:] = [child for child in queue._children if child.poll() is None]
