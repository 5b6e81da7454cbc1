"""Blocks: several layers that belong together, as one row of a design.

core.design.blocks opens them up into the layers they are made of.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from core.specs.layers.base import Function, Group, LayerSpec, activation
from core.specs.layers.convolutional import kernel_size, strides
from core.specs.spec import setting

Normalization = Literal["batch", "layer", "group", "none"]


def filters(default: int = 64, *, step: int = 1, help: str = "Channels that come out.") -> Any:
    """The declaration of a block's width."""
    return setting(
        default,
        ge=step,
        le=4096,
        step=step,
        label="Filters",
        help=help,
        search=(16, 256),
        log=True,
    )


def normalization() -> Any:
    """The declaration of a block's normalization."""
    return setting(
        "batch",
        label="Normalization",
        help="Which one follows each convolution; group takes 8 groups, or as many as divide.",
    )


class Block(LayerSpec):
    """Base of all blocks."""

    GROUP: ClassVar[Group] = "Blocks"
    repeat: int = setting(
        1,
        ge=1,
        le=32,
        label="Repeat",
        help="How many of these in a row; only the first has the stride.",
        search=(1, 4),
    )


class ConvBlock(Block):
    """Convolution, normalization, activation: the everyday building block."""

    TITLE: ClassVar[str] = "Conv block"
    kind: Literal["conv_block"] = "conv_block"
    filters: int = filters()
    kernel_size: int = kernel_size()
    strides: int = strides()
    normalization: Normalization = normalization()
    activation: Function = activation()


class ResidualBlock(Block):
    """Two convolutions beside a shortcut, added together (He et al., 2015)."""

    TITLE: ClassVar[str] = "Residual block"
    kind: Literal["residual_block"] = "residual_block"
    filters: int = filters()
    kernel_size: int = kernel_size()
    strides: int = strides()
    normalization: Normalization = normalization()
    activation: Function = activation()


class Bottleneck(Block):
    """Narrow, convolve, widen again, beside a shortcut (He et al., 2015; stride as in v1.5)."""

    TITLE: ClassVar[str] = "Bottleneck"
    kind: Literal["bottleneck"] = "bottleneck"
    filters: int = filters(256)
    reduction: int = setting(
        4, ge=1, le=64, label="Reduction", help="How many times narrower the middle is.",
        search=(2, 8),
    )  # fmt: skip
    kernel_size: int = kernel_size()
    strides: int = strides()
    normalization: Normalization = normalization()
    activation: Function = activation()


class InvertedResidual(Block):
    """Widen, filter each channel, narrow again, beside a shortcut (Sandler et al., 2018)."""

    TITLE: ClassVar[str] = "Inverted residual"
    kind: Literal["inverted_residual"] = "inverted_residual"
    filters: int = filters(32)
    expansion: int = setting(
        6, ge=1, le=16, label="Expansion", help="How many times wider the middle is.", search=(2, 6)
    )
    kernel_size: int = kernel_size()
    strides: int = strides()
    normalization: Normalization = normalization()
    activation: Function = activation()


class SqueezeExcitation(LayerSpec):
    """Weighs each channel by what the whole image shows (Hu et al., 2017)."""

    TITLE: ClassVar[str] = "Squeeze and excitation"
    GROUP: ClassVar[Group] = "Blocks"
    kind: Literal["squeeze_excitation"] = "squeeze_excitation"
    reduction: int = setting(
        8,
        ge=1,
        le=64,
        label="Reduction",
        help="How many times fewer channels the middle has.",
        search=(4, 16),
    )


class DenseBlock(LayerSpec):
    """Each convolution sees all before it and adds a few channels (Huang et al., 2016)."""

    TITLE: ClassVar[str] = "Dense block"
    GROUP: ClassVar[Group] = "Blocks"
    kind: Literal["dense_block"] = "dense_block"
    repeat: int = setting(
        4, ge=1, le=32, label="Convolutions", help="How many, one after another.", search=(2, 6)
    )
    growth: int = setting(
        16,
        ge=1,
        le=512,
        label="Growth",
        help="Channels that each convolution adds.",
        search=(8, 32),
        log=True,
    )
    kernel_size: int = kernel_size()
    normalization: Normalization = normalization()
    activation: Function = activation()


class InceptionBlock(Block):
    """1 × 1, 3 × 3 and 5 × 5 convolutions and a pooling side by side (Szegedy et al., 2014)."""

    TITLE: ClassVar[str] = "Inception block"
    kind: Literal["inception_block"] = "inception_block"
    filters: int = filters(
        64,
        step=8,
        help="Channels that come out: a quarter 1 × 1, half 3 × 3, an eighth each 5 × 5 and pooled.",
    )
    normalization: Normalization = normalization()
    activation: Function = activation()
