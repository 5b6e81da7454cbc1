"""Tests of the input, dense layers, curves and the output."""

from __future__ import annotations

from typing import get_args

from core.specs import Activation, Conv2D, Dense, Flatten, Input, Output
from core.specs.layers.base import HIDDEN_FUNCTIONS, Function


def test_defaults_follow_keras() -> None:
    """A dense layer has a bias, and neither penalty nor limit, as in Keras."""
    layer = Dense()
    assert (layer.use_bias, layer.l1, layer.l2, layer.max_norm) == (True, 0.0, 0.0, None)


def test_curves() -> None:
    """Every curve can be a layer of its own or a layer's activation; relu is the usual one."""
    for function in get_args(Function):
        assert Activation(function=function).function == function
        assert Dense(activation=function).activation == function
    assert (Activation().function, Dense().activation, Conv2D().activation) == ("relu",) * 3


def test_curves_worth_trying() -> None:
    """The tuner tries curves that bend; softmax and sigmoid are for the end."""
    assert set(HIDDEN_FUNCTIONS) == set(get_args(Function)) - {"linear", "sigmoid", "softmax"}


def test_layers_without_settings() -> None:
    """Flatten and Output have nothing to set: the classes come from the data."""
    assert Flatten.settings() == Output.settings() == ()
    assert Input().scale == "0 to 1"
