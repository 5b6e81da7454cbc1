"""Who follows a training: told of every epoch and of some steps, and able to end it."""

from __future__ import annotations

from typing import Any


class Watcher:
    """Does nothing; made to be extended.

    Attributes:
        stop: set it to end the training after the steps that run now, with a last validation.
        model: the keras.Model; it has the trained weights from `on_test_begin` on.
    """

    stop: bool = False
    model: Any = None

    def on_epoch_begin(self, epoch: int) -> None:
        """Before the first step of an epoch, counted from 0."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        """After some steps, the last of which was the epoch's `batch`, counted from 0.

        Args:
            logs: means of loss and accuracy over the epoch so far.
        """

    def on_test_begin(self) -> None:
        """Before the validation."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """After an epoch and its validation.

        Args:
            logs: loss, accuracy, val_loss, val_accuracy; learning_rate of the last step.
        """
