"""Blocks, and other rows that are made of simpler layers, opened up into these.

Shapes, costs, the Keras model, the script and the picture all read this one expansion, so they
cannot disagree. Blocks keep the size of the image but for their stride.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, singledispatch

from core.design.shapes import fitting_groups
from core.specs import (
    Activation,
    Add,
    BatchNormalization,
    Bottleneck,
    Concatenate,
    Conv2D,
    ConvBlock,
    DenseBlock,
    DepthwiseConv2D,
    FixedConv2D,
    GlobalAverageMaxPooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    InceptionBlock,
    InvertedResidual,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    Multiply,
    ResidualBlock,
    Squeeze,
    SqueezeExcitation,
    Whitening,
)
from core.specs.layers.base import Function

INPUT = ""  # the name, inside a block, of what the block gets


@dataclass(frozen=True, slots=True)
class Part:
    """One layer of an opened block; `inputs` names other parts, or INPUT."""

    name: str
    layer: LayerSpec
    inputs: tuple[str, ...]


@lru_cache(maxsize=4096)
def opened(layer: LayerSpec, channels: int) -> tuple[Part, ...]:
    """The layers that a row of a design stands for, in order; the last one's output is the row's.

    Args:
        channels: of the image that comes in; a shortcut has to know it.
    """
    pen = _Pen(channels)
    _draw(layer, pen)
    return tuple(pen.parts)


class _Pen:
    """Writes down a block part by part; remembers where it is and how many channels are there."""

    def __init__(self, channels: int) -> None:
        self.parts: list[Part] = []
        self.at = INPUT
        self.channels = channels
        self._names: dict[str, int] = {}

    def add(self, name: str, layer: LayerSpec, *inputs: str, channels: int | None = None) -> str:
        """Put a layer after `inputs`, or after the last one; returns its name."""
        count = self._names[name] = self._names.get(name, 0) + 1
        self.at, inputs = f"{name}_{count}", inputs or (self.at,)
        self.channels = self.channels if channels is None else channels
        self.parts.append(Part(self.at, layer, inputs))
        return self.at

    def conv(
        self, filters: int, kernel_size: int, strides: int = 1, *, bias: bool, activation: Function
    ) -> str:
        """A convolution that keeps the size but for its stride.

        Without validation: the middle of a block may be wider than a single layer is offered.
        """
        layer = Conv2D.model_construct(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding="same",
            use_bias=bias,
            activation=activation,
        )
        return self.add("conv", layer, channels=filters)

    def normalize(self, kind: str) -> str:
        """The normalization of that kind, or nothing."""
        if kind == "batch":
            return self.add("norm", BatchNormalization())
        if kind == "layer":
            return self.add("norm", LayerNormalization())
        if kind == "group":
            groups = fitting_groups(self.channels, 8)
            return self.add("norm", GroupNormalization(groups=groups))
        return self.at

    def activate(self, function: Function) -> str:
        """A curve, unless it is a straight line."""
        if function == "linear":
            return self.at
        return self.add("act", Activation(function=function))

    def unit(
        self, filters: int, kernel_size: int, strides: int, normalization: str, activation: Function
    ) -> str:
        """Convolution, normalization, activation. A normalization brings its own bias."""
        self.conv(filters, kernel_size, strides, bias=normalization == "none", activation="linear")
        self.normalize(normalization)
        return self.activate(activation)

    def shortcut(self, start: str, channels: int, strides: int, normalization: str) -> str:
        """What is added to a branch that began at `start`: the input, reshaped where it must be."""
        if strides == 1 and channels == self.channels:
            return start
        self.at, end = start, self.channels
        return self.unit(end, 1, strides, normalization, "linear")


def _strides(first: int, repeat: int) -> Iterator[int]:
    yield first
    yield from (1 for _ in range(repeat - 1))


@singledispatch
def _draw(layer: LayerSpec, pen: _Pen) -> None:
    """A layer that is no block stands for itself."""
    pen.parts.append(Part("", layer, (INPUT,)))


@_draw.register
def _(layer: Whitening, pen: _Pen) -> None:
    # there are as many directions as numbers in a patch, and no more
    directions = min(layer.directions, layer.kernel_size**2 * pen.channels)
    made = FixedConv2D.model_construct(
        filters=2 * directions,
        kernel_size=layer.kernel_size,
        padding=layer.padding,
        use_bias=False,
        activation="linear",
    )
    pen.parts.append(Part("", made, (INPUT,)))


@_draw.register(GlobalAverageMaxPooling2D)
def _both(_: LayerSpec, pen: _Pen) -> None:
    start = pen.at
    average = pen.add("average", GlobalAveragePooling2D(), start)
    largest = pen.add("max", GlobalMaxPooling2D(), start)
    pen.add("concat", Concatenate(), average, largest, channels=2 * pen.channels)


@_draw.register
def _(layer: ConvBlock, pen: _Pen) -> None:
    for strides in _strides(layer.strides, layer.repeat):
        pen.unit(layer.filters, layer.kernel_size, strides, layer.normalization, layer.activation)


@_draw.register
def _(layer: ResidualBlock, pen: _Pen) -> None:
    for strides in _strides(layer.strides, layer.repeat):
        start, channels = pen.at, pen.channels
        pen.unit(layer.filters, layer.kernel_size, strides, layer.normalization, layer.activation)
        branch = pen.unit(layer.filters, layer.kernel_size, 1, layer.normalization, "linear")
        shortcut = pen.shortcut(start, channels, strides, layer.normalization)
        pen.add("add", Add(), branch, shortcut)
        pen.activate(layer.activation)


@_draw.register
def _(layer: Bottleneck, pen: _Pen) -> None:
    narrow = max(1, layer.filters // layer.reduction)
    for strides in _strides(layer.strides, layer.repeat):
        start, channels = pen.at, pen.channels
        pen.unit(narrow, 1, 1, layer.normalization, layer.activation)
        pen.unit(narrow, layer.kernel_size, strides, layer.normalization, layer.activation)
        branch = pen.unit(layer.filters, 1, 1, layer.normalization, "linear")
        shortcut = pen.shortcut(start, channels, strides, layer.normalization)
        pen.add("add", Add(), branch, shortcut)
        pen.activate(layer.activation)


@_draw.register
def _(layer: InvertedResidual, pen: _Pen) -> None:
    for strides in _strides(layer.strides, layer.repeat):
        start, channels = pen.at, pen.channels
        if layer.expansion > 1:
            pen.unit(channels * layer.expansion, 1, 1, layer.normalization, layer.activation)
        depthwise = DepthwiseConv2D.model_construct(
            kernel_size=layer.kernel_size,
            strides=strides,
            padding="same",
            use_bias=layer.normalization == "none",
            activation="linear",
        )
        pen.add("depthwise", depthwise)
        pen.normalize(layer.normalization)
        pen.activate(layer.activation)
        branch = pen.unit(layer.filters, 1, 1, layer.normalization, "linear")
        if strides == 1 and channels == layer.filters:
            pen.add("add", Add(), branch, start)


@_draw.register
def _(layer: SqueezeExcitation, pen: _Pen) -> None:
    start, channels = pen.at, pen.channels
    pen.add("squeeze", Squeeze())
    pen.conv(max(1, channels // layer.reduction), 1, bias=True, activation="relu")
    weights = pen.conv(channels, 1, bias=True, activation="sigmoid")
    pen.add("multiply", Multiply(), start, weights)


@_draw.register
def _(layer: DenseBlock, pen: _Pen) -> None:
    for _ in range(layer.repeat):
        before, channels = pen.at, pen.channels
        pen.normalize(layer.normalization)
        pen.activate(layer.activation)
        bias = layer.normalization == "none"
        new = pen.conv(layer.growth, layer.kernel_size, bias=bias, activation="linear")
        pen.add("concat", Concatenate(), before, new, channels=channels + layer.growth)


@_draw.register
def _(layer: InceptionBlock, pen: _Pen) -> None:
    eighth = layer.filters // 8
    widths = (layer.filters - 6 * eighth, 4 * eighth, eighth, eighth)  # they add up to filters

    def unit(filters: int, kernel_size: int) -> str:
        return pen.unit(filters, kernel_size, 1, layer.normalization, layer.activation)

    for _ in range(layer.repeat):
        start, channels = pen.at, pen.channels
        ends = [unit(widths[0], 1)]
        for width, kernel_size in ((widths[1], 3), (widths[2], 5)):
            pen.at, pen.channels = start, channels
            unit(max(1, width // 2), 1)
            ends.append(unit(width, kernel_size))
        pen.at, pen.channels = start, channels
        pen.add("pool", MaxPooling2D(pool_size=3, strides=1, padding="same"))
        ends.append(unit(widths[3], 1))
        pen.add("concat", Concatenate(), *ends, channels=layer.filters)
