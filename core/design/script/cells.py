"""The rows of a design cut into cells: single layers, and blocks one repetition at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from core.design.analysis import Node, Row
from core.design.blocks import opened
from core.design.picking import picked
from core.design.script.calls import Call, call, literal
from core.specs import LayerSpec

# why there is a pooling of one pixel, see core.design.picking
_PICKING = "picks pixels: a stride in the 1 x 1 convolution could crash TensorFlow on a CPU"


@dataclass(frozen=True)
class Cell:
    """One layer of a design, or one repetition of a block."""

    layer: LayerSpec  # the row's, not repeated
    channels: int  # that come in
    nodes: tuple[Node, ...]

    @property
    def is_block(self) -> bool:
        """Whether it stands for several layers."""
        return self.layer.GROUP == "Blocks" or len(self.nodes) > 1

    @cached_property
    def steps(self) -> tuple[tuple[Call, tuple[int, ...]], ...]:
        """The calls that make its layers, and which earlier ones feed each; -1 is the input."""
        found: list[tuple[Call, tuple[int, ...]]] = []
        places: dict[str, int] = {}
        channels = {-1: self.channels}
        for node in self.nodes:
            sources = tuple(places.get(name, -1) for name in node.inputs) or (-1,)
            *before, layer = picked(node.layer, channels[sources[0]])
            for pick in before:
                found.append((replace(call(pick), note=_PICKING), sources))
                sources = (len(found) - 1,)
            found.append((call(layer), sources))
            places[node.name] = len(found) - 1
            channels[len(found) - 1] = node.shape[-1]
        return tuple(found)

    @property
    def calls(self) -> tuple[Call, ...]:
        """How its layers are made, in order."""
        return tuple(made for made, _ in self.steps)

    @property
    def sources(self) -> tuple[tuple[int, ...], ...]:
        """For each of its layers, which of them it takes its inputs from; -1 is the cell's input."""
        return tuple(sources for _, sources in self.steps)

    @property
    def branches(self) -> bool:
        """Whether it is more than one layer after another."""
        return any(found != (place - 1,) for place, found in enumerate(self.sources))

    @property
    def skeleton(self) -> tuple[object, ...]:
        """All but the values of its settings: cells with the same one can share a function."""
        calls = tuple(
            (made.name, tuple(item.name for item in made.arguments)) for made in self.calls
        )
        return (self.layer.KIND, calls, self.sources)

    def value(self, setting: str) -> str:
        """A setting of the block, or its number of channels, as Python source."""
        if setting == "channels":
            return literal(self.channels)
        return literal(getattr(self.layer, setting))


def cells(row: Row) -> Iterator[Cell]:
    """The cells of a row, in order; none where it is switched off."""
    if not row.nodes or row.input_shape is None:
        return
    channels, nodes = row.input_shape[-1], row.nodes
    for layer in _repetitions(row.layer):
        count = len(opened(layer, channels))
        yield Cell(layer, channels, nodes[:count])
        channels, nodes = nodes[count - 1].shape[-1], nodes[count:]


def _repetitions(layer: LayerSpec) -> Iterator[LayerSpec]:
    """A repeated block as single ones, of which only the first has the stride."""
    repeat = getattr(layer, "repeat", 1)
    once = layer.model_copy(update={"repeat": 1}) if repeat > 1 else layer
    yield once
    if repeat > 1:
        rest = once.model_copy(update={"strides": 1}) if hasattr(once, "strides") else once
        yield from [rest] * (repeat - 1)
