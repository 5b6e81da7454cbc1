"""The steps of solving for a head, told as epochs of its run."""

from __future__ import annotations

import math
import time

from core import files
from core.runs.run import Run
from core.train.reporter import Reporter
from core.transfer.head import Outcome


class Steps:
    """Each step goes through all training images once, as an epoch does.

    Attributes:
        best: number of the step with the lowest validation loss, from 1; 0 before the first.
    """

    def __init__(self, run: Run, reporter: Reporter) -> None:
        self._path, self._reporter = run.folder / "metrics.jsonl", reporter
        self._lowest, self._time = math.inf, time.perf_counter()
        self.best = 0

    def add(
        self, loss: float, accuracy: float, result: Outcome, images: int, rate: float | None
    ) -> bool:
        """Tell a step; whether it is the best so far by validation loss."""
        self._reporter.require_folder()
        now = time.perf_counter()
        took, self._time = now - self._time, now
        number = self._reporter.status.epoch + 1
        better = result.loss < self._lowest
        update: dict[str, float | int | None] = {"epoch": number, "epochs": number + 1}
        if better:
            self._lowest, self.best = result.loss, number
            update |= {
                "best_epoch": number,
                "val_loss": result.loss,
                "val_accuracy": result.accuracy,
                "test_loss": None,
                "test_accuracy": None,
            }
        line = {
            "event": "epoch",
            "time": time.time(),
            "epoch": number,
            "loss": loss,
            "accuracy": accuracy,
            "val_loss": result.loss,
            "val_accuracy": result.accuracy,
            "seconds": round(took, 3),
            "images_per_second": round(images / max(took, 1e-6), 1),
            "learning_rate": rate,
        }
        files.append_json(self._path, line)
        self._reporter.update(**update)
        return better

    @property
    def count(self) -> int:
        """Steps so far."""
        return self._reporter.status.epoch

    def close(self) -> None:
        """There will be no more steps."""
        done = self.count
        self._reporter.update(epochs=done, ends=(done,), step=0, steps=0)
