"""Tests of the activation functions; test_forward.py compares them with Keras."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest

from core.design.curves import curve
from core.specs.layers.base import Function

VALUES = np.concatenate([np.linspace(-12, 12, 4001), [-1e30, -100, 0, 100, 1e30]]).astype(
    np.float32
)


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        ("linear", lambda x: x),
        ("relu", lambda x: max(x, 0.0)),
        ("leaky_relu", lambda x: x if x > 0 else 0.2 * x),
        ("elu", lambda x: x if x > 0 else math.expm1(x)),
        ("gelu", lambda x: x * math.erfc(-x / math.sqrt(2)) / 2),
        ("silu", lambda x: x / (1 + math.exp(min(700.0, -x)))),
        ("tanh", math.tanh),
        ("sigmoid", lambda x: 1 / (1 + math.exp(min(700.0, -x)))),
    ],
)
def test_exact(function: Function, exact: object) -> None:
    """A curve is exact to a few digits of float32, also far from 0, and gives no warning."""
    assert callable(exact)
    wanted = np.array([exact(float(x)) for x in VALUES])
    found = curve(function, VALUES)
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, rtol=1e-6, atol=2e-6)


def test_softmax() -> None:
    """Softmax makes the last axis add up to 1, whatever the numbers."""
    rows = np.array([[0, math.log(3)], [1e30, -1e30], [-1e4, -1e4]], np.float32)
    assert np.allclose(curve("softmax", rows), [[0.25, 0.75], [1, 0], [0.5, 0.5]])


@pytest.mark.parametrize("function", get_args(Function))
def test_infinity(function: Function) -> None:
    """No curve warns of infinity and not-a-number, and none changes what it gets."""
    values = np.array([np.inf, -np.inf, np.nan, 1], np.float32)
    values.flags.writeable = False
    assert curve(function, values).shape == (4,)
