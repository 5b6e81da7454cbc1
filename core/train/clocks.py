"""Keras callbacks that time a fit, without what is only there once: the graphs of its first steps."""

from __future__ import annotations

import time
from typing import Any

import keras


class Enough(Exception):
    """Ends a fit that has been timed for long enough, before it comes to its validation."""


class StepClock(keras.callbacks.Callback):  # type: ignore[misc]
    """Times the steps of a fit but the first, and raises Enough after `most` of them."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.seconds: list[float] = []
        self._last: tuple[int, float] | None = None

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        float((logs or {}).get("loss", 0.0))  # waits for the result where the device runs behind
        now = time.perf_counter()
        if self._last is not None:  # an engine may report several steps at once
            self.seconds.append((now - self._last[1]) / (batch - self._last[0]))
        self._last = batch, now
        if len(self.seconds) >= self.most:
            raise Enough


class EpochClock(keras.callbacks.Callback):  # type: ignore[misc]
    """Times the epochs of a fit with their validation, but for the first."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if epoch > 0:
            self.seconds.append(time.perf_counter() - self._begun)
