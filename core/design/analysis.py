"""A design, layer by layer, in pure Python: shapes, cost, reach, and what does not fit.

Nothing here raises because of the design itself: what is wrong is told on its layer, so that an
editor can go on. `table` is for those who need a whole design.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from core.design.blocks import INPUT, opened
from core.design.shapes import LIMIT, Effect, Shape, effect
from core.errors import SpecError
from core.specs import Backbone, Flatten, Input, LayerSpec, ModelSpec, Multiply, Output, Squeeze

_NEEDS_IMAGE = Squeeze()


@dataclass(frozen=True, slots=True)
class Node:
    """One layer as Keras will have it; a block's row has several.

    `reach` is the receptive field: height and width, in pixels of the image, of what one output
    value can depend on; None after a layer that takes in all of the image.
    """

    name: str  # unique in the design, also the Keras layer's name
    layer: LayerSpec
    inputs: tuple[str, ...]  # names of nodes; empty only for the Input
    shape: Shape
    parameters: int
    fixed: int
    macs: int
    reach: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One layer of the design. Without a shape, it or one before it does not fit."""

    number: int  # from 1
    name: str
    layer: LayerSpec
    input_shape: Shape | None
    output_shape: Shape | None
    nodes: tuple[Node, ...] = ()
    error: SpecError | None = None  # why this layer cannot be built

    @property
    def title(self) -> str:
        """The layer's name on screen."""
        return self.layer.TITLE

    @property
    def position(self) -> str:
        """How messages name it."""
        return f"Layer {self.number} ({self.title})"

    @property
    def parameters(self) -> int:
        """Numbers the layer learns or keeps."""
        return sum(node.parameters for node in self.nodes)

    @property
    def trainable(self) -> int:
        """Parameters that training changes by gradients."""
        return sum(node.parameters - node.fixed for node in self.nodes)

    @property
    def macs(self) -> int:
        """Multiply-adds for one image."""
        return sum(node.macs for node in self.nodes)

    @property
    def values(self) -> int:
        """Numbers that training keeps of one image for the way back. Flatten only renames them."""
        return sum(
            math.prod(node.shape) for node in self.nodes if not isinstance(node.layer, Flatten)
        )

    @property
    def reach(self) -> int | None:
        """The receptive field of its output, see Node."""
        return self.nodes[-1].reach if self.nodes else None


@dataclass(frozen=True)
class Analysis:
    """All rows of a design, for images of `shape` and `classes` classes."""

    model: ModelSpec
    shape: tuple[int, int, int]
    classes: int
    rows: tuple[Row, ...]
    nodes: tuple[Node, ...] = field(repr=False)

    @property
    def errors(self) -> list[Row]:
        """The rows that cannot be built."""
        return [row for row in self.rows if row.error is not None]

    @property
    def parameters(self) -> int:
        """Of all layers."""
        return sum(node.parameters for node in self.nodes)

    @property
    def trainable(self) -> int:
        """Of all layers, those that training changes by gradients."""
        return sum(node.parameters - node.fixed for node in self.nodes)

    @property
    def macs(self) -> int:
        """Multiply-adds for one image through all layers."""
        return sum(node.macs for node in self.nodes)

    @property
    def values(self) -> int:
        """Numbers that training keeps of one image."""
        return sum(row.values for row in self.rows)

    @property
    def reach(self) -> int:
        """Receptive field of the last layer that still has one: at least 1, in pixels."""
        return max((node.reach for node in self.nodes if node.reach is not None), default=1)


def analyse(model: ModelSpec, shape: tuple[int, int, int], classes: int) -> Analysis:
    """Go through the design from the input on. A layer that is switched off passes on its input.

    Args:
        shape: height, width and channels of the images.
    """
    walk = _Walk(shape, classes)
    rows = tuple(
        walk.row(number, name, layer)
        for number, (name, layer) in enumerate(
            zip(layer_names(model), model.layers, strict=True), start=1
        )
    )
    rows = _with_end(rows)
    return Analysis(model, shape, classes, rows, tuple(node for row in rows for node in row.nodes))


def table(model: ModelSpec, shape: tuple[int, int, int], classes: int) -> tuple[Row, ...]:
    """Every row of a design that fits together.

    Raises:
        SpecError: it does not; the message names the first layer that is wrong.
    """
    rows = analyse(model, shape, classes).rows
    for row in rows:
        if row.error is not None:
            raise row.error
    return rows


def layer_names(model: ModelSpec) -> list[str]:
    """A unique name for each layer: its kind and a count, conv2d_1, conv2d_2."""
    counts: dict[str, int] = {}
    names = []
    for layer in model.layers:
        counts[layer.KIND] = counts.get(layer.KIND, 0) + 1
        names.append(f"{layer.KIND}_{counts[layer.KIND]}")
    return names


@dataclass
class _Walk:
    """The state of going through a design: what the last layer left, and how far it reaches."""

    shape: tuple[int, int, int]
    classes: int

    def __post_init__(self) -> None:
        self.last: str | None = None
        self.current: Shape | None = self.shape
        self.places: dict[str, _Place] = {}
        self.ended = False
        self.scale = ""

    def row(self, number: int, name: str, layer: LayerSpec) -> Row:
        before = self.current
        if isinstance(layer, Input):
            self.scale = layer.scale
        if not layer.on and not isinstance(layer, Input | Output) and number > 1:
            return Row(number, name, layer, before, before)
        error = self._misplaced(number, layer)
        nodes: tuple[Node, ...] = ()
        if before is not None and error is None:
            try:
                nodes = tuple(self._nodes(name, layer, before))
            except SpecError as problem:
                error = _named(f"Layer {number} ({layer.TITLE})", problem)
        self.current = nodes[-1].shape if nodes else None
        return Row(number, name, layer, before, self.current, nodes, error)

    def _misplaced(self, number: int, layer: LayerSpec) -> SpecError | None:
        position = f"Layer {number} ({layer.TITLE})"
        if not layer.on and isinstance(layer, Input | Output):
            return SpecError(
                f"{position} cannot be switched off",
                expected=f"a design with its {layer.TITLE}",
                received="one that is switched off",
                remedy="Switch it on",
            )
        if (number == 1) != isinstance(layer, Input):
            return SpecError(
                f"{position} is not in its place",
                expected="Input as the first layer, and only there",
                received=f"Input as layer {number}" if number > 1 else f"{layer.TITLE} first",
                remedy="Remove it" if number > 1 else "Put Input first",
            )
        if self.ended:
            return SpecError(
                f"{position} comes after the Output",
                expected="Output as the last layer, and only there",
                received=f"{layer.TITLE} behind it",
                remedy="Remove it, or move it before the Output",
            )
        self.ended = isinstance(layer, Output)
        return self._unfed(position, number) if isinstance(layer, Backbone) else None

    def _unfed(self, position: str, number: int) -> SpecError | None:
        """Why a backbone does not get the pixels that it scales itself."""
        if number != 2:
            return SpecError(
                f"{position} is not in its place",
                expected="a pretrained network as layer 2, right after the Input",
                received=f"it as layer {number}",
                remedy="Move it up to the Input, or remove it",
            )
        if self.scale != "0 to 255":
            return SpecError(
                f"{position} scales the pixels itself",
                expected="an Input whose Scale is 0 to 255, as they are",
                received=f"one whose Scale is {self.scale}",
                remedy="Set the Input's Scale to 0 to 255",
            )
        return None

    def _nodes(self, row: str, layer: LayerSpec, before: Shape) -> Iterator[Node]:
        if layer.GROUP == "Blocks" and len(before) != 3:
            effect(_NEEDS_IMAGE, (before,), self.classes)
        names = {INPUT: self.last}
        for part in opened(_plain(layer), before[-1]):
            name = f"{row}_{part.name}" if part.name else row
            inputs = tuple(source for key in part.inputs if (source := names[key]) is not None)
            arriving = [self.places[source] for source in inputs] or [_Place(before)]
            made = effect(part.layer, tuple(place.shape for place in arriving), self.classes)
            if max(math.prod(made.shape), made.parameters) > LIMIT:
                raise SpecError(
                    "grows beyond all measure",
                    expected=f"at most {LIMIT:,} values and parameters",
                    received=f"{math.prod(made.shape):,} values, {made.parameters:,} parameters",
                    remedy="Make it, or what comes before it, smaller",
                )
            if isinstance(part.layer, Multiply):  # its weights see all, but say nothing of where
                arriving = arriving[:1]
            place = self.places[name] = _after(made, arriving)
            names[part.name] = self.last = name
            yield Node(
                name,
                part.layer,
                inputs,
                made.shape,
                made.parameters,
                made.fixed,
                made.macs,
                place.pixels,
            )


@dataclass(frozen=True, slots=True)
class _Place:
    """What a layer leaves: its shape, and how far neighbouring values of it reach back."""

    shape: Shape
    reach: int | None = 1  # of one value, in pixels of the image, or of the last enlarged one
    step: int = 1  # how many such pixels the next value is further on
    enlarged: tuple[tuple[int, int, int], ...] = ()  # reach and step before, and times larger

    @property
    def pixels(self) -> int | None:
        """The reach in pixels of the image. Enlarged pixels come in groups, so it is not linear."""
        pixels = self.reach
        for reach, step, times in reversed(self.enlarged):
            if pixels is not None:
                pixels = reach + -(-(pixels - 1) // times) * step
        return pixels


def _after(made: Effect, arriving: list[_Place]) -> _Place:
    """Reach and step after a layer (Araujo et al., Computing receptive fields, Distill 2019)."""
    first, step = arriving[0], max(place.step for place in arriving)
    reaches = [place.reach for place in arriving if place.reach is not None]
    if made.window == 0 or len(reaches) < len(arriving):
        return _Place(made.shape, None)
    reach = max(reaches) + (made.window - 1) * step
    if made.enlarges > 1:
        return _Place(made.shape, enlarged=(*first.enlarged, (reach, step, made.enlarges)))
    return _Place(made.shape, reach, step * made.step, first.enlarged)


def _with_end(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Tell the last layer that it ought to be the output."""
    last = rows[-1]
    if any(isinstance(row.layer, Output) for row in rows) or last.error is not None:
        return rows
    error = SpecError(
        f"{last.position} is the last one, and there is no Output yet",
        expected="Output as the last layer: it gives a probability for each class",
        received=f"{last.title} last",
        remedy="Add Output at the end",
    )
    ended = Row(
        last.number, last.name, last.layer, last.input_shape, last.output_shape, last.nodes, error
    )
    return (*rows[:-1], ended)


def _named(position: str, error: SpecError) -> SpecError:
    return SpecError(
        f"{position} {error.what}",
        expected=error.expected,
        received=error.received,
        remedy=error.remedy,
    )


@lru_cache(maxsize=4096)
def _plain(layer: LayerSpec) -> LayerSpec:
    """The layer without its marks for the tuner, so that equal layers are opened once."""
    return layer.model_copy(update={"vary": ()}) if layer.vary else layer
