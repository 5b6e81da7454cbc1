"""A training as the rules of health see it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.health import record
from core.health.record import EpochHealth, Health
from core.runs.run import Run
from core.runs.status import RunStatus
from core.specs import RunSpec

Values = NDArray[np.float64]
# what each optimizer is usually given, see Keras's defaults; momentum multiplies SGD's by up to ten
USUAL_RATES = {"adam": 1e-3, "adamw": 1e-3, "rmsprop": 1e-3, "sgd": 1e-2}


@dataclass(frozen=True)
class Case:
    """What is known of a training, as far as it is.

    Attributes:
        lines: of whole epochs, from metrics.jsonl.
        classes: their names; empty where they are not known yet.
        shape: height, width and channels of the images; None where it is not known yet.
    """

    spec: RunSpec
    status: RunStatus
    lines: Sequence[Mapping[str, Any]]
    health: Health
    classes: tuple[str, ...] = ()
    shape: tuple[int, int, int] | None = None

    @cached_property
    def epochs(self) -> int:
        """How many whole epochs there are."""
        return len(self.lines)

    @cached_property
    def loss(self) -> Values:
        """Training loss of each epoch; not-a-number where it was none."""
        return self._values("loss")

    @cached_property
    def val_loss(self) -> Values:
        """Validation loss of each epoch."""
        return self._values("val_loss")

    @cached_property
    def accuracy(self) -> Values:
        """Training accuracy of each epoch, 0 to 1."""
        return self._values("accuracy")

    @cached_property
    def val_accuracy(self) -> Values:
        """Validation accuracy of each epoch, 0 to 1."""
        return self._values("val_accuracy")

    @cached_property
    def rates(self) -> Values:
        """Learning rate at the end of each epoch."""
        return self._values("learning_rate")

    @cached_property
    def looked(self) -> tuple[EpochHealth, ...]:
        """The epochs after which the layers were looked at."""
        return self.health.looked

    @cached_property
    def shares(self) -> Values:
        """Share of each class among the training images; empty where it is not known."""
        return np.array(self.health.data.train_shares if self.health.data else ())

    @cached_property
    def guessing_loss(self) -> float:
        """The loss of answering with the classes' shares, whatever the image."""
        some = self.shares[self.shares > 0]
        return float(-(some * np.log(some)).sum()) if len(some) else math.log(10)

    @cached_property
    def guessing_accuracy(self) -> float:
        """The accuracy of naming the most frequent class, whatever the image."""
        return float(self.shares.max()) if len(self.shares) else 0.1

    @property
    def usual_rate(self) -> float:
        """The learning rate that this optimizer is usually given."""
        usual = USUAL_RATES[self.spec.train.optimizer]
        if self.spec.train.optimizer == "sgd" and self.spec.train.momentum == 0.0:
            return 5 * usual
        return usual

    @property
    def learned(self) -> bool:
        """Whether it has become clearly better than guessing, on the images that it learns from."""
        best = np.nanmax(self.accuracy, initial=0.0)
        return bool(best > self.guessing_accuracy + 0.15 * (1 - self.guessing_accuracy))

    def _values(self, name: str) -> Values:
        values = (line.get(name) for line in self.lines)
        return np.array([math.nan if value is None else float(value) for value in values])


def of(run: Run) -> Case:
    """The case of a run."""
    lines = [line for line in run.metrics("epoch") if not line.get("partial")]
    try:
        labels = json.loads((run.folder / "labels.json").read_bytes())
    except (OSError, ValueError):  # not that far yet
        labels = {}
    classes = tuple(map(str, labels.get("classes", ())))
    size, channels = labels.get("size"), labels.get("channels")
    shape = (size, size, channels) if size and channels else None
    return Case(run.spec, run.status, lines, record.read(run), classes, shape)
