"""Watchers that time a fit, without what is only there once: the graphs of its first steps."""

from __future__ import annotations

import time

from core.train.watcher import Progress, Watcher


class Enough(Exception):
    """Ends a fit that has been timed for long enough, before it comes to its validation."""


class StepClock(Watcher):
    """Times the steps of a fit but the first, and raises Enough after `most` of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.seconds: list[float] = []
        self._last: tuple[int, float] | None = None

    def on_steps_end(self, progress: Progress) -> None:
        now = time.perf_counter()
        if self._last is not None:  # the engine tells of several steps at once
            steps = progress.step - self._last[0]
            self.seconds += [(now - self._last[1]) / steps] * steps
        self._last = progress.step, now
        if len(self.seconds) >= self.most:
            raise Enough


class EpochClock(Watcher):
    """Times the epochs of a fit with their validation, but for the first."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_epoch_begin(self, progress: Progress) -> None:
        self._begun = time.perf_counter()

    def on_epoch_end(self, progress: Progress, logs: dict[str, float]) -> None:
        if progress.epoch > 1:
            self.seconds.append(time.perf_counter() - self._begun)
