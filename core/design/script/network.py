"""The part of a script that makes the network: a stack of layers, or blocks as functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from core.design.analysis import Row
from core.design.details import details
from core.design.script.calls import statement
from core.design.script.cells import Cell, cells
from core.design.script.functions import Function, functions, layer_lines, plain
from core.specs import Input

Parts = Sequence[tuple[Row, Sequence[Cell]]]

_INPUT = 'keras.Input((SIZE, SIZE, CHANNELS), dtype="uint8")'
_LOOP = 3  # a loop from so many equal lines on


def network(rows: Sequence[Row]) -> list[str]:
    """The sources of the functions that a design needs; the last one is build_model(classes).

    Layers are made in the order of core.design.build: the order decides their first weights.

    Args:
        rows: of a design that fits together.
    """
    parts = [(row, list(cells(row))) for row in rows]
    made = functions(cell for _, inside in parts for cell in inside)
    body = _functional(parts, made) if made else _sequential(parts)
    head = ["def build_model(classes):", '    """Bytes in, a probability for each class out."""']
    return ["\n".join(lines) for lines in (*(item.lines() for item in made), [*head, *body])]


def _sequential(parts: Parts) -> Iterator[str]:
    yield "    return keras.Sequential("
    yield "        ["
    yield f"            {_INPUT},"
    for row, inside in parts:
        yield from _comment(row, 3)
        for cell in inside:
            for made in cell.calls:
                if made.note:
                    yield f"            # {made.note}"
                yield from statement("", f"layers.{made.name}", made.told, ",", indent=3)
    yield "        ]"
    yield "    )"


def _functional(parts: Parts, made: Sequence[Function]) -> Iterator[str]:
    used = {id(cell): item for item in made for cell in item.cells}
    yield f"    inputs = {_INPUT}"
    for row, inside in parts:
        yield from _comment(row, 1)
        source = "inputs" if isinstance(row.layer, Input) else "x"
        for use, same in groupby(inside, lambda cell: _use(cell, used)):
            if use is None:
                for made_layer in (call for cell in same for call in cell.calls):
                    yield from layer_lines("x = ", made_layer, made_layer.told, [source])
            else:
                yield from _uses(*use, count=len(list(same)))
    yield "    return keras.Model(inputs, x)"


def _use(cell: Cell, used: Mapping[int, Function]) -> tuple[str, list[str]] | None:
    """The function that makes a cell, and what it is called with."""
    function = used.get(id(cell))
    return None if function is None else (function.name, ["x", *function.given(cell)])


def _uses(name: str, arguments: list[str], count: int) -> Iterator[str]:
    if count < _LOOP:
        yield from statement("x = ", name, arguments, "", indent=1) * count
    else:
        yield f"    for _ in range({count}):"
        yield from statement("x = ", name, arguments, "", indent=2)


def _comment(row: Row, indent: int) -> Iterator[str]:
    """What a block's row is, and what is switched off; other layers speak for themselves."""
    margin, words = "    " * indent, plain(details(row.layer))
    if not row.nodes:
        yield f"{margin}# switched off: {row.title}{f' ({words})' if words else ''}"
    elif row.layer.GROUP == "Blocks":
        yield f"{margin}# {row.title}: {words}"
