"""Convolutions, and what changes the size of an image without learning."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from core.specs.layers.base import (
    Function,
    Group,
    LayerSpec,
    Padding,
    Weighted,
    activation,
    padding,
)
from core.specs.spec import setting


def filters(default: int = 32) -> Any:
    """The declaration of a number of filters."""
    return setting(
        default,
        ge=1,
        le=4096,
        label="Filters",
        help="Number of patterns to learn.",
        search=(16, 256),
        log=True,
    )


def kernel_size(default: int = 3) -> Any:
    """The declaration of a filter's size."""
    return setting(
        default,
        ge=1,
        le=31,
        label="Kernel size",
        help="Height and width of each filter, in pixels.",
        search=(1, 7),
    )


def strides() -> Any:
    """The declaration of a convolution's step."""
    return setting(1, ge=1, le=16, label="Stride", help="Step of the window; 2 halves the size.")


class Conv2D(Weighted):
    """Slides small filters over the image; each filter answers to one pattern."""

    GROUP: ClassVar[Group] = "Convolution"
    kind: Literal["conv2d"] = "conv2d"
    filters: int = filters()
    kernel_size: int = kernel_size()
    strides: int = strides()
    padding: Padding = padding()
    activation: Function = activation()


class FixedConv2D(Conv2D):
    """A convolution that training leaves as it is. Only Whitening makes it, see core.design.blocks."""


class Whitening(LayerSpec):
    """Splits images into their commonest patterns, all equally strong: computed, not learned."""

    GROUP: ClassVar[Group] = "Convolution"
    kind: Literal["whitening"] = "whitening"
    directions: int = setting(
        16,
        ge=1,
        le=512,
        label="Patterns",
        help="How many of the commonest; each gives two channels, itself and its negative.",
        search=(8, 27),
    )
    kernel_size: int = kernel_size()
    padding: Padding = padding("same")


class DepthwiseConv2D(Weighted):
    """Filters every channel on its own: far fewer sums than Conv2D, and no mixing of channels."""

    GROUP: ClassVar[Group] = "Convolution"
    kind: Literal["depthwise_conv2d"] = "depthwise_conv2d"
    kernel_size: int = kernel_size()
    strides: int = strides()
    padding: Padding = padding()
    depth_multiplier: int = setting(
        1, ge=1, le=16, label="Depth multiplier", help="Filters for each channel."
    )
    activation: Function = activation()


class SeparableConv2D(Weighted):
    """A depthwise convolution, then a 1 × 1 convolution that mixes the channels."""

    GROUP: ClassVar[Group] = "Convolution"
    kind: Literal["separable_conv2d"] = "separable_conv2d"
    filters: int = filters()
    kernel_size: int = kernel_size()
    strides: int = strides()
    padding: Padding = padding()
    depth_multiplier: int = setting(
        1,
        ge=1,
        le=16,
        label="Depth multiplier",
        help="Filters for each channel, before the mixing.",
    )
    activation: Function = activation()


class ZeroPadding2D(LayerSpec):
    """Adds a border of zeros around the image."""

    GROUP: ClassVar[Group] = "Size"
    kind: Literal["zero_padding2d"] = "zero_padding2d"
    padding: int = setting(
        1, ge=1, le=64, label="Border", help="Pixels added on each of the four sides."
    )


class UpSampling2D(LayerSpec):
    """Enlarges the image by repeating or blending its pixels."""

    GROUP: ClassVar[Group] = "Size"
    kind: Literal["up_sampling2d"] = "up_sampling2d"
    size: int = setting(2, ge=1, le=16, label="Factor", help="How many times higher and wider.")
    interpolation: Literal["nearest", "bilinear"] = setting(
        "nearest",
        label="Interpolation",
        help="nearest repeats each pixel; bilinear blends neighbours.",
    )
