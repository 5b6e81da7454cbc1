"""What a head is, and how well it does on features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

Values = NDArray[np.float32]
_CHUNK = 8192  # images at once


class Head(Protocol):
    """From features to logits of the classes."""

    def logits(self, features: NDArray[np.floating]) -> Values:
        """Of features [n, features]: float32 [n, classes]."""

    @property
    def layers(self) -> tuple[tuple[Values, Values], ...]:
        """Kernel and biases of each dense layer, in their order; ReLU is between them."""


@dataclass(frozen=True)
class Outcome:
    """How a head does on n images.

    Attributes:
        loss: mean cross-entropy, in nats.
        chances: float32 [n, classes], the probabilities.
        labels: int64 [n].
    """

    loss: float
    chances: Values
    labels: NDArray[np.int64]

    @property
    def answers(self) -> NDArray[np.int64]:
        """The class that each image is named, int64 [n]."""
        found: NDArray[np.int64] = self.chances.argmax(axis=1)
        return found

    @property
    def accuracy(self) -> float:
        """Share of the images that are named right."""
        return float((self.answers == self.labels).mean())


def outcome(chances: Values, labels: NDArray[np.int64]) -> Outcome:
    """Of probabilities float32 [n, classes]."""
    told = chances[np.arange(len(labels)), labels].astype(np.float64)
    return Outcome(float(-np.log(np.maximum(told, 1e-12)).mean()), chances, labels)


def look(head: Head, views: Sequence[NDArray[np.floating]], labels: NDArray[np.int64]) -> Outcome:
    """How a head does on images.

    Args:
        views: their features [n, features], and of their mirror images where answers are averaged.
    """
    chances = []
    for start in range(0, len(labels), _CHUNK):
        span = slice(start, start + _CHUNK)
        told = [np.exp(log_softmax(head.logits(view[span]), axis=1)) for view in views]
        chances.append(np.mean(told, axis=0, dtype=np.float32))
    return outcome(np.concatenate(chances), labels)


def macro_recall(labels: NDArray[np.integer], answers: NDArray[np.integer]) -> float:
    """Mean over the classes of the share of their images that are named right.

    As sklearn.metrics.recall_score(average="macro"); classes without images do not count.
    """
    counts = np.bincount(labels)
    hits = np.bincount(labels[labels == answers], minlength=len(counts))
    return float((hits[counts > 0] / counts[counts > 0]).mean())
