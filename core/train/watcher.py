"""Who follows a training: told of every epoch and of some steps, and able to end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        epoch: whole epochs trained.
        step: steps trained of the epoch after them.
        loss: sum of the losses of that epoch's images so far.
        hits: how many of them were named right.
        images: how many they are.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    hits: float = 0.0
    images: int = 0

    @property
    def means(self) -> dict[str, float]:
        """Loss and accuracy of the epoch so far."""
        count = max(1, self.images)
        return {"loss": self.loss / count, "accuracy": self.hits / count}


class Watcher:
    """Does nothing; made to be extended.

    Attributes:
        stop: set it to end the training after the steps that run now, with a last validation.
        model: the keras.Model; it has the trained weights from `on_test_begin` on.
    """

    stop: bool = False
    model: Any = None

    def on_epoch_begin(self, progress: Progress) -> None:
        """Before the first step of an epoch, or of what is left of one."""

    def on_steps_end(self, progress: Progress) -> None:
        """After some steps; the training can go on from here later."""

    def on_test_begin(self) -> None:
        """Before the validation."""

    def on_epoch_end(self, progress: Progress, logs: dict[str, float]) -> None:
        """After an epoch and its validation; the training can go on from here later.

        Args:
            progress: of the next epoch; where Stop cut this one short, of this one.
            logs: loss, accuracy, val_loss, val_accuracy; learning_rate of the last step.
        """

    def on_fallback(self, reason: str) -> None:
        """Once, where the design could not be trained the fast way and plain Keras takes over."""
