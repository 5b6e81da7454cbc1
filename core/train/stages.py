"""What a worker does one after the other, with how long each took, as lines of metrics.jsonl."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from core import files
from core.train.reporter import Reporter


class Stages:
    """Tells the stages of a run, each with a name in words."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    @contextmanager
    def stage(self, name: str, phase: str = "") -> Iterator[None]:
        """Say that it begins, as `phase` where that is another name, and in the end how long it took."""
        self._reporter.phase(phase or name)
        begun = time.perf_counter()
        try:
            yield
        finally:
            line = {
                "event": "stage",
                "time": time.time(),
                "epoch": self._reporter.status.epoch,
                "name": name,
                "seconds": round(time.perf_counter() - begun, 3),
            }
            files.append_json(self._reporter.run.folder / "metrics.jsonl", line)
