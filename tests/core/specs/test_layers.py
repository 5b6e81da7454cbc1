"""Tests of the layers' specs."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import Conv2D, Dense, Dropout, MaxPooling2D


@pytest.mark.parametrize(
    ("layer", "values"),
    [
        (Conv2D, {"filters": 0}),
        (Conv2D, {"kernel_size": 32}),
        (Conv2D, {"strides": 0}),
        (Conv2D, {"padding": "half"}),
        (Conv2D, {"activation": "softmax"}),
        (MaxPooling2D, {"pool_size": 0}),
        (Dropout, {"rate": 1.0}),
        (Dense, {"units": 0}),
        (Dense, {"max_norm": 0.0}),
        (Dense, {"kind": "conv2d"}),
    ],
)
def test_refused(layer: type[Conv2D], values: dict[str, object]) -> None:
    """Settings that no layer can have are refused by the setting's name."""
    with pytest.raises(SpecError, match=next(iter(values))):
        layer.parse(values)


def test_defaults_follow_keras() -> None:
    """A convolution has valid padding and steps of one unless told otherwise, as in Keras."""
    assert (Conv2D().padding, Conv2D().strides, MaxPooling2D().pool_size) == ("valid", 1, 2)
