"""Follows a training: writes metrics, keeps the best weights and the checkpoint, and obeys Stop."""

from __future__ import annotations

import math
import statistics
import time
import traceback
from pathlib import Path
from typing import Any, Protocol

from core import files
from core.errors import AppError, RunError, storing
from core.health import signs
from core.runs import webhook
from core.runs.status import RunStatus
from core.train.answers import Answers
from core.train.examiner import Examiner
from core.train.keeper import Keeper
from core.train.reporter import Reporter
from core.train.watcher import Progress, Watcher

_INTERVAL = 0.5  # seconds between two "batch" lines
_VALUES = "loss", "accuracy", "val_loss", "val_accuracy"


class Kept(Protocol):
    """The model that is saved: a keras.Model, or what knows how to save one."""

    def set_weights(self, values: list[Any]) -> None:
        """Take the weights of the model that learns."""

    def save(self, path: Path) -> None:
        """Write it."""


class Recorder(Watcher):
    """Records a fit into the run folder.

    metrics.jsonl gets an "epoch" line after each epoch and a "batch" line about twice a second.
    The loss and accuracy of a batch line are means since the line before it, and its `epoch` is a
    fraction: 1.5 is the middle of the second epoch.

    Args:
        serving: the model to save; it is given the weights of the best epoch by validation loss.
        images: number of training images.
        ends: after how many epochs each cycle of the training ends.
        patience: epochs without a better validation loss before stopping; 0 never stops early.
        keeper: of the checkpoint; without one the training cannot be resumed.
        examiner: of the model's health, or what tells of its answers alone; without one neither is known.
    """

    def __init__(
        self,
        reporter: Reporter,
        serving: Kept,
        *,
        images: int,
        batch_size: int,
        ends: tuple[int, ...],
        patience: int,
        keeper: Keeper | None = None,
        examiner: Examiner | Answers | None = None,
    ) -> None:
        self.reporter = reporter
        self.run = reporter.run
        self.serving = serving
        self.ends = ends
        self.patience = patience
        self.keeper, self.examiner = keeper, examiner
        if examiner is not None:
            self.samples = examiner.samples
        self.steps = math.ceil(images / batch_size)
        status = reporter.status  # of an earlier sitting, where this goes on with it
        self.best_loss = math.inf if status.best_epoch is None else status.val_loss or 0.0
        self.cancelled = self.diverged = False
        self._speeds: list[float] = []
        self._validation_seconds = 0.0

    @property
    def wants_changes(self) -> bool:
        return self._looks

    def on_epoch_begin(self, progress: Progress) -> None:
        self._looks = self.examiner is not None and self.examiner.looks(progress.epoch + 1)
        self._now = self._before = self._first_done = progress
        self._fresh = True  # no step of this epoch has been trained
        self._begun = self._first = self._written = time.perf_counter()
        self._trained: float | None = None  # when the epoch's training ended, before validation

    def on_steps_end(self, progress: Progress) -> None:
        self.reporter.require_folder()
        now = time.perf_counter()
        self._now = progress
        if self._fresh:
            # the first step of all waits for the graph: speeds count from here
            self._fresh = False
            self._first = self._written = now
            self._before = self._first_done = progress
        if not self.cancelled and self.run.cancelled:
            self.cancelled = True
            self.stop = True
            self.reporter.phase("stopping")
        if now - self._written >= _INTERVAL and progress.images > self._before.images:
            self._write_batch(now)
        if self.keeper is not None and not self.stop and progress.step < self.steps:
            self.keeper.within_epoch()

    def on_test_begin(self) -> None:
        self._trained = time.perf_counter()

    def on_epoch_end(self, progress: Progress, logs: dict[str, float]) -> None:
        now = time.perf_counter()
        rate = logs["learning_rate"]
        values = {name: _finite(logs[name]) for name in _VALUES}
        trained = self._trained or now
        self._validation_seconds = now - trained
        if (done := self._now.images - self._first_done.images) > 0:
            self._speeds.append(done / max(1e-9, trained - self._first))
        speed = statistics.median(self._speeds) if self._speeds else None
        whole = progress.step == 0  # else Stop cut the epoch short
        number = progress.epoch if whole else progress.epoch + 1
        update: dict[str, Any] = {"step": progress.step, "images_per_second": speed}
        update |= {"epoch": progress.epoch}
        better = values["val_loss"] is not None and values["val_loss"] < self.best_loss
        # part of an epoch is better than nothing, but no match for a whole one: it would be gone
        # from the curve when the run is resumed
        better &= whole or self.reporter.status.best_epoch is None
        if better:
            self._keep_best()
            self.best_loss = values["val_loss"] or 0.0
            self.reporter.update(
                best_epoch=number,
                best_partial=not whole,
                val_loss=values["val_loss"],
                val_accuracy=values["val_accuracy"],
                # an earlier sitting's, of another epoch's model
                test_loss=None,
                test_accuracy=None,
            )
            self.reporter.flush()  # at once: the figures are to be those of the saved model
        line = {
            "event": "epoch",
            "time": time.time(),
            "epoch": self._position,
            **values,
            "seconds": round(now - self._begun, 3),
            "images_per_second": self._speeds[-1] if self._speeds else None,
            "learning_rate": rate,
            **({} if whole else {"partial": True}),
        }
        diverged = values["loss"] is None or values["val_loss"] is None
        best = number if better else self.reporter.status.best_epoch or 0
        # added epochs have patience of their own
        waited = number - max([best, *(end for end in self.ends[:-1] if end < number)])
        early = bool(self.patience) and waited >= self.patience
        if early:
            line["early"] = self.ends[-1]  # whoever resumes it need not train to that end
        last = self.stop or early or progress.epoch >= self.ends[-1]
        self._examine(look=self._looks or last)
        if self.keeper is not None and not diverged:
            self.keeper.after_epoch(line, last=last)
        self.reporter.update(**update)
        files.append_json(self.run.folder / "metrics.jsonl", line)
        self._find_signs(look=self._looks or last, last=last)
        self.reporter.flush()  # so that figures and curves change together
        self.reporter.log(
            f"epoch {number}: "
            + ", ".join(
                f"{name} {value:.4f}" for name, value in values.items() if value is not None
            )
            + (", best so far" if better else "")
        )
        if diverged:
            self.diverged = True
            raise _diverged(number, rate)
        if early:
            self.stop = True
            self.reporter.log(
                f"no better validation loss for {self.patience} epochs: stopping early"
            )

    def _examine(self, *, look: bool) -> None:
        """Have the model looked at. What goes wrong there is told, but does not end the training."""
        if self.examiner is None or self.tested is None:
            return
        try:
            self.examiner.after_epoch(self._position, self.tested, self.changes, look=look)
        except AppError:  # the disk is full: the metrics' line will not fit either
            raise
        except Exception:
            self.examiner = None
            self.reporter.log(traceback.format_exc())
            self.reporter.note("Its health is not known from here on: see the log.")

    def _find_signs(self, *, look: bool, last: bool) -> None:
        """Tell at once what health finds wrong, wherever a person is."""
        if self.examiner is None or not look:
            return
        known = self.reporter.status.signs
        try:
            with self.examiner.spending():
                told = signs.told(self.run, known, last=last)
        except Exception:  # as above
            self.reporter.log(traceback.format_exc())
            return
        self.reporter.update(signs=told)
        if new := [sign for sign in told if sign not in known]:
            for sign in new:
                self.reporter.log(f"health: {sign.fault}. {sign.evidence}")
            self.reporter.flush()
            webhook.tell(wait=False)

    def on_fallback(self, reason: str) -> None:
        self.reporter.note(
            "Trained by plain Keras, more slowly: this machine cannot train the design the fast way."
        )
        self.reporter.log(f"falling back to plain Keras: {reason}")
        self.reporter.update(engine="plain Keras, float32")

    @property
    def _position(self) -> float:
        """Epochs trained, with the fraction of the one under way."""
        return round(self._now.epoch + self._now.step / self.steps, 4)

    def _write_batch(self, now: float) -> None:
        before, done = self._before, self._now
        span = done.images - before.images
        speed = span / (now - self._written)
        files.append_json(
            self.run.folder / "metrics.jsonl",
            {
                "event": "batch",
                "time": time.time(),
                "epoch": self._position,
                "loss": _finite((done.loss - before.loss) / span),
                "accuracy": _finite((done.hits - before.hits) / span),
                "images_per_second": round(speed, 1),
            },
        )
        self._written, self._before = now, done
        status: RunStatus = self.reporter.status
        # over the whole epoch: the last half second alone would make the time left jump
        steps = max(1, done.step - self._first_done.step)
        left = self.ends[-1] - done.epoch
        steps_left = left * self.steps - done.step
        self.reporter.update(
            step=done.step,
            steps=self.steps,
            eta=steps_left * (now - self._first) / steps + left * self._validation_seconds,
            images_per_second=status.images_per_second or speed,
        )

    def _keep_best(self) -> None:
        self.serving.set_weights(self.model.get_weights())
        path = self.run.folder / "model.keras"
        with storing(path, "save the best model so far"), files.replacing(path) as part:
            self.serving.save(part)
        (self.run.folder / "model.onnx").unlink(missing_ok=True)  # of an earlier sitting's best


def _finite(value: float) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None


def _diverged(epoch: int, learning_rate: float) -> RunError:
    return RunError(
        f"The loss is no longer a number in epoch {epoch}",
        expected="a finite loss",
        received=f"infinity or not-a-number, at a learning rate of {learning_rate:g}",
        remedy="Train again with a learning rate ten times smaller",
    )
