"""A head with a hidden layer, learned on features by the engine that trains runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from core.data.splits import Indices
from core.specs import TrainSpec
from core.train.engine import Engine
from core.train.plan import Plan
from core.train.watcher import Progress, Watcher
from core.transfer.features import FeatureSet
from core.transfer.head import Values

_LEAST = 1e-6  # of a feature's deviation: below it, it says nothing
EPOCHS = 8
# of values, in training: of the features, and of the hidden layer
_DROPOUT = 0.1, 0.5


@dataclass(frozen=True)
class Hidden:
    """A dense layer with ReLU, then one that gives logits.

    Attributes:
        layers: kernel float32 [in, out] and biases float32 [out] of each.
    """

    layers: tuple[tuple[Values, Values], ...]

    def logits(self, features: NDArray[np.floating]) -> Values:
        """Of features [n, features]: float32 [n, classes]."""
        (kernel, bias), (last, offset) = self.layers
        between = np.maximum(np.asarray(features, np.float32) @ kernel + bias, 0)
        found: Values = between @ last + offset
        return found


class Step(NamedTuple):
    """An epoch: the head after it, and how it did on the training images, with dropout."""

    head: Hidden
    loss: float
    accuracy: float
    rate: float


def solve(
    data: FeatureSet,
    train: Indices,
    validation: Indices,
    *,
    units: int,
    seed: int,
    plan: Plan,
    weights: NDArray[np.float32] | None,
    after_epoch: Callable[[Step], bool],
    going: Callable[[], bool],
) -> None:
    """Train a head by AdamW in one cycle of the learning rate.

    Args:
        data: its features are evened in place, to mean 0 and deviation 1 over the training images.
        weights: of the classes, float32 [classes].
        after_epoch: told of every epoch; False ends it.
        going: asked several times a second; False ends it too.
    """
    values: NDArray[Any] = data.images.images
    mean, spread = _moments(values, train)
    scale = np.where(spread > _LEAST, 1.0 / np.maximum(spread, _LEAST), 0.0).astype(np.float32)
    for start in range(0, len(values), 8192):
        span = slice(start, start + 8192)
        values[span] = (values[span].astype(np.float32) - mean) * scale
    keras.utils.set_random_seed(seed)
    features = keras.Input(values.shape[1:], dtype="float16", name="features")
    x = keras.layers.Dropout(_DROPOUT[0], name="drop_features")(features)
    x = keras.layers.Dense(units, activation="relu", name="hidden")(x)
    x = keras.layers.Dropout(_DROPOUT[1], name="drop_hidden")(x)
    end = keras.layers.Dense(len(data.classes), activation="softmax", name="logits")(x)
    model = keras.Model(features, end)
    batch = max(32, min(512, len(train) // 64))
    spec = TrainSpec(
        epochs=EPOCHS,
        batch_size=batch,
        optimizer="adamw",
        learning_rate=max(0.0005, 0.002 * batch / 512),
        schedule="one-cycle",
        seed=seed,
    )
    engine = Engine(model, spec, plan, weights=weights)

    def head() -> Hidden:
        kernel, bias, last, offset = (np.asarray(one) for one in model.get_weights())
        kernel = kernel * scale[:, None]
        return Hidden(((kernel, bias - mean @ kernel), (last, offset)))

    engine.fit(data, train, validation, _Watcher(head, after_epoch, going))


class _Watcher(Watcher):
    """Hands each epoch on."""

    def __init__(
        self,
        head: Callable[[], Hidden],
        after_epoch: Callable[[Step], bool],
        going: Callable[[], bool],
    ) -> None:
        self._head, self._after, self._going = head, after_epoch, going

    def on_steps_end(self, progress: Progress) -> None:  # noqa: ARG002
        if not self._going():
            self.stop = True

    def on_epoch_end(self, progress: Progress, logs: dict[str, float]) -> None:  # noqa: ARG002
        step = Step(self._head(), logs["loss"], logs["accuracy"], logs["learning_rate"])
        if not self._after(step):
            self.stop = True


def _moments(values: NDArray[Any], rows: Indices) -> tuple[Values, Values]:
    """Mean and deviation of each feature over some rows, float32 [features]."""
    total = np.zeros(values.shape[1])
    squares = np.zeros(values.shape[1])
    for start in range(0, len(rows), 8192):
        some = values[rows[start : start + 8192]].astype(np.float64)
        total += some.sum(axis=0)
        squares += (some**2).sum(axis=0)
    mean = total / len(rows)
    spread = np.sqrt(np.maximum(squares / len(rows) - mean**2, 0))
    return mean.astype(np.float32), spread.astype(np.float32)
