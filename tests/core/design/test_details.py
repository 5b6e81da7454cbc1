"""Tests of a layer's settings in a few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.design.details import details
from core.specs import (
    LAYERS,
    Activation,
    BatchNormalization,
    Conv2D,
    ConvBlock,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GroupNormalization,
    InceptionBlock,
    Input,
    InvertedResidual,
    LayerSpec,
    MaxPooling2D,
    Output,
    ResidualBlock,
    SpatialDropout2D,
    SqueezeExcitation,
    UpSampling2D,
    Vary,
    ZeroPadding2D,
)
from tests.core.design.strategies import layers


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Dense(units=512, max_norm=2.0), "512 units, relu, max norm 2"),
        (Dense(activation="linear"), "128 units"),
        (Dense(units=10, use_bias=False, l1=0.001, l2=0.01),
         "10 units, relu, no bias, l1 penalty 0.001, l2 penalty 0.01"),
        (Conv2D(padding="same"), "32 filters, 3 × 3, same, relu"),
        (Conv2D(filters=1024, kernel_size=5, strides=2), "1,024 filters, 5 × 5, stride 2, relu"),
        (DepthwiseConv2D(depth_multiplier=2), "3 × 3, depth multiplier 2, relu"),
        (MaxPooling2D(), "2 × 2"),
        (MaxPooling2D(pool_size=3, strides=1, padding="same"), "3 × 3, stride 1, same"),
        (BatchNormalization(), ""),
        (BatchNormalization(momentum=0.9), "momentum 0.9"),
        (GroupNormalization(), "8 groups"),
        (Activation(function="tanh"), "tanh"),
        (Dropout(rate=0.25), "rate 0.25"),
        (SpatialDropout2D(), "rate 0.2"),
        (ZeroPadding2D(padding=3), "border 3"),
        (UpSampling2D(), "factor 2"),
        (UpSampling2D(size=3, interpolation="bilinear"), "factor 3, bilinear"),
        (ConvBlock(), "64 filters, 3 × 3, relu"),
        (ConvBlock(normalization="none"), "64 filters, 3 × 3, no normalization, relu"),
        (ResidualBlock(filters=16, strides=2, repeat=3, normalization="group"),
         "16 filters, 3 × 3, stride 2, group normalization, relu, 3 times"),
        (InvertedResidual(expansion=4), "32 filters, expansion 4, 3 × 3, relu"),
        (SqueezeExcitation(), "reduction 8"),
        (DenseBlock(), "4 times, growth 16, 3 × 3, relu"),
        (InceptionBlock(), "64 filters, relu"),
        (Input(), "scale 0 to 1"),
        (Flatten(), ""),
        (Output(), ""),
    ],
)  # fmt: skip
def test_details(layer: LayerSpec, words: str) -> None:
    """A layer's settings are told in a few words; what is usual is not told."""
    assert details(layer) == words


def test_marks_and_the_switch_are_not_told() -> None:
    """Whether a layer is on, or varies, is not a setting."""
    marked = Dense(on=False, vary=(Vary(setting="units", low=8, high=16),))
    assert details(marked) == details(Dense())


@given(st.sampled_from(tuple(LAYERS.values())).flatmap(lambda kind: layers(kind, small=False)))
def test_any_layer(layer: LayerSpec) -> None:
    """Any layer has words for its settings, without a missing value or an empty part."""
    words = details(layer)
    assert "None" not in words
    assert "" not in words.split(", ") or words == ""
