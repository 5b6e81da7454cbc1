"""Blocks as the small functions that a person would write, each used for all cells that it fits."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from core.design.script.calls import Call, statement
from core.design.script.cells import Cell

_NAMES = {"dense_block": "dense_unit"}  # its function adds one convolution of the block
_PLAIN = str.maketrans({"×": "x", "–": "-"})  # signs that linters take for letters

Place = tuple[int, int]  # a layer of the cell, and one of its arguments


@dataclass(frozen=True)
class Function:
    """One function for several cells. What differs between them are its parameters."""

    name: str
    cells: tuple[Cell, ...]

    @cached_property
    def parameters(self) -> dict[Place, str]:
        """Which arguments of the layers are parameters of the function, by their names there."""
        first = self.cells[0]
        groups: dict[tuple[str, tuple[str, ...]], list[Place]] = defaultdict(list)
        for at, made in enumerate(first.calls):
            for which, argument in enumerate(made.arguments):
                values = [cell.calls[at].arguments[which].value for cell in self.cells]
                if len(set(values)) > 1:  # equal values belong to one parameter
                    groups[argument.name, tuple(values)].append((at, which))
        names: dict[Place, str] = {}
        for (argument_name, values_), places in groups.items():
            name = self._name(argument_name, values_, set(names.values()))
            names |= dict.fromkeys(places, name)
        settings = [*type(first.layer).settings(), *names.values()]  # the block's own come first
        return dict(sorted(names.items(), key=lambda item: settings.index(item[1])))

    def _name(self, argument: str, values: tuple[str, ...], taken: set[str]) -> str:
        """The block's setting that has these values, else a name after the layer's argument."""
        settings = type(self.cells[0].layer).settings()
        for setting in (*sorted(settings, key=lambda name: name != argument), "channels"):
            if setting not in taken and values == tuple(c.value(setting) for c in self.cells):
                return setting
        taken = taken.union(settings)
        choices = [argument, f"inner_{argument}", *(f"inner_{argument}_{n}" for n in range(2, 99))]
        return next(name for name in choices if name not in taken)

    def given(self, cell: Cell) -> tuple[str, ...]:
        """What it is called with for one of its cells, after x."""
        values = {
            name: cell.calls[at].arguments[which].value
            for (at, which), name in self.parameters.items()
        }
        return tuple(f"{name}={value}" for name, value in values.items())

    def lines(self) -> Iterator[str]:
        """Its source."""
        cell = self.cells[0]
        names = variables(cell)
        parameters = dict.fromkeys(self.parameters.values())
        yield from statement("def ", self.name, [names[-1], *parameters], ":", indent=0)
        yield f'    """{plain(inspect.getdoc(type(cell.layer)) or "").splitlines()[0]}"""'
        last = len(cell.calls) - 1
        for at, made in enumerate(cell.calls):
            start = "return " if at == last else f"{names[at]} = "
            told = list(self._told(at, made))
            yield from layer_lines(start, made, told, [names[n] for n in cell.sources[at]])

    def _told(self, at: int, made: Call) -> Iterator[str]:
        for which, argument in enumerate(made.arguments):
            name = self.parameters.get((at, which))
            if name is not None:
                yield name if argument.by_place else f"{argument.name}={name}"
            elif argument.value != argument.default:
                yield argument.text


def functions(cells: Iterable[Cell]) -> list[Function]:
    """Functions for the cells that are worth one: those with branches, and those that come again."""
    alike: dict[tuple[object, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.is_block:
            alike[cell.skeleton].append(cell)
    groups = [group for group in alike.values() if group[0].branches or len(group) > 1]
    kinds = [group[0].layer.KIND for group in groups]
    found: list[Function] = []
    for group, kind in zip(groups, kinds, strict=True):
        name = _NAMES.get(kind, kind)
        if kinds.count(kind) > 1:
            name += _difference(group)
        taken = {function.name for function in found}
        choices = [name, *(f"{name}_{number}" for number in range(2, len(taken) + 3))]
        name = next(choice for choice in choices if choice not in taken)
        found.append(Function(name, tuple(group)))
    return found


def variables(cell: Cell) -> dict[int, str]:
    """A name for what each layer makes, -1 for the cell's input: x where only the next one asks."""
    users: dict[int, set[int]] = defaultdict(set)
    for at, sources in enumerate(cell.sources):
        for source in sources:
            users[source].add(at)
    kept = [at for at in range(len(cell.steps)) if users[at] - {at + 1}]
    names = dict.fromkeys(range(-1, len(cell.steps)), "x")
    if users[-1] - {0}:
        names[-1] = "inputs"
    numbers = [""] if len(kept) == 1 else [f"_{number}" for number in range(1, len(kept) + 1)]
    return names | {at: f"branch{number}" for at, number in zip(kept, numbers, strict=True)}


def layer_lines(start: str, made: Call, told: list[str], inputs: list[str]) -> list[str]:
    """A layer put after its inputs, in the body of a function."""
    source = inputs[0] if len(inputs) == 1 else f"[{', '.join(inputs)}]"
    note = [f"    # {made.note}"] if made.note else []
    return note + statement(start, f"layers.{made.name}", told, f"({source})", indent=1)


def plain(text: str) -> str:
    """The text with ASCII's x and minus."""
    return text.translate(_PLAIN)


def _difference(group: list[Cell]) -> str:
    """What sets these cells apart from others of their kind, to be part of a name."""
    if all(getattr(cell.layer, "strides", 1) > 1 for cell in group):
        return "_down"
    return "_wider" if all(cell.nodes[-1].shape[-1] > cell.channels for cell in group) else ""
