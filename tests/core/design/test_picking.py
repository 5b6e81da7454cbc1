"""core.design.picking: convolutions that oneDNN could not train."""

from __future__ import annotations

import pytest

from core.design.picking import picked
from core.specs import Conv2D, Dense, DepthwiseConv2D, LayerSpec, MaxPooling2D


def test_a_stride_of_a_small_convolution_moves_into_a_pooling() -> None:
    """A strided 1 × 1 convolution on few channels becomes a pooling of one pixel and one without."""
    layer = Conv2D(filters=7, kernel_size=1, strides=3, padding="same", l2=0.1)
    pick, rest = picked(layer, 15)
    assert pick == MaxPooling2D(pool_size=1, strides=3, padding="same")
    assert rest == layer.changed(strides=1)


@pytest.mark.parametrize(
    ("layer", "channels"),
    [
        (Conv2D(kernel_size=1, strides=2), 16),
        (Conv2D(kernel_size=1), 3),
        (Conv2D(kernel_size=3, strides=2), 3),
        (DepthwiseConv2D(kernel_size=1, strides=2), 3),
        (Dense(), 3),
    ],
)
def test_all_other_layers_stay(layer: LayerSpec, channels: int) -> None:
    """Layers that oneDNN trains well are built as they are."""
    assert picked(layer, channels) == (layer,)
