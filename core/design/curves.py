"""The activation functions in NumPy, as keras.activations has them by default."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.design.operations import Values
from core.specs.layers.base import Function

LEAK = 0.2  # slope of leaky_relu below 0
# Abramowitz, Stegun, Handbook of Mathematical Functions, 1964, 7.1.26: erf to 1.5e-7, about what
# float32 can tell apart near 1
_ERF_T = 0.3275911
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def curve(function: Function, values: Values) -> Values:
    """Pass every value through the curve of that name; softmax goes over the last axis."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # diverged weights
        return _CURVES[function](values)


def _erf(values: Values) -> Values:
    size = np.abs(values)
    t = 1 / (1 + _ERF_T * size)
    total = np.zeros_like(t)
    for factor in _ERF:
        total = (total + np.float32(factor)) * t
    made: Values = np.copysign(1 - total * np.exp(-size * size), values)
    return made


def _sigmoid(values: Values) -> Values:
    small = np.exp(-np.abs(values))  # never overflows
    made: Values = np.where(values >= 0, np.float32(1), small) / (1 + small)
    return made


def _softmax(values: Values) -> Values:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    total: Values = powers / powers.sum(axis=-1, keepdims=True)
    return total


def _elu(values: Values) -> Values:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


def _gelu(values: Values) -> Values:
    half = values * np.float32(0.5)
    return half + half * _erf(values * np.float32(0.5**0.5))


_CURVES: dict[Function, Callable[[Values], Values]] = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0),
    "leaky_relu": lambda values: np.maximum(values, values * np.float32(LEAK)),
    "elu": _elu,
    "gelu": _gelu,
    "silu": lambda values: values * _sigmoid(values),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}
