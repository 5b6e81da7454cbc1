"""Feed and train a design, at the speed the machine has. Runs do not use it yet; core.train.engine is theirs."""

from __future__ import annotations

import math
import time

import keras
import numpy as np

from core.data.dataset import Dataset
from core.data.splits import Indices
from core.design.cost import evaluation_batch
from core.specs import TrainSpec
from core.train import feed
from core.train.evaluation import Evaluation
from core.train.loop import Loop
from core.train.twin import Precision
from core.train.watcher import Watcher

_PAUSE = 0.25  # seconds of training between two looks at Stop, about


class Engine:
    """Trains and tests a model.

    Args:
        model: from uint8 images to probabilities; it has the trained weights after every epoch.
        spec: its optimizer and seed count from here on.
        precision: of the sums in training; weights, validation and tests are float32.
        towers: parts of a batch side by side; give TensorFlow one thread for each operation, and as
            many operations at once as there are towers.
    """

    def __init__(
        self, model: keras.Model, spec: TrainSpec, *, precision: Precision, towers: int
    ) -> None:
        self.model = model
        self._loop = Loop(model, spec, precision=precision, towers=towers)
        self._evaluation = Evaluation(model, towers)

    def fit(
        self,
        data: Dataset,
        train: Indices,
        validation: Indices,
        spec: TrainSpec,
        watcher: Watcher,
    ) -> None:
        """Train for spec.epochs epochs, or until the watcher stops it."""
        watcher.model, watcher.stop = self.model, False
        pace = _Pace(spec.batch_size)
        for epoch in range(spec.epochs):
            watcher.on_epoch_begin(epoch)
            logs = self._epoch(data, feed.order(train, spec.seed, epoch), spec, watcher, pace)
            self.model.set_weights(self._loop.weights)
            watcher.on_test_begin()
            loss, accuracy = self.evaluate(data, validation)
            logs |= {
                "val_loss": loss,
                "val_accuracy": accuracy,
                "learning_rate": spec.learning_rate,
            }
            watcher.on_epoch_end(epoch, logs)
            if watcher.stop:
                break

    def evaluate(self, data: Dataset, rows: Indices) -> tuple[float, float]:
        """Mean loss and accuracy (0 to 1) of the model over some rows."""
        size = evaluation_batch(data.shape)
        sums = np.zeros(2)
        for images, labels in feed.chunks(data, rows, lambda: size):
            sums += self._evaluation.run(images, labels)
        loss, accuracy = (sums / len(rows)).tolist()
        return loss + self._evaluation.penalties, accuracy

    def _epoch(
        self, data: Dataset, rows: Indices, spec: TrainSpec, watcher: Watcher, pace: _Pace
    ) -> dict[str, float]:
        """One pass through `rows`; returns means of loss and accuracy."""
        loss, hits, seen, steps = 0.0, 0.0, 0, 0
        logs: dict[str, float] = {}
        for images, labels in feed.chunks(data, rows, pace.images):
            count = math.ceil(len(labels) / spec.batch_size)
            rates = np.full(count, spec.learning_rate, np.float32)
            begun = time.perf_counter()
            sums = self._loop.run(images, labels, spec.batch_size, rates)
            pace.learn(count, time.perf_counter() - begun)
            loss, hits, seen = loss + sums.loss, hits + sums.hits, seen + sums.images
            steps += count
            logs = {"loss": loss / seen, "accuracy": hits / seen}
            watcher.on_train_batch_end(steps - 1, logs)
            if watcher.stop:
                break
        return logs


class _Pace:
    """How many steps to train before the next look around. The first is alone: it makes the graph."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size, self._steps = batch_size, 1

    def images(self) -> int:
        """Images of the next chunk, in whole batches."""
        return self._steps * self._batch_size

    def learn(self, steps: int, seconds: float) -> None:
        """After so many steps, which took so long."""
        wanted = int(_PAUSE * steps / max(seconds, 1e-6))
        self._steps = max(1, min(wanted, 2 * self._steps))
