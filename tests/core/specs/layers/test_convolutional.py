"""Tests of convolutions and of what changes the size of an image."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import (
    Conv2D,
    DepthwiseConv2D,
    LayerSpec,
    SeparableConv2D,
    UpSampling2D,
    Weighted,
    ZeroPadding2D,
)


@pytest.mark.parametrize("kind", [Conv2D, DepthwiseConv2D, SeparableConv2D])
def test_defaults_follow_keras(kind: type[Weighted]) -> None:
    """A convolution has valid padding and steps of one unless told otherwise, as in Keras."""
    values = kind().model_dump()
    assert (values["padding"], values["strides"], values["use_bias"]) == ("valid", 1, True)
    assert values.get("depth_multiplier", 1) == 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (DepthwiseConv2D, {"filters": 3}),
        (DepthwiseConv2D, {"depth_multiplier": 0}),
        (SeparableConv2D, {"depth_multiplier": 17}),
        (ZeroPadding2D, {"padding": "same"}),
        (ZeroPadding2D, {"padding": 0}),
        (UpSampling2D, {"size": 0}),
        (UpSampling2D, {"interpolation": "bicubic"}),
    ],
)
def test_refused(kind: type[LayerSpec], values: dict[str, object]) -> None:
    """Settings that such a layer does not have, or not so, are refused by their name."""
    with pytest.raises(SpecError, match=next(iter(values))):
        kind.parse(values)


def test_enlarging() -> None:
    """Enlarging doubles by repeating pixels unless told otherwise, as in Keras."""
    assert (UpSampling2D().size, UpSampling2D().interpolation) == (2, "nearest")
    assert ZeroPadding2D().padding == 1
