"""Who follows a training: told of every epoch and of some steps, and able to end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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


@dataclass(frozen=True)
class Tested:
    """How a model did on n images that it does not learn from.

    Attributes:
        loss: mean, with the penalties of large weights.
        accuracy: share named right.
        answers: int64 [n], the class that each is named.
        sureness: float32 [n], its probability.
        samples: float32 [k, classes], the probabilities of the images that were asked for.
    """

    loss: float
    accuracy: float
    answers: NDArray[np.int64]
    sureness: NDArray[np.float32]
    samples: NDArray[np.float32]


class Watcher:
    """Does nothing; made to be extended.

    Attributes:
        stop: set it to end the training after the steps that run now, with a last validation.
        model: the keras.Model; it has the trained weights from `on_test_begin` on.
        samples: positions among the validation images whose probabilities are wanted.
        tested: what the validation came to, from before `on_epoch_end` on.
        changes: from before `on_epoch_end` on, if `wants_changes`: the Euclidean norm by which the
            epoch's last step changed each trained weight; empty where Stop cut the epoch short.
    """

    stop: bool = False
    model: Any = None
    samples: NDArray[np.int64] = np.zeros(0, np.int64)
    tested: Tested | None = None
    changes: tuple[float, ...] = ()

    @property
    def wants_changes(self) -> bool:
        """Whether to measure the last step of the epoch that is about to be trained."""
        return False

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
