"""Faults in how the weights move: steps too large, too small, or none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from core import words
from core.health.case import Case
from core.health.diagnosis import Diagnosis, Fault
from core.health.record import EpochHealth, LayerHealth
from core.health.rules import text

_EXPLODED, _OUTSIDE = 4.0, 2.0  # times the loss of guessing: once, and still
_DEAD = 0.9  # share of a layer's ReLU units; healthy dense layers have up to 0.77
_HOT = 10.0  # times the usual learning rate
_VANISHED = 1e-3  # the first layers' relative gradient, as a share of the last ones'
_DEEP = 4  # layers with weights, at least, for gradients to vanish
_STILL = 0.05  # by how much the weights can have moved in all, as a share of their size
_LARGE = 0.02  # of the weights' size, in one step
_RISES, _LEAPS = 0.25, (0.02, 0.1)  # share of epochs; by which training and validation loss rise
_FALLEN = 0.3  # share of the loss of guessing


def exploding(case: Case) -> Diagnosis | None:
    """The loss is no number, or has left all bounds and not come back."""
    for number, (loss, tested) in enumerate(zip(case.loss, case.val_loss, strict=True), start=1):
        if not math.isfinite(loss):
            return _exploded(number, f"In epoch {number} the loss is no number any more.")
        if not math.isfinite(tested):
            return _exploded(
                number, f"In epoch {number} the validation loss is no number any more."
            )
    blown = _blown(case)
    if blown is None or case.loss[-1] < _OUTSIDE * case.guessing_loss:
        return None
    return _exploded(
        blown,
        f"In epoch {blown} the training loss is {case.loss[blown - 1]:,.3g}, and now "
        f"{case.loss[-1]:,.3g}; guessing has {case.guessing_loss:.2f}.",
    )


def _blown(case: Case) -> int | None:
    """The first epoch whose training loss is far above that of guessing."""
    limit = _EXPLODED * case.guessing_loss + 2.0
    return next((number for number, loss in enumerate(case.loss, 1) if loss > limit), None)


def _exploded(number: int, evidence: str) -> Diagnosis:
    return Diagnosis(Fault.EXPLODING, evidence, text.EXPLAINED[Fault.EXPLODING], epoch=number)


def too_high(case: Case) -> Diagnosis | None:
    """Large steps, and a loss that does not fall or leaps about."""
    if case.epochs < 2:
        return None
    ratio = step_size(case.looked)
    rate = float(case.rates[-1])  # where it was too high at first, its traces tell
    hot = rate >= _HOT * case.usual_rate
    large = ratio is not None and ratio > _LARGE
    if not (hot or large):
        return None
    stuck = not case.learned
    rises = np.zeros(0, bool)
    for losses, leap in ((case.loss, _LEAPS[0]), (case.val_loss, _LEAPS[1])):
        risen = np.diff(losses) > leap * losses[:-1]
        rises = risen if not len(rises) else rises | risen
    leaping = (
        case.epochs >= 4 and rises.mean() >= _RISES and case.loss[-1] > _FALLEN * case.guessing_loss
    )
    blown = _blown(case)
    if not (stuck or leaping or blown):
        return None
    steps = (
        f"each step changes the weights by {ratio:.1%} of their size"
        if ratio is not None and large
        else f"the learning rate of {rate:g} is {rate / case.usual_rate:.0f} times the usual one"
    )
    if stuck:
        how = f"the training loss is still {case.loss[-1]:.2f}, and guessing has {case.guessing_loss:.2f}"
    elif leaping:
        how = f"the loss rose in {int(rises.sum())} of {len(rises)} epochs"
    else:
        how = f"the training loss was {case.loss[(blown or 1) - 1]:,.3g} in epoch {blown}"
    return Diagnosis(
        Fault.RATE_HIGH,
        evidence=f"{how[:1].upper()}{how[1:]}, and {steps}.",
        explained=text.EXPLAINED[Fault.RATE_HIGH],
    )


def too_low(case: Case) -> Diagnosis | None:
    """The weights have hardly moved, and the loss has hardly fallen."""
    ratio = step_size(case.looked)
    if case.epochs < 2 or ratio is None or case.learned:
        return None
    steps = max(case.status.steps, 1) * case.epochs
    rate = float(np.nanmax(case.rates))
    moved = ratio * steps
    low = rate <= case.usual_rate / _HOT
    if not low or (moved > _STILL * 10 and case.loss[-1] < 0.5 * case.guessing_loss):
        return None
    return Diagnosis(
        Fault.RATE_LOW,
        evidence=f"A step changes the weights by {ratio:.1g} of their size, and after "
        f"{words.several(case.epochs, 'epoch')} the training loss has come from "
        f"{case.loss[0]:.3f} to {case.loss[-1]:.3f} only.",
        explained=text.EXPLAINED[Fault.RATE_LOW],
    )


def dead(case: Case) -> Diagnosis | None:
    """Nearly all of a layer's ReLU units give 0 for every image."""
    if not case.looked:
        return None
    worst = _most(case.looked[-1].layers, "dead")
    if worst is None or (worst.dead or 0.0) < _DEAD:
        return None
    many = [layer.number for layer in case.looked[-1].layers if (layer.dead or 0.0) >= _DEAD]
    since = _since(case.looked, worst.number)
    return Diagnosis(
        Fault.DEAD,
        evidence=f"In layer {worst.number} ({worst.title}) {worst.dead:.0%} of the ReLU units give 0 "
        f"for every image of the probe, since epoch {since}.",
        explained=text.EXPLAINED[Fault.DEAD],
        epoch=since,
        layers=tuple(many),
    )


def vanishing(case: Case) -> Diagnosis | None:
    """The first layers' gradients are a thousandth of the last ones', and nothing is learned."""
    if not case.looked or case.learned:
        return None
    told = [layer for layer in case.looked[-1].layers if layer.gradient is not None]
    if len(told) < _DEEP:
        return None
    relative = [(layer.gradient or 0.0) / max(layer.weight or 0.0, 1e-12) for layer in told]
    third = max(1, len(told) // 3)
    first, last = max(relative[:third]), max(relative[-third:])
    if last <= 0.0 or first > _VANISHED * last:
        return None
    return Diagnosis(
        Fault.VANISHING,
        evidence=f"In layer {told[0].number} ({told[0].title}) the gradient is {first / last:.0e} times "
        f"as large as at the end of the network, in proportion to the weights.",
        explained=text.EXPLAINED[Fault.VANISHING],
        layers=tuple(layer.number for layer in told[:third]),
    )


def step_size(looked: Sequence[EpochHealth]) -> float | None:
    """Median over layers and epochs of a step's size, as a share of the weights'."""
    ratios = [
        layer.update for epoch in looked for layer in epoch.layers if layer.update is not None
    ]
    return float(np.median(ratios)) if ratios else None


def _most(layers: Iterable[LayerHealth], name: str) -> LayerHealth | None:
    known = [layer for layer in layers if getattr(layer, name) is not None]
    return max(known, key=lambda layer: float(getattr(layer, name)), default=None)


def _since(looked: Sequence[EpochHealth], number: int) -> int:
    """The first epoch from which on that layer has been dead all the time."""
    found = math.ceil(looked[-1].epoch)
    for epoch in reversed(looked):
        shares = {layer.number: layer.dead or 0.0 for layer in epoch.layers}
        if shares.get(number, 0.0) < _DEAD:
            break
        found = math.ceil(epoch.epoch)
    return found
