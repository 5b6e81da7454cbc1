"""What is wrong with a design, and what could be better, said on the layer and with a remedy.

Errors keep a design from being trained. Advice does not: it names what usually makes training
slower or worse, and why. Most remedies come as an edit that can be made with one click.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from core import words
from core.design import edits
from core.design.analysis import Analysis, Row
from core.design.edits import Edit
from core.design.remedies import remedy
from core.specs import (
    Activation,
    BatchNormalization,
    Block,
    Conv2D,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAverageMaxPooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalPooling2D,
    GroupNormalization,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Output,
    SeparableConv2D,
    SqueezeExcitation,
    Whitening,
)
from core.specs.spec import bounds

Curved = Conv2D | DepthwiseConv2D | SeparableConv2D | Dense

_HEAVY = 0.95  # share of all parameters that one dense layer should not hold
_SMALL = 100_000  # parameters; below it nobody minds where they are
_OBJECT = 0.5  # share of the image's height that an object often fills
UNSURE = 1.2  # an estimate of memory may be that many times too high
_NARROW = 8  # times narrower than what is around it
_BENDS = (  # whatever came before: a maximum, a division by the deviation, a curve of its own
    Activation,
    MaxPooling2D,
    GlobalMaxPooling2D,
    GlobalAverageMaxPooling2D,
    LayerNormalization,
    GroupNormalization,
    DenseBlock,
    SqueezeExcitation,
)


@dataclass(frozen=True)
class Finding:
    """One thing to know about the layer `number` (from 1)."""

    number: int
    level: Literal["error", "advice"]
    words: str  # what is so, and why it matters
    remedy: str
    label: str = ""  # of the button that makes `edit`
    edit: Edit | None = None


def findings(
    analysis: Analysis, *, needed: int | None = None, memory: int | None = None
) -> list[Finding]:
    """Everything to be said of a design, in the order of its layers.

    Args:
        needed: bytes that training it takes.
        memory: bytes that this machine has.
    """
    found = [_of_error(analysis, row) for row in analysis.errors]
    for rule in (
        _softmax_twice,
        _idle,
        _late_normalization,
        _straight,
        _narrow,
        _heavy,
        _reach,
        _late_whitening,
    ):
        found += rule(analysis)
    if needed is not None and memory is not None and analysis.rows:
        found += _memory(analysis, needed, memory)
    return sorted(found, key=lambda item: (item.number, item.level != "error"))


def _of_error(analysis: Analysis, row: Row) -> Finding:
    error = row.error
    assert error is not None
    label, edit = remedy(analysis, row)
    says = f"{error.what}. Expected {error.expected}; received {error.received}."
    return Finding(row.number, "error", says, f"{error.remedy}.", label, edit)


def _inside(row: Row) -> str:
    """How a row is named inside of a sentence."""
    return f"layer {row.number} ({row.title})"


def _working(analysis: Analysis) -> list[Row]:
    """The rows that do something."""
    return [row for row in analysis.rows if row.nodes]


def _softmax_twice(analysis: Analysis) -> Iterator[Finding]:
    rows = [row for row in _working(analysis) if not isinstance(row.layer, Dropout)]
    for row, following in pairwise(rows):
        layer = row.layer
        if not isinstance(following.layer, Output):
            continue
        at = row.number - 1
        edit: Edit | None = None
        if isinstance(layer, Dense) and layer.activation == "softmax":
            if layer.units == analysis.classes:
                label = "Remove it"
                edit = _removing(at)
            else:
                label = "Use relu"
                edit = _replacing(at, layer.changed(activation="relu"))
        elif isinstance(layer, Activation) and layer.function == "softmax":
            label = "Remove it"
            edit = _removing(at)
        if edit is not None:
            yield Finding(
                row.number,
                "error",
                f"{row.position} applies softmax, and the Output after it does so again: the "
                "probabilities come out nearly equal, and training hardly moves.",
                "Leave softmax to the Output.",
                label,
                edit,
            )


def _idle(analysis: Analysis) -> Iterator[Finding]:
    """A Flatten of what is flat already, left behind where another was put before it."""
    for row in _working(analysis):
        if isinstance(row.layer, Flatten) and len(row.input_shape or ()) == 1:
            yield Finding(
                row.number,
                "advice",
                f"{row.position} changes nothing: what comes in is flat already.",
                "Remove it.",
                "Remove it",
                _removing(row.number - 1),
            )


def _late_normalization(analysis: Analysis) -> Iterator[Finding]:
    rows = _working(analysis)
    for row, following in pairwise(rows):
        if not isinstance(following.layer, BatchNormalization):
            continue
        layer, at = row.layer, row.number - 1
        if isinstance(layer, Activation) and layer.function not in ("linear", "softmax"):
            edit = _moving(following.number - 1, at)
        elif isinstance(layer, Curved) and layer.activation not in ("linear", "softmax"):
            edit = _splitting(at, following.number - 1, layer)
        else:
            continue
        yield Finding(
            following.number,
            "advice",
            f"{following.position} comes after an activation. Before it, half of the values are "
            "not yet cut off, and training is usually steadier.",
            "Normalize first, then activate.",
            "Swap them",
            edit,
        )


def _late_whitening(analysis: Analysis) -> Iterator[Finding]:
    learned = False
    for row in _working(analysis):
        if learned and isinstance(row.layer, Whitening):
            yield Finding(
                row.number,
                "advice",
                f"{row.position} comes after layers that learn. It is computed before they have "
                "learned anything, and then stays as it is.",
                "Put it right after the Input.",
                "Move it there",
                _moving(row.number - 1, 1),
            )
        learned = learned or row.trainable > 0


def _straight(analysis: Analysis) -> Iterator[Finding]:
    """Two sums in a row without a curve between them are no more than one sum."""
    straight: Row | None = None
    averaged = False  # over all of the image, since then
    for row in _working(analysis):
        layer = row.layer
        learns = isinstance(layer, Curved | Block | Output)
        # of a mean of all, the Output makes the usual linear classifier
        usual = averaged and isinstance(layer, Output)
        if learns and straight is not None and not usual and not isinstance(layer, DepthwiseConv2D):
            before = straight.layer
            yield Finding(
                straight.number,
                "advice",
                f"{straight.position} and {_inside(row)} have no curve between them: "
                "together they can do no more than one of them.",
                "Give it an activation.",
                "Use relu",
                _replacing(straight.number - 1, before.changed(activation="relu")),
            )
        if learns:
            plain = isinstance(layer, Conv2D | SeparableConv2D | Dense)
            straight = row if plain and getattr(layer, "activation", "") == "linear" else None
            averaged = False
        elif isinstance(layer, _BENDS) and getattr(layer, "function", "") != "linear":
            straight = None
        elif isinstance(layer, GlobalAveragePooling2D):
            averaged = True


def _narrow(analysis: Analysis) -> Iterator[Finding]:
    """A layer so narrow that what came before cannot get through."""
    rows = [
        row
        for row in _working(analysis)
        if isinstance(row.layer, Conv2D | SeparableConv2D | Dense | Output)
    ]
    for index, row in enumerate(rows[:-1]):
        layer = row.layer
        width = (row.output_shape or (0,))[-1]
        after = (rows[index + 1].output_shape or (0,))[-1]
        before = (rows[index - 1].output_shape or (0,))[-1] if index else width
        if isinstance(layer, Dense) and width < analysis.classes:
            wanted = 2 ** math.ceil(math.log2(2 * analysis.classes))
            says = f"{row.position} has fewer units than there are classes ({analysis.classes})"
        elif isinstance(layer, Conv2D | SeparableConv2D) and width * _NARROW <= min(before, after):
            wanted = min(before, after) // 2
            says = f"{row.position} is {min(before, after) // width} times narrower than its neighbours"
        else:
            continue
        setting = "units" if isinstance(layer, Dense) else "filters"
        most = int(bounds(type(layer).model_fields[setting])[1] or wanted)
        # with more classes than a layer can have units, no width is enough
        enough = not isinstance(layer, Dense) or most >= analysis.classes
        wanted = min(wanted, most)
        yield Finding(
            row.number,
            "advice",
            f"{says}: what it cannot pass on is lost to all that follows.",
            f"Give it more {setting}.",
            f"Use {wanted:,} {setting}" if enough else "",
            _replacing(row.number - 1, layer.changed(**{setting: wanted})) if enough else None,
        )


def _heavy(analysis: Analysis) -> Iterator[Finding]:
    total = analysis.parameters
    if total < _SMALL:
        return
    rows = _working(analysis)
    if not any(isinstance(row.layer, Curved | Block) and row.reach for row in rows):
        return  # dense layers only: there is nothing to average
    for row in rows:
        share = row.parameters / total
        if isinstance(row.layer, Dense | Output) and share >= _HEAVY:
            flat = [
                item
                for item in rows
                if isinstance(item.layer, Flatten) and item.number < row.number
            ]
            edit = _replacing(flat[-1].number - 1, GlobalAveragePooling2D()) if flat else None
            yield Finding(
                row.number,
                "advice",
                f"{row.position} holds {share:.0%} of all parameters. It learns training images by "
                "heart sooner than the convolutions learn to see.",
                "Shrink the image further before Flatten, or average it instead.",
                "Use global average pooling instead of Flatten" if edit else "",
                edit,
            )


def _reach(analysis: Analysis) -> Iterator[Finding]:
    """Before a global pooling, the parts that it averages ought to have seen whole objects."""
    rows = _working(analysis)
    for row, following in pairwise(rows):
        if isinstance(following.layer, GlobalPooling2D) and row.reach is not None:
            wanted = _OBJECT * analysis.shape[0]
            if row.reach < wanted:
                yield Finding(
                    row.number,
                    "advice",
                    f"After {_inside(row)} each value has seen {row.reach} × {row.reach} of "
                    f"the {analysis.shape[0]} × {analysis.shape[1]} pixels. An object that fills "
                    "half of the image is never seen whole.",
                    "Add convolutions or a pooling before it.",
                )


def _memory(analysis: Analysis, needed: int, memory: int) -> Iterator[Finding]:
    if needed < 0.8 * memory:
        return
    heaviest = max(analysis.rows, key=lambda row: row.values + row.parameters)
    yield Finding(
        heaviest.number,
        "error" if needed > UNSURE * memory else "advice",
        f"Training this design takes about {words.size(needed)}, "
        f"{'nearly all of' if needed < memory else 'more than'} the {words.size(memory)} of this machine; "
        f"{_inside(heaviest)} takes most of it.",
        "Use a smaller batch size or working size, or fewer filters.",
    )


def _removing(position: int) -> Edit:
    return lambda model: edits.remove(model, position)


def _moving(start: int, end: int) -> Edit:
    return lambda model: edits.move(model, start, end)


def _replacing(position: int, layer: LayerSpec) -> Edit:
    return lambda model: edits.replace(model, position, layer)


def _splitting(position: int, after: int, layer: Curved) -> Edit:
    """Take a layer's activation out and put it behind the normalization."""

    def edit(model: ModelSpec) -> ModelSpec:
        added = edits.add(model, after + 1, Activation(function=layer.activation))
        if added == model:  # there is no room: better no change than a lost activation
            return model
        return edits.replace(added, position, layer.changed(activation="linear"))

    return edit
