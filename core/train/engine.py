"""Feed and train a design, at the speed the machine has."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.splits import Indices, spread
from core.design.cost import evaluation_batch
from core.specs import AugmentSpec, TrainSpec
from core.train import feed
from core.train.augmentation import Augmentation
from core.train.checkpoint import Checkpoint
from core.train.evaluation import Evaluation
from core.train.loop import UNABLE, Loop
from core.train.plan import Plan
from core.train.schedule import Schedule
from core.train.watcher import Progress, Tested, Watcher

_PAUSE = 0.25  # seconds of training between two looks at Stop, about


class Engine:
    """Trains and tests a model.

    Args:
        model: from uint8 images, or features of them, to probabilities; it has the trained weights after every epoch.
        weights: of the classes, float32 [classes], by which the losses of their images count.
        augment: what is done to the images that it trains on, and whether it tests with their
            mirror images too.
        shares: of the learning rate that each trainable weight of the model learns with; all of it
            by default.

    Attributes:
        plan: how it trains; plain Keras from the moment on that nothing faster goes.
        progress: how far it is.
    """

    def __init__(
        self,
        model: keras.Model,
        spec: TrainSpec,
        plan: Plan,
        *,
        weights: NDArray[np.float32] | None = None,
        augment: AugmentSpec | None = None,
        shares: Sequence[float] = (),
    ) -> None:
        self.model, self.spec, self.plan = model, spec, plan
        self.progress, self._shares = Progress(), tuple(shares)
        self._weights, self._augment = weights, augment
        self._loop = self._made_loop()
        self._evaluation = self._made_evaluation()
        self._plateau: list[float] | None = None

    def fit(
        self,
        data: Dataset,
        train: Indices,
        validation: Indices,
        watcher: Watcher,
        ends: Sequence[int] = (),
    ) -> None:
        """Train to the last of the epochs `ends`, or until the watcher stops it.

        Args:
            ends: after how many epochs each cycle of the learning rate ends; spec.epochs by default.
        """
        ends = tuple(ends) or (self.spec.epochs,)
        steps = math.ceil(len(train) / self.spec.batch_size)
        schedule = Schedule(self.spec, steps, ends)
        if self._plateau:
            schedule.state = self._plateau
        watcher.model, watcher.stop = self.model, False
        pace = _Pace(self.spec.batch_size)
        while self.progress.epoch < ends[-1] and not watcher.stop:
            watcher.on_epoch_begin(self.progress)
            rows = feed.order(train, self.spec.seed, self.progress.epoch, shuffle=self.spec.shuffle)
            rate = self._epoch(data, rows, schedule, watcher, pace)
            logs = {**self.progress.means, "learning_rate": rate}
            self.model.set_weights(self._loop.weights)
            watcher.on_test_begin()
            watcher.tested = self.evaluate(data, validation, watcher.samples)
            loss, accuracy = watcher.tested.loss, watcher.tested.accuracy
            if self.progress.step >= steps:
                schedule.after_epoch(loss, self.progress.epoch + 1)
                self.progress = Progress(epoch=self.progress.epoch + 1)
            self._plateau = schedule.state
            watcher.on_epoch_end(
                self.progress, {**logs, "val_loss": loss, "val_accuracy": accuracy}
            )

    def evaluate(
        self, data: Dataset, rows: Indices, samples: Indices | Sequence[int] = ()
    ) -> Tested:
        """How the model does on some rows.

        Args:
            samples: positions among the rows whose probabilities are to be told.
        """
        size = evaluation_batch(data.shape)
        loss = hits = 0.0
        asked, done = np.asarray(samples, np.int64), 0
        wanted = np.sort(asked)  # as they come
        answers, sureness, told = [], [], []
        for images, labels in feed.chunks(data, rows, lambda: size):
            one, right, chances = self._evaluation.run(images, labels)
            loss, hits = loss + one, hits + right
            answers.append(chances.argmax(axis=1))
            sureness.append(chances.max(axis=1))
            told.append(chances[wanted[(wanted >= done) & (wanted < done + len(labels))] - done])
            done += len(labels)
        return Tested(
            loss=loss / len(rows) + self._evaluation.penalties,
            accuracy=hits / len(rows),
            answers=np.concatenate(answers),
            sureness=np.concatenate(sureness),
            samples=np.concatenate(told)[np.searchsorted(wanted, asked)],
        )

    @property
    def checkpoint(self) -> Checkpoint:
        """All that it takes to go on from here."""
        return Checkpoint(
            arrays=self._loop.state,
            progress=asdict(self.progress),
            plan=asdict(self.plan),
            plateau=self._plateau or [],
            batch_size=self.spec.batch_size,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from there, in the way that the training began.

        Raises:
            RunError: it is of another design.
        """
        # XLA is for the machine that goes on, not for the one that began
        plan = replace(Plan(**checkpoint.plan), xla=self.plan.xla)
        if plan != self.plan:
            self.plan = plan
            self._loop = self._made_loop()
            self._evaluation = self._made_evaluation()
        kept = self._loop.state
        checkpoint.require([array.shape for array in kept])
        self._loop.state = checkpoint.arrays
        self.model.set_weights(self._loop.weights)
        now = Progress(**checkpoint.progress)
        # it may have been trained in larger batches, which did not fit in memory any longer
        self.progress = replace(now, step=now.step * checkpoint.batch_size // self.spec.batch_size)
        self._plateau = checkpoint.plateau or None

    def _epoch(
        self, data: Dataset, rows: Indices, schedule: Schedule, watcher: Watcher, pace: _Pace
    ) -> float:
        """Train what is left of an epoch; returns the last learning rate."""
        size = self.spec.batch_size
        rest = rows[self.progress.step * size :]
        watcher.changes = ()
        if not watcher.wants_changes:
            return self._train(data, rest, schedule, watcher, pace)
        last = (schedule.steps - self.progress.step - 1) * size  # where the last step begins
        rate = self._train(data, rest[:last], schedule, watcher, pace) if last else 0.0
        if watcher.stop:
            return rate
        before = self._loop.trained()
        rate = self._train(data, rest[last:], schedule, watcher, pace)
        watcher.changes = self._loop.moved(before)
        return rate

    def _train(
        self, data: Dataset, rows: Indices, schedule: Schedule, watcher: Watcher, pace: _Pace
    ) -> float:
        """Train some rows, whole batches but for the epoch's last; returns the last learning rate."""
        size, rate = self.spec.batch_size, 0.0
        for images, labels in feed.chunks(data, rows, pace.images):
            now, count = self.progress, math.ceil(len(labels) / size)
            rates = schedule.rates(now.epoch * schedule.steps + now.step, count)
            begun = time.perf_counter()
            done = self._run(images, labels, rates, watcher)
            pace.learn(count, time.perf_counter() - begun)
            # one after the other in 64 bits: the sums do not depend on what was run together
            loss, hits = now.loss, now.hits
            for one, right in zip(done.losses.tolist(), done.hits.tolist(), strict=True):
                loss, hits = loss + one, hits + right
            self.progress = replace(
                now, step=now.step + count, loss=loss, hits=hits, images=now.images + done.images
            )
            rate = float(rates[-1])
            watcher.on_steps_end(self.progress)
            if watcher.stop:
                break
        return rate

    def _run(self, images: Any, labels: Any, rates: NDArray[np.float32], watcher: Watcher) -> Any:
        try:
            return self._loop.run(images, labels, self.spec.batch_size, rates)
        except UNABLE as error:
            if self.plan.xla:  # it is only another compiler: the steps go on from where they are
                kept, self.plan = self._loop.state, replace(self.plan, xla=False)
                self._loop = self._made_loop()
                self._loop.state = kept
                return self._run(images, labels, rates, watcher)
            if self.plan.plain or int(self._loop.step) > 0:
                raise
            self.plan = Plan(plain=True)
            self._loop = self._made_loop()
            watcher.on_fallback((str(error).strip().splitlines() or ["no reason given"])[0][:300])
            return self._loop.run(images, labels, self.spec.batch_size, rates)

    def _made_loop(self) -> Loop:
        spec, plain = self._augment, self.plan.plain
        augment = Augmentation(spec, compiled=not plain) if spec and spec.active else None
        return Loop(
            self.model,
            self.spec,
            precision=self.plan.precision,
            towers=self.plan.towers,
            weights=self._weights,
            augment=augment,
            plain=plain,
            xla=self.plan.xla,
            shares=self._shares,
        )

    def _made_evaluation(self) -> Evaluation:
        mirror = self._augment is not None and self._augment.mirror
        return Evaluation(self.model, self.plan.towers, mirror=mirror)


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


def sample_images(data: Dataset, rows: Indices, count: int) -> Any:
    """Up to `count` images, evenly spread over `rows`: uint8 [count, height, width, channels]."""
    return feed.gathered(data.images.images, spread(rows, count))


def class_weights(labels: NDArray[Any], classes: int) -> NDArray[np.float32]:
    """Weights float32 [classes] by which all classes count the same, and the average image 1."""
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * np.maximum(counts, 1))).astype(np.float32)
