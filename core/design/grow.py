"""A design one step wider, narrower, deeper or shallower.

Each step takes a design that fits its images and gives another that fits them too, with strictly
more, or fewer, parameters and multiply-adds; or None where there is no such step. Layers that are
switched off stay as they are and do not count; marks for the tuner stay.

Depth goes by stages and units, see core.design.stages. Deeper and shallower add and take away units
that keep their stage's size, so that the rest of the design stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest

from core.design.analysis import Analysis, analyse
from core.design.shapes import fitting_groups
from core.design.stages import Unit, stages
from core.errors import SpecError
from core.specs import Dense, GroupNormalization, InceptionBlock, LayerSpec, ModelSpec
from core.specs.spec import bounds

Images = tuple[int, int, int]
Edits = Mapping[int, tuple[LayerSpec, ...]]  # what comes in the place of a layer, by its number

_WIDTHS = ("filters", "units", "growth")  # what layers call their width


def wider(model: ModelSpec, shape: Images, classes: int) -> ModelSpec | None:
    """Twice the filters, units or growth of every layer that has them, as far as bounds allow."""
    before = analyse(model, shape, classes)
    return _step(before, _scaled(before, lambda width: 2 * width), larger=True)


def narrower(model: ModelSpec, shape: Images, classes: int) -> ModelSpec | None:
    """Half the filters, units or growth of every layer that has them, as far as bounds allow."""
    before = analyse(model, shape, classes)
    return _step(before, _scaled(before, lambda width: width // 2), larger=False)


def deeper(model: ModelSpec, shape: Images, classes: int) -> ModelSpec | None:
    """One more unit in every stage: of its last convolution, or one repeat more of its last block.

    A design of dense layers alone gets one more of them.
    """
    before = analyse(model, shape, classes)
    return _step(before, _together(map(_more, stages(before))), larger=True)


def shallower(model: ModelSpec, shape: Images, classes: int) -> ModelSpec | None:
    """One unit less in every stage that has several, or one repeat less of a block."""
    before = analyse(model, shape, classes)
    less = (_less(units, classes) for units in stages(before))
    return _step(before, _together(less), larger=False)


def _step(before: Analysis, edits: Edits, *, larger: bool) -> ModelSpec | None:
    """The edited design, if the one before is whole, and this one too, and larger (or smaller)."""
    if before.errors or not edits:
        return None
    layers = (layer for row in before.rows for layer in edits.get(row.number, (row.layer,)))
    try:
        model = ModelSpec.parse({"name": before.model.name, "layers": tuple(layers)})
    except SpecError:  # more layers than a design can have
        return None
    model = _with_fitting_groups(model, before.shape)
    after = analyse(model, before.shape, before.classes)
    small, large = (before, after) if larger else (after, before)
    grown = small.parameters < large.parameters and small.macs < large.macs
    return model if grown and not after.errors else None


def _scaled(analysis: Analysis, change: Callable[[int], int]) -> Edits:
    edits = {}
    for row in analysis.rows:
        for name in _WIDTHS:
            field = type(row.layer).model_fields.get(name)
            if field is None or not row.layer.on:
                continue
            low, high = (int(bound or 1) for bound in bounds(field))
            # an inception block shares its filters out by eighths
            step = 8 if isinstance(row.layer, InceptionBlock) else 1
            width = change(getattr(row.layer, name)) // step * step
            edits[row.number] = (row.layer.changed(**{name: min(max(width, low), high)}),)
    return edits


def _together(found: Iterable[Edits]) -> Edits:
    return {number: layers for edits in found for number, layers in edits.items()}


def _more(units: list[Unit]) -> Edits:
    """One more of the last unit, rather of one that looks around than of one that only mixes."""
    if not units:
        return {}
    ranked = [
        (unit.looks, unit.repeat > 0 or unit.keeps, place) for place, unit in enumerate(units)
    ]
    unit = units[max(ranked)[-1]]
    if not unit.repeat:
        return {unit.end.number: (unit.end.layer, *unit.copy)}
    most = bounds(type(unit.head).model_fields["repeat"])[1] or 1
    return _repeated(unit, unit.repeat + 1) if unit.repeat < most else {}


def _less(units: list[Unit], classes: int) -> Edits:
    """What `_more` has put there, or else a unit that the others can do without."""
    looking = [unit for unit in units if unit.looks]
    mixing = [unit for unit in units if not unit.looks]
    for unit in (*reversed(looking), *reversed(mixing)):
        if unit.repeat > 1:
            return _repeated(unit, unit.repeat - 1)
        if len(units) > 1 and unit.keeps and unit.inside == unit.outside:
            return _without(unit)
    for unit, after in reversed(list(zip_longest(units, units[1:]))):
        if len(units) > 1 and unit.keeps and _dispensable(unit, after, classes):
            return _without(unit)
    return {}


def _dispensable(unit: Unit, after: Unit | None, classes: int) -> bool:
    """Whether what comes after a unit can take its input instead, with fewer weights."""
    if isinstance(unit.head, Dense):
        return unit.outside >= min(unit.inside, after.outside if after else classes)
    return after is not None and after.sets_width and unit.inside < unit.outside


def _repeated(unit: Unit, repeat: int) -> Edits:
    return {unit.rows[0].number: (unit.head.changed(repeat=repeat),)}


def _without(unit: Unit) -> Edits:
    return {row.number: () for row in unit.rows}


def _with_fitting_groups(model: ModelSpec, shape: Images) -> ModelSpec:
    """With as many groups as divide the channels, where a change of width made them not fit."""
    single = {
        number: layer.changed(groups=1)
        for number, layer in enumerate(model.layers)
        if layer.on and isinstance(layer, GroupNormalization)
    }
    if not single:
        return model
    layers = list(model.layers)
    probe = [single.get(number, layer) for number, layer in enumerate(layers)]
    for row in analyse(model.model_copy(update={"layers": tuple(probe)}), shape, 1).rows:
        layer = layers[row.number - 1]
        if isinstance(layer, GroupNormalization) and layer.on and row.input_shape:
            channels = row.input_shape[-1]
            fitting = fitting_groups(channels, layer.groups)
            layers[row.number - 1] = layer.changed(groups=fitting)
    return model.model_copy(update={"layers": tuple(layers)})
