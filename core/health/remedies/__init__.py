"""Trainings that should go better than one with a fault.

A file for each kind of change: steps (how far each goes), network (its layers), feeding (what it is
given to learn from), tuning (what of a pretrained network learns on). Each fault has a function there
that makes its remedies of a case, the best first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.design.analysis import analyse
from core.health.case import Case
from core.health.diagnosis import Diagnosis, Fault, Remedy
from core.health.remedies import feeding, network, steps, tuning

_CHOSEN: dict[Fault, Callable[[Case], Iterator[Remedy]]] = {
    Fault.INPUTS: network.inputs,
    Fault.ORDER: feeding.order,
    Fault.PARTS: feeding.parts,
    Fault.EXPLODING: steps.exploding,
    Fault.DEAD: network.dead,
    Fault.VANISHING: network.vanishing,
    Fault.RATE_HIGH: steps.too_high,
    Fault.RATE_LOW: steps.too_low,
    Fault.LAG: network.lag,
    Fault.COLLAPSE: feeding.collapse,
    Fault.NOISE: feeding.noise,
    Fault.OVERFITTING: feeding.overfitting,
    Fault.PLATEAU: steps.plateau,
    Fault.UNDERFITTING: network.underfitting,
}
# a pretrained network that learns on has no layers of its own to change
_OF_TUNING: dict[Fault, Callable[[Case], Iterator[Remedy]]] = {
    Fault.EXPLODING: tuning.exploding,
    Fault.NOISE: feeding.noise,
    Fault.OVERFITTING: tuning.overfitting,
}


def remedies(case: Case, found: Diagnosis) -> tuple[Remedy, ...]:
    """The remedies of a fault, the best first, each once; what changes nothing, or does not fit, is none."""
    kept: list[Remedy] = []
    chosen = _CHOSEN if case.spec.finetune is None else _OF_TUNING
    for remedy in chosen[found.fault](case):
        model = remedy.spec.model
        fits = case.shape is None or not analyse(model, case.shape, len(case.classes)).errors
        if fits and remedy.spec not in (case.spec, *(one.spec for one in kept)):
            kept.append(remedy)
    return tuple(kept)
