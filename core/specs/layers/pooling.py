"""Pooling: windows of an image, or all of it, brought to one number a channel."""

from __future__ import annotations

from typing import ClassVar, Literal

from core.specs.layers.base import Group, LayerSpec, Padding, padding
from core.specs.spec import setting


class Pooling2D(LayerSpec):
    """Base of the layers that pool windows."""

    GROUP: ClassVar[Group] = "Pooling"
    pool_size: int = setting(
        2, ge=1, le=32, label="Window", help="Height and width of the window, in pixels.",
        search=(2, 4),
    )  # fmt: skip
    strides: int | None = setting(
        None,
        ge=1,
        le=32,
        label="Stride",
        help="Step of the window; empty means as large as the window.",
        empty="Window",
    )
    padding: Padding = padding()


class MaxPooling2D(Pooling2D):
    """Keeps the largest value in each window and so shrinks the image."""

    kind: Literal["max_pooling2d"] = "max_pooling2d"


class AveragePooling2D(Pooling2D):
    """Averages each window and so shrinks the image."""

    kind: Literal["average_pooling2d"] = "average_pooling2d"


class GlobalPooling2D(LayerSpec):
    """Base of the layers that pool the whole image."""

    GROUP: ClassVar[Group] = "Pooling"


class GlobalAveragePooling2D(GlobalPooling2D):
    """Averages each channel over the whole image: one number a channel, at any image size."""

    kind: Literal["global_average_pooling2d"] = "global_average_pooling2d"


class GlobalMaxPooling2D(GlobalPooling2D):
    """Keeps each channel's largest value in the whole image: was the pattern anywhere?"""

    kind: Literal["global_max_pooling2d"] = "global_max_pooling2d"


class GlobalAverageMaxPooling2D(GlobalPooling2D):
    """Average and largest value of each channel, side by side: two numbers a channel."""

    kind: Literal["global_average_max_pooling2d"] = "global_average_max_pooling2d"
