"""A pretrained network as blocks one after the other, between which it can be cut."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import keras

STEM, HEAD = "stem", "head"
# how EfficientNet-Lite and the networks of Keras Applications begin the names of a block's layers
_NAMES = re.compile(
    r"(block_?\d+[a-z]?|expanded_conv(?:_\d+)?|conv\d+_block\d+|\w*stage_\d+_block_\d+)_"
    r"|conv_(?:dw|pw)(_\d+)"
)


@dataclass(frozen=True)
class Block:
    """Layers whose last output is all of the image that those behind them see.

    Attributes:
        layers: in their order; operations that are no layers are left out.
        output: the symbolic tensor of it, in the network that was asked for its blocks.
        last: name of the operation that makes it.
    """

    name: str
    layers: tuple[keras.Layer, ...]
    output: Any
    last: str

    @property
    def parameters(self) -> int:
        """Of all its layers."""
        return sum(int(layer.count_params()) for layer in self.layers)


def blocks(network: keras.Model) -> tuple[Block, ...]:
    """The blocks of a network from one input to one output, in their order.

    What comes before the first that has a name of its own is its stem, what comes behind the last its
    head. A network without such names has a block for each layer that has a kernel.

    Args:
        network: none of it has been part of another model.
    """
    operations = [one for one in network.operations if not isinstance(one, keras.layers.InputLayer)]
    names = _names(operations)
    found: list[Block] = []
    start = 0
    for place in _ends(operations):
        if place + 1 < len(names) and names[place] == names[place + 1]:
            continue
        layers = [one for one in operations[start : place + 1] if isinstance(one, keras.Layer)]
        found.append(
            Block(
                names[start], tuple(layers), operations[place].output, str(operations[place].name)
            )
        )
        start = place + 1
    return tuple(found)


def _names(operations: list[Any]) -> list[str]:
    """The block of each operation."""
    matches = [_NAMES.match(str(one.name)) for one in operations]
    told = [(found[1] or f"block{found[2]}") if found else "" for found in matches]
    if not any(told):
        told = [str(one.name) if _has_kernel(one) else "" for one in operations]
        told = _filled(told, len(told))
    places = [place for place, name in enumerate(told) if name]
    told = _filled(told, places[-1] if places else 0)
    return [name or (STEM if place < places[0] else HEAD) for place, name in enumerate(told)]


def _has_kernel(operation: Any) -> bool:
    return hasattr(operation, "kernel") or hasattr(operation, "pointwise_kernel")


def _filled(names: list[str], end: int) -> list[str]:
    """What has no name, up to some place, is part of what it comes behind."""
    made = list(names)
    for place in range(1, end):
        made[place] = made[place] or made[place - 1]
    return made


def _ends(operations: list[Any]) -> list[int]:
    """Places of the operations whose output is all that those behind them use."""
    made_at = {id(one.output): place for place, one in enumerate(operations)}
    used_last = list(range(len(operations)))
    for place, one in enumerate(operations):
        for tensor in keras.tree.flatten(one.input):
            if id(tensor) in made_at:  # else it is the network's input
                used_last[made_at[id(tensor)]] = place
    found, reach = [], -1
    for place, last in enumerate(used_last):
        if reach <= place:
            found.append(place)
        reach = max(reach, last)
    return found
