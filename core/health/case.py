"""A training as the rules of health see it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.design.blocks import opened
from core.errors import ModelError
from core.health import record
from core.health.record import EpochHealth, Health
from core.runs import labels, metrics
from core.runs.history import history
from core.runs.run import Run
from core.runs.status import RunStatus
from core.specs import BatchNormalization, RunSpec

Values = NDArray[np.float64]
# what each optimizer is usually given, see Keras's defaults; momentum multiplies SGD's by up to ten
USUAL_RATES = {"adam": 1e-3, "adamw": 1e-3, "rmsprop": 1e-3, "sgd": 1e-2}
_ANY = 8  # channels; a block is made of the same layers whatever comes in


@dataclass(frozen=True)
class Case:
    """What is known of a training, as far as it is.

    Attributes:
        lines: of whole epochs, from metrics.jsonl; of a fine-tuning, those after the head was found.
        before: how many epochs, or steps of solving, came before these lines.
        classes: their names; empty where they are not known yet.
        shape: height, width and channels of the images; None where it is not known yet.
    """

    spec: RunSpec
    status: RunStatus
    lines: Sequence[Mapping[str, Any]]
    health: Health
    classes: tuple[str, ...] = ()
    shape: tuple[int, int, int] | None = None
    before: int = 0

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
        """The epochs after which the layers were looked at; the last may be one that Stop cut short."""
        return self.health.looked

    @property
    def looks(self) -> int:
        """After how many of the whole epochs the layers were looked at."""
        return sum(one.epoch == int(one.epoch) for one in self.looked)

    @cached_property
    def shares(self) -> Values:
        """Share of each class among the training images; empty where it is not known."""
        return np.array(self.health.data.train_shares if self.health.data else ())

    @cached_property
    def guessing_loss(self) -> float:
        """The loss of answering with the classes' shares, whatever the image.

        Where these are not known, as of a run of an earlier version, with even ones.
        """
        some = self.shares[self.shares > 0]
        return float(-(some * np.log(some)).sum()) if len(some) else math.log(self._number)

    @cached_property
    def guessing_accuracy(self) -> float:
        """The accuracy of naming the most frequent class, whatever the image."""
        return float(self.shares.max()) if len(self.shares) else 1 / self._number

    @property
    def usual_rate(self) -> float:
        """The learning rate that this optimizer is usually given."""
        usual = USUAL_RATES[self.spec.train.optimizer]
        if self.spec.train.optimizer == "sgd" and self.spec.train.momentum == 0.0:
            return 5 * usual
        return usual

    @cached_property
    def penalized(self) -> bool:
        """Whether the loss holds penalties of large weights."""
        layers = [layer for layer in self.spec.model.layers if layer.on]
        return any(getattr(layer, name, 0.0) > 0.0 for layer in layers for name in ("l1", "l2"))

    @cached_property
    def momenta(self) -> tuple[float, ...]:
        """Of all running averages of batch normalization, those inside of blocks too."""
        return tuple(
            part.layer.momentum
            for layer in self.spec.model.layers
            if layer.on
            for part in opened(layer, _ANY)
            if isinstance(part.layer, BatchNormalization)
        )

    @property
    def learned(self) -> bool:
        """Whether it has become clearly better than guessing, on the images that it learns from."""
        best = np.nanmax(self.accuracy, initial=0.0)
        return bool(best > self.guessing_accuracy + 0.15 * (1 - self.guessing_accuracy))

    @property
    def _number(self) -> int:
        """How many classes there are, as far as that is known."""
        return len(self.classes) or 10

    def _values(self, name: str) -> Values:
        values = (metrics.number(line, name) for line in self.lines)
        return np.array([math.nan if value is None else value for value in values])


def of(run: Run, health: Health | None = None) -> Case:
    """The case of a run; raises RunError where it has no readable spec.

    Args:
        health: where it has been read already.
    """
    lines = [line for line in history(run).events("epoch") if not line.get("partial")]
    health, spec, status = record.read(run) if health is None else health, run.spec, run.status
    before = 0
    if spec.finetune is not None:
        # what solved for the head fits ever closer by design; without a border there was no more
        before = status.ends[0] if status.ends else len(lines)
        lines = lines[before:]
    case = Case(spec, status, lines, health, before=before)
    try:
        known = labels.read(run)
    except ModelError:  # not that far yet, or damaged
        return case
    return replace(case, classes=known.classes, shape=known.shape)
