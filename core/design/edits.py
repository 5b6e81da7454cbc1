"""Changes of a design, one gesture each: add, move, duplicate, switch off, remove, replace.

All take a design and give another. Positions count from 0. What makes no sense, such as moving a
layer above the Input, gives the design back as it is, so that an editor need not ask first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.specs import Input, LayerSpec, ModelSpec, Output
from core.specs.model import MOST_LAYERS

Edit = Callable[[ModelSpec], ModelSpec]


def empty(name: str = "my-design") -> ModelSpec:
    """Where building from nothing begins."""
    return ModelSpec(name=name, layers=(Input(),))


def add(model: ModelSpec, position: int, *layers: LayerSpec) -> ModelSpec:
    """Put layers in, so that the first of them stands at `position`."""
    if len(model.layers) + len(layers) > MOST_LAYERS:
        return model
    at = min(max(position, _first(model)), len(model.layers))
    return _with(model, (*model.layers[:at], *layers, *model.layers[at:]))


def move(model: ModelSpec, start: int, end: int) -> ModelSpec:
    """Take the layer at `start` and put it where it then stands at `end`."""
    if not can_move(model, start, end):
        return model
    layers = list(model.layers)
    layers.insert(end, layers.pop(start))
    return _with(model, layers)


def can_move(model: ModelSpec, start: int, end: int) -> bool:
    """Whether a layer may go there: the Input stays on top."""
    places = range(_first(model), len(model.layers))
    return start in places and end in places and start != end


def duplicate(model: ModelSpec, position: int) -> ModelSpec:
    """The same layer once more, below itself."""
    if not _there(model, position) or isinstance(model.layers[position], Input | Output):
        return model
    return add(model, position + 1, model.layers[position])


def switch(model: ModelSpec, position: int) -> ModelSpec:
    """Switch a layer off, or on again."""
    if not _there(model, position):
        return model
    layer = model.layers[position]
    if layer.on and isinstance(layer, Input | Output):
        return model
    return replace(model, position, layer.model_copy(update={"on": not layer.on}))


def remove(model: ModelSpec, position: int) -> ModelSpec:
    """Take a layer out; the Input stays."""
    if position < _first(model) or not _there(model, position) or len(model.layers) == 1:
        return model
    return _with(model, (*model.layers[:position], *model.layers[position + 1 :]))


def replace(model: ModelSpec, position: int, *layers: LayerSpec) -> ModelSpec:
    """Put layers in the place of one."""
    if not _there(model, position) or len(model.layers) + len(layers) - 1 > MOST_LAYERS:
        return model
    return _with(model, (*model.layers[:position], *layers, *model.layers[position + 1 :]))


def _there(model: ModelSpec, position: int) -> bool:
    return 0 <= position < len(model.layers)


def _first(model: ModelSpec) -> int:
    """The highest place that a layer can move to."""
    return 1 if isinstance(model.layers[0], Input) else 0


def _with(model: ModelSpec, layers: Iterable[LayerSpec]) -> ModelSpec:
    return model.model_copy(update={"layers": tuple(layers)})
