"""Examines a training as it goes: health.jsonl and views.jsonl, for a small share of its time."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator

import keras

from core import files
from core.data.dataset import Dataset
from core.data.splits import Split, spread
from core.design.analysis import table
from core.health import inputs, record
from core.health.probe import Probe, batch_size
from core.runs.run import Run
from core.specs import RunSpec
from core.train import feed
from core.train.answers import Answers
from core.train.watcher import Tested

_SHARE = 0.02  # of a training's time; after an epoch that is too short for it there is no look
_SMALL = 2**17  # pixels that may be looked at together where a training's batches have fewer


class Examiner:
    """Looks at the model after an epoch, and tells what it found before the epoch's metrics.

    The first epoch is always looked at, and the last of those that are planned.

    Args:
        model: from core.design.build; as it is trained.
        last: number of the last epoch.
    """

    def __init__(
        self, run: Run, spec: RunSpec, model: keras.Model, data: Dataset, split: Split, last: int
    ) -> None:
        self._begun = time.perf_counter()
        self._spent, self._took, self._looks = 0.0, math.inf, 0
        self._folder, self._spec, self._data, self._split = run.folder, spec, data, split
        self._last = last
        self._classes = len(data.classes)
        self._labels = data.images.labels[split.validation]
        self._answers = Answers(run, data, split.validation)
        self.samples = self._answers.samples
        looked_at = spread(split.train, batch_size(data.shape))
        self._probe = Probe(
            model,
            table(spec.model, data.shape, self._classes),
            feed.gathered(data.images.images, looked_at),
            data.images.labels[looked_at],
            at_once=max(spec.train.batch_size, _SMALL // (data.shape[0] * data.shape[1])),
        )
        with self.spending():
            self._begin()

    def _begin(self) -> None:
        """What is fed to the training."""
        train, labels = self._spec.train, self._data.images.labels
        first = feed.order(self._split.train, train.seed, 0, shuffle=train.shuffle)
        features, compared = inputs.features(self._data, self._split)
        mean, deviation = self._probe.inputs()
        found = record.DataHealth(
            mean=mean,
            spread=deviation,
            train_shares=tuple(inputs.shares(labels[self._split.train], self._classes)),
            validation_shares=tuple(inputs.shares(self._labels, self._classes)),
            features=tuple(features),
            compared=compared,
            batch_classes=inputs.batch_classes(labels[first], train.batch_size),
            shuffled_classes=inputs.shuffled_classes(
                labels[first], train.batch_size, self._classes
            ),
        )
        line = {"event": "data", **found.model_dump()}
        files.append_json(self._folder / record.NAME, line)

    def looks(self, epoch: int) -> bool:
        """Whether to look at the layers after this epoch, counted from 1."""
        passed = time.perf_counter() - self._begun
        affordable = self._spent + self._took <= _SHARE * passed
        return affordable or not self._looks or epoch >= self._last

    def after_epoch(
        self, position: float, tested: Tested, changes: tuple[float, ...], *, look: bool
    ) -> None:
        """Write what there is to tell of an epoch that ended at `position`."""
        begun = time.perf_counter()
        layers = self._probe.look(changes) if look else ()
        self._answers.tell(position, tested.answers, tested.sureness, tested.samples, layers)
        took = time.perf_counter() - begun
        self._spent += took
        if look:
            self._took = min(self._took, took)  # the first is several times as slow as the next
        self._looks += look

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Count what is done within as time spent on looking."""
        begun = time.perf_counter()
        yield
        self._spent += time.perf_counter() - begun
