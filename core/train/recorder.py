"""The Keras callback that writes metrics, keeps the best weights, and obeys Stop."""

from __future__ import annotations

import math
import statistics
import time
from typing import Any

import keras

from core import files
from core.errors import RunError, storing
from core.runs.status import RunStatus
from core.train.reporter import Reporter

_INTERVAL = 0.5  # seconds between two "batch" lines


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Records a fit into the run folder.

    metrics.jsonl gets an "epoch" line after each epoch and a "batch" line about twice a second.
    The loss and accuracy of a batch line are means since the line before it, and its `epoch` is a
    fraction: 1.5 is the middle of the second epoch.

    Args:
        serving: the model to save; it is given the weights of the best epoch by validation loss.
        images: number of training images.
        patience: epochs without a better validation loss before stopping; 0 never stops early.
    """

    def __init__(
        self,
        reporter: Reporter,
        serving: keras.Model,
        *,
        images: int,
        batch_size: int,
        patience: int,
    ) -> None:
        super().__init__()
        self.reporter = reporter
        self.run = reporter.run
        self.serving = serving
        self.images = images
        self.batch_size = batch_size
        self.patience = patience
        self.steps = math.ceil(images / batch_size)
        self.best_loss = math.inf
        self.cancelled = False
        self._speeds: list[float] = []
        self._epoch = 0  # epochs finished before this one
        self._step = 0
        self._validation_seconds = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch, self._step = epoch, 0
        self._begun = self._first = time.perf_counter()
        self._trained: float | None = None  # when the epoch's training ended, before validation
        self._written, self._before = time.perf_counter(), (0, 0.0, 0.0)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.reporter.require_folder()
        now = time.perf_counter()
        self._step = batch + 1
        if batch == 0:
            # the first batch of the first epoch waits for the graph: speeds count from here
            self._first = self._written = now
            self._before = self._totals(logs or {})
        if not self.cancelled and self.run.cancelled:
            self.cancelled = True
            self.model.stop_training = True
            self.reporter.phase("stopping")
        if now - self._written >= _INTERVAL and logs:
            self._write_batch(now, logs)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self._trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        now = time.perf_counter()
        values = {name: _finite(value) for name, value in (logs or {}).items()}
        trained = self._trained or now
        self._validation_seconds = now - trained
        if self._step > 1:
            done = self._seen - self.batch_size
            self._speeds.append(done / max(1e-9, trained - self._first))
        speed = statistics.median(self._speeds) if self._speeds else None
        whole = self._step >= self.steps  # else Stop cut the epoch short
        better = values["val_loss"] is not None and values["val_loss"] < self.best_loss
        update: dict[str, Any] = {"step": 0, "images_per_second": speed}
        update |= {"epoch": epoch + 1} if whole else {}
        if better:
            self._keep_best()
            self.best_loss = values["val_loss"] or 0.0
            update |= {"best_epoch": epoch + 1, "val_loss": values["val_loss"]}
            update |= {"val_accuracy": values["val_accuracy"]}
        self.reporter.update(**update)
        files.append_json(
            self.run.folder / "metrics.jsonl",
            {
                "event": "epoch",
                "time": time.time(),
                "epoch": epoch + 1 if whole else round(epoch + self._step / self.steps, 4),
                **values,
                "seconds": round(now - self._begun, 3),
                "images_per_second": self._speeds[-1] if self._speeds else None,
                "learning_rate": float(self.model.optimizer.learning_rate),
                **({} if whole else {"partial": True}),
            },
        )
        self.reporter.flush()  # so that figures and curves change together
        self.reporter.log(
            f"epoch {epoch + 1}: "
            + ", ".join(
                f"{name} {value:.4f}" for name, value in values.items() if value is not None
            )
            + (", best so far" if better else "")
        )
        if values["loss"] is None or values["val_loss"] is None:
            raise _diverged(epoch + 1, float(self.model.optimizer.learning_rate))
        best = self.reporter.status.best_epoch or 0
        if self.patience and epoch + 1 - best >= self.patience:
            self.model.stop_training = True
            self.reporter.log(
                f"no better validation loss for {self.patience} epochs: stopping early"
            )

    def _write_batch(self, now: float, logs: dict[str, float]) -> None:
        # Keras gives means since the epoch's start; two of them give the mean of what lies between
        seen, loss, accuracy = self._before
        totals = self._totals(logs)
        span = totals[0] - seen
        speed = span / (now - self._written)
        files.append_json(
            self.run.folder / "metrics.jsonl",
            {
                "event": "batch",
                "time": time.time(),
                "epoch": round(self._epoch + self._step / self.steps, 4),
                "loss": _finite((totals[1] - loss) / span),
                "accuracy": _finite((totals[2] - accuracy) / span),
                "images_per_second": round(speed, 1),
            },
        )
        self._written, self._before = now, totals
        status: RunStatus = self.reporter.status
        # over the whole epoch: the last half second alone would make the time left jump
        seconds_a_step = (now - self._first) / max(1, self._step - 1)
        left = status.epochs - self._epoch
        steps_left = left * self.steps - self._step
        self.reporter.update(
            step=self._step,
            steps=self.steps,
            eta=steps_left * seconds_a_step + left * self._validation_seconds,
            images_per_second=status.images_per_second or speed,
        )

    @property
    def _seen(self) -> int:
        """Images of this epoch trained on so far; the last batch may be smaller."""
        return min(self._step * self.batch_size, self.images)

    def _totals(self, logs: dict[str, float]) -> tuple[int, float, float]:
        """Images seen in this epoch, and the sums of their losses and of their hits."""
        seen = self._seen
        return seen, logs.get("loss", 0.0) * seen, logs.get("accuracy", 0.0) * seen

    def _keep_best(self) -> None:
        self.serving.set_weights(self.model.get_weights())
        path = self.run.folder / "model.keras"
        with storing(path, "save the best model so far"), files.replacing(path) as part:
            self.serving.save(part)


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
