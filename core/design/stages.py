"""The stages of a design, and the units that make them deep.

A stage is a run of layers between two changes of the resolution: by a stride, a pooling or an
enlargement. A unit is a convolution with the normalization, curve and dropout that follow it, or a
block. A design without convolutions is one stage, whose units are the dense layers before the
output. Layers that are switched off do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.design.analysis import Analysis, Row
from core.specs import (
    Activation,
    BatchNormalization,
    Block,
    Conv2D,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    GroupNormalization,
    InceptionBlock,
    LayerNormalization,
    LayerSpec,
    Pooling2D,
    SeparableConv2D,
    SpatialDropout2D,
    SqueezeExcitation,
    UpSampling2D,
)

_HEADS = (Conv2D, SeparableConv2D, DepthwiseConv2D, Dense, Block, DenseBlock)
_FOLLOWING = (
    BatchNormalization, LayerNormalization, GroupNormalization, Activation, Dropout,
    SpatialDropout2D, SqueezeExcitation,
)  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """Rows that belong together, one or more."""

    rows: tuple[Row, ...]

    @property
    def head(self) -> LayerSpec:
        """The convolution, the dense layer or the block."""
        return self.rows[0].layer

    @property
    def end(self) -> Row:
        """The last of its rows."""
        return self.rows[-1]

    @property
    def repeat(self) -> int:
        """How often a block is repeated, 0 for other units."""
        return self.head.repeat if isinstance(self.head, Block | DenseBlock) else 0

    @property
    def inside(self) -> int:
        """Channels that come in."""
        return (self.rows[0].input_shape or (0,))[-1]

    @property
    def outside(self) -> int:
        """Channels that go out."""
        return (self.end.output_shape or (0,))[-1]

    @property
    def looks(self) -> bool:
        """Whether it looks at neighbouring pixels, instead of only mixing channels."""
        sizes = [getattr(row.layer, "kernel_size", 1) for row in self.rows]
        return max(sizes) > 1 or isinstance(self.head, InceptionBlock)

    @property
    def copy(self) -> tuple[LayerSpec, ...]:
        """Its layers so changed that, put after it, they keep the size and the channels."""
        alone = not self.sets_width
        return tuple(_keeping(row.layer, alone) for row in self.rows)

    @property
    def keeps(self) -> bool:
        """Whether it keeps the size and, put after itself, the channels."""
        if self.repeat:
            return getattr(self.head, "strides", 1) == 1
        return self.copy == tuple(row.layer for row in self.rows)

    @property
    def sets_width(self) -> bool:
        """Whether as many channels go out however many come in."""
        return any(hasattr(row.layer, "filters") for row in self.rows)


def stages(analysis: Analysis) -> list[list[Unit]]:
    """The units of each stage, in order; of a design that fits."""
    found: list[list[list[Row]]] = [[]]
    dense: list[list[Row]] = []
    open_unit: list[Row] = []  # the unit that the next row may belong to
    for row in analysis.rows:
        if not row.nodes:
            continue
        layer = row.layer
        if _scale(layer) != 1:
            found.append([])
            open_unit = []
        if isinstance(layer, _HEADS) and not _completes(open_unit, layer):
            open_unit = [row]
            (dense if isinstance(layer, Dense) else found[-1]).append(open_unit)
            if isinstance(layer, Block | DenseBlock):
                open_unit = []  # it has its own normalizations and curves
        elif open_unit and isinstance(layer, (*_HEADS, *_FOLLOWING)):
            open_unit.append(row)
        else:
            open_unit = []
    units = [[Unit(tuple(rows)) for rows in stage] for stage in found if stage]
    return units or [[Unit(tuple(rows)) for rows in dense]]


def _scale(layer: LayerSpec) -> int:
    """How many times the layer changes the resolution."""
    if isinstance(layer, Pooling2D):
        return layer.strides or layer.pool_size
    return int(getattr(layer, "size" if isinstance(layer, UpSampling2D) else "strides", 1))


def _completes(unit: list[Row], layer: LayerSpec) -> bool:
    """Whether the layer mixes the channels that a depthwise convolution left apart."""
    return (
        bool(unit)
        and isinstance(unit[0].layer, DepthwiseConv2D)
        and not any(isinstance(row.layer, Conv2D) for row in unit)
        and isinstance(layer, Conv2D)
        and (layer.kernel_size, layer.strides) == (1, 1)
    )


def _keeping(layer: LayerSpec, alone: bool) -> LayerSpec:
    """The layer, so changed that it keeps the size; its channels too where it is `alone`."""
    changes: dict[str, object] = {}
    if isinstance(layer, Conv2D | SeparableConv2D | DepthwiseConv2D):
        changes = {"strides": 1}
        if layer.kernel_size > 1:
            changes["padding"] = "same"
        if isinstance(layer, DepthwiseConv2D) and alone:
            changes["depth_multiplier"] = 1
    return layer.changed(**changes) if changes else layer
