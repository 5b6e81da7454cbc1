"""The learning rate of every step of a training."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.specs import TrainSpec

_RISE = 0.3  # share of one-cycle's steps that rise, where no warm-up is set
_LOWEST = 1 / 25  # of the highest rate, where one-cycle begins
_LESS = 1e-4  # by how much, as a share, a better validation loss is lower


class Schedule:
    """Learning rates, step by step, as `spec` wants them.

    Cosine: Loshchilov and Hutter 2017 (arXiv:1608.03983). One-cycle: Smith and Topin 2018
    (arXiv:1708.07120), rising by a line and falling by a line to zero.

    Args:
        steps: of an epoch.
        ends: after how many epochs each cycle of the training ends, the last of them last. Where
            epochs were added to a finished training, they are a cycle of their own.
    """

    def __init__(self, spec: TrainSpec, steps: int, ends: Sequence[int]) -> None:
        self.spec, self.steps, self.ends = spec, steps, tuple(ends)
        self.factor = 1.0  # by which a plateau has lowered the rate so far
        self._best, self._waited = np.inf, 0

    @property
    def state(self) -> list[float]:
        """What a plateau depends on but the spec; finite numbers."""
        return [self.factor, -1.0 if np.isinf(self._best) else self._best, float(self._waited)]

    @state.setter
    def state(self, values: Sequence[float]) -> None:
        self.factor, best, waited = values
        self._best, self._waited = np.inf if best < 0 else best, int(waited)

    def rates(self, first: int, count: int) -> NDArray[np.float32]:
        """Rates of `count` steps, float32, from step `first` of the whole training on."""
        made = [self._rate(step) for step in range(first, first + count)]
        return np.array(made, np.float32)

    def after_epoch(self, loss: float, epochs: int) -> None:
        """Take note of an epoch's validation loss, which a plateau waits for.

        Nothing is lowered before the warm-up is over.

        Args:
            epochs: trained so far.
        """
        if loss < self._best * (1 - _LESS):
            self._best, self._waited = loss, 0
            return
        self._waited += 1
        if self.spec.schedule == "plateau" and self._waited >= self.spec.decay_epochs:
            self._waited = 0
            if self._risen(epochs * self.steps):
                self.factor *= self.spec.decay_factor

    def _risen(self, steps: int) -> bool:
        """Whether the warm-up is over after so many steps."""
        begin, end = self._cycle(steps - 1)
        return steps - begin >= min(round(self.spec.warmup * self.steps), end - begin)

    def _rate(self, step: int) -> float:
        spec = self.spec
        begin, end = self._cycle(step)
        done, total = step - begin, max(1, end - begin)
        rise = min(round(spec.warmup * self.steps), total)
        peak = spec.learning_rate
        if spec.schedule == "one-cycle":
            rise = rise or round(_RISE * total)
            if done < rise:
                return peak * (_LOWEST + (1 - _LOWEST) * (done + 1) / rise)
            return peak * (total - done) / max(1, total - rise)
        if done < rise:
            return peak * (done + 1) / rise
        if spec.schedule == "cosine":
            return peak * 0.5 * (1 + math.cos(math.pi * (done - rise) / max(1, total - rise)))
        if spec.schedule == "step":
            return float(peak * spec.decay_factor ** (done // (spec.decay_epochs * self.steps)))
        return peak * self.factor

    def _cycle(self, step: int) -> tuple[int, int]:
        """First step of the cycle that a step is in, and the step after its last."""
        begin = 0
        for end in self.ends:
            if step < end * self.steps:
                return begin * self.steps, end * self.steps
            begin = end
        last = self.ends[-2] if len(self.ends) > 1 else 0
        return last * self.steps, self.ends[-1] * self.steps
