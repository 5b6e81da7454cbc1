"""Faults in how far each step goes: off all bounds, too far, or nowhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from core import words
from core.health.case import Case
from core.health.diagnosis import Diagnosis, Fault
from core.health.record import EpochHealth
from core.health.rules import text

_EXPLODED, _OUTSIDE = 4.0, 2.0  # times the loss of guessing: once, and still
_HOT = 10.0  # times the usual learning rate
_STILL = 0.05  # by how much the weights can have moved in all, as a share of their size
_LARGE = 0.02  # of the weights' size, in one step
_RISES, _LEAPS = 0.25, (0.02, 0.1)  # share of epochs; by which training and validation loss rise
_FALLEN = 0.3  # share of the loss of guessing


def exploding(case: Case) -> Diagnosis | None:
    """The loss is no number, or has left all bounds and not come back."""
    told = zip(case.loss, case.val_loss, strict=True)
    for number, (loss, tested) in enumerate(told, start=case.before + 1):
        if not math.isfinite(loss):
            return _exploded(number, f"In epoch {number} the loss is no number any more.")
        if not math.isfinite(tested):
            return _exploded(
                number, f"In epoch {number} the validation loss is no number any more."
            )
    blown = _blown(case)
    if blown is None or case.loss[-1] < _OUTSIDE * case.guessing_loss:
        return None
    number = case.before + blown
    return _exploded(
        number,
        f"In epoch {number} the training loss is {case.loss[blown - 1]:,.3g}, and now "
        f"{case.loss[-1]:,.3g}; guessing has {case.guessing_loss:.2f}.",
    )


def _blown(case: Case) -> int | None:
    """The first epoch whose training loss is far above that of guessing.

    Penalties of large weights are part of a loss, and not of guessing's: where there are some, a loss
    that is lower than ever may have come from there, and is on its way down anyhow.
    """
    if case.penalized and case.epochs and case.loss[-1] <= np.fmin.reduce(case.loss):
        return None
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
    rate = float(np.fmax.reduce(case.rates))
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


def step_size(looked: Sequence[EpochHealth]) -> float | None:
    """Median over layers and epochs of a step's size, as a share of the weights'."""
    ratios = [
        layer.update for epoch in looked for layer in epoch.layers if layer.update is not None
    ]
    return float(np.median(ratios)) if ratios else None
