"""The rules that turn gradients into weight changes, each one kernel a weight.

Keras's own take five to ten passes over every weight. The formulas are the same; a test compares
them step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from core.specs import TrainSpec

_RHO = 0.9
_BETAS = 0.9, 0.999
_EPSILON = 1e-7
_DECAY = {"adamw": 0.004}  # where none is asked for, as in Keras


def weight_decay(spec: TrainSpec) -> float:
    """Share by which a step at learning rate 1 shrinks every weight."""
    return _DECAY.get(spec.optimizer, 0.0) if spec.weight_decay is None else spec.weight_decay


class Optimizer:
    """Changes `weights`, variables float32, in place.

    Args:
        shares: of the learning rate that each weight learns with; all of it by default.

    Attributes:
        slots: the variables that it keeps, in an order of their own: what a resumed training needs.
    """

    def __init__(
        self, spec: TrainSpec, weights: Sequence[Any], shares: Sequence[float] = ()
    ) -> None:
        self.spec, self.decay = spec, weight_decay(spec)
        self.weights = list(weights)
        self._shares = list(shares) or [1.0] * len(self.weights)
        count = {"sgd": 1, "rmsprop": 1}.get(spec.optimizer, 2)
        self._slots = [
            [tf.Variable(tf.zeros_like(weight), trainable=False) for _ in range(count)]
            for weight in self.weights
        ]
        self._powers = [tf.Variable(beta, trainable=False) for beta in _BETAS]

    @property
    def slots(self) -> list[Any]:
        """Everything that a step depends on but the weights."""
        return [slot for slots in self._slots for slot in slots] + self._powers

    def apply(self, gradients: Sequence[Any], rate: Any) -> None:
        """One step at this learning rate, float32 []."""
        for weight, slots, gradient, share in zip(
            self.weights, self._slots, gradients, self._shares, strict=True
        ):
            if gradient is not None:  # else nothing that is learned depends on it
                self._change(weight, slots, gradient, rate if share == 1.0 else rate * share)
        for power, beta in zip(self._powers, _BETAS, strict=True):
            power.assign(power * beta)

    def _change(self, weight: Any, slots: list[Any], gradient: Any, rate: Any) -> None:
        if self.decay:
            weight.assign_sub(weight * (rate * self.decay))
        if self.spec.optimizer == "sgd":
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=weight.handle,
                accum=slots[0].handle,
                lr=rate,
                grad=gradient,
                momentum=self.spec.momentum,
                use_nesterov=self.spec.nesterov,
            )
        elif self.spec.optimizer == "rmsprop":
            square = slots[0]
            square.assign(_RHO * square + (1.0 - _RHO) * tf.square(gradient))
            weight.assign_sub(rate * gradient * tf.math.rsqrt(square + _EPSILON))
        else:
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=slots[0].handle,
                v=slots[1].handle,
                beta1_power=self._powers[0],
                beta2_power=self._powers[1],
                lr=rate,
                beta1=_BETAS[0],
                beta2=_BETAS[1],
                epsilon=_EPSILON,
                grad=gradient,
            )
