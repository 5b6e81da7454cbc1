"""Names what is wrong with a training, the likeliest cause first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.health.case import Case
from core.health.diagnosis import Diagnosis, Fault
from core.health.remedies import remedies
from core.health.rules import answers, feeding, fitting, layers, steps

# causes before their effects: inputs that are not scaled make a loss explode, too large steps kill
# units, dead units make the answers collapse
_RULES: tuple[Callable[[Case], Diagnosis | None], ...] = (
    feeding.inputs,
    feeding.order,
    feeding.parts,
    steps.exploding,
    steps.too_high,
    layers.dead,
    layers.vanishing,
    steps.too_low,
    answers.lag,
    answers.collapse,
    answers.noise,
    fitting.overfitting,
    fitting.plateau,
    fitting.underfitting,
)
# a pretrained network that learns on began far from guessing, and nothing looks at its layers
_OF_TUNING = steps.exploding, answers.noise, fitting.overfitting
# what follows from what was found before, and is no finding of its own
_FOLLOWS: dict[Fault, frozenset[Fault]] = {
    Fault.EXPLODING: frozenset({Fault.INPUTS}),
    Fault.RATE_HIGH: frozenset({Fault.INPUTS, Fault.EXPLODING}),
    Fault.DEAD: frozenset({Fault.INPUTS, Fault.EXPLODING, Fault.RATE_HIGH}),
    # a dead unit lets no gradient through, and numbers without bounds saturate every curve
    Fault.VANISHING: frozenset({Fault.INPUTS, Fault.EXPLODING, Fault.RATE_HIGH, Fault.DEAD}),
    Fault.COLLAPSE: frozenset(
        {
            Fault.INPUTS,
            Fault.ORDER,
            Fault.EXPLODING,
            Fault.RATE_HIGH,
            Fault.DEAD,
            Fault.VANISHING,
            Fault.RATE_LOW,
            Fault.LAG,
        }
    ),
    Fault.NOISE: frozenset({Fault.LAG, Fault.ORDER}),
    Fault.OVERFITTING: frozenset({Fault.LAG, Fault.PARTS, Fault.ORDER}),
    Fault.PLATEAU: frozenset(Fault) - {Fault.PLATEAU},
    Fault.UNDERFITTING: frozenset(Fault) - {Fault.UNDERFITTING},
}


def diagnose(case: Case) -> list[Diagnosis]:
    """What is wrong, the likeliest cause first; empty where nothing is, as far as can be seen."""
    tuned = case.spec.finetune is not None
    if case.spec.head is not None and not tuned:
        # solved, not trained: its steps fit ever closer by design, and none of the remedies applies
        return []
    found: list[Diagnosis] = []
    for rule in _OF_TUNING if tuned else _RULES:
        diagnosis = rule(case)
        if diagnosis is None:
            continue
        known = {one.fault for one in found}
        if not known & _FOLLOWS.get(diagnosis.fault, frozenset()):
            found.append(replace(diagnosis, remedies=remedies(case, diagnosis)))
    return found
