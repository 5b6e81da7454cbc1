"""Faults in what is answered: one class, what averages say that lag behind, what labels say wrongly."""

from __future__ import annotations

import math

import numpy as np

from core import words
from core.health.case import Case
from core.health.diagnosis import Diagnosis, Fault
from core.health.rules import text

_ONE, _FOUND = 0.97, 0.2  # answers that are one class; how many of the others are named at most
_OTHERS = 5  # images of other classes, at least
_RANKING, _WRONG = 0.67, 20  # with its standard error; wrong answers, at least
_SEES = 0.1  # share of what guessing leaves that it names right
_SEEN, _LAGGING = 4.0, 0.2  # averages' own lengths that they need; gap of accuracies


def collapse(case: Case) -> Diagnosis | None:
    """One class is named for nearly every image, and the others are hardly ever found."""
    data, told = case.health.data, [epoch for epoch in case.health.epochs if epoch.answers]
    if data is None or case.epochs < 2 or not told:
        return None
    answers = told[-1].answers
    label = int(np.argmax(answers))
    if label >= len(data.validation_shares):  # of another set
        return None
    others = 1 - data.validation_shares[label]
    if others * (case.status.validation_images or 0) < _OTHERS:
        return None
    if answers[label] < _ONE or 1 - answers[label] > _FOUND * others:
        return None
    name = case.classes[label] if label < len(case.classes) else f"class {label + 1}"
    return Diagnosis(
        Fault.COLLAPSE,
        evidence=f"{words.percent(answers[label])} of the validation images are called {name}; "
        f"{words.percent(1 - others)} are.",
        explained=text.EXPLAINED[Fault.COLLAPSE],
    )


def lag(case: Case) -> Diagnosis | None:
    """Running averages have seen too few batches, and validation is far behind training."""
    if not case.momenta or not case.epochs:
        return None
    slowest = max(case.momenta)
    batches = case.epochs * max(case.status.steps, 1)
    unknown = slowest**batches  # share of the averages that is still where they began
    gap = case.accuracy[-1] - case.val_accuracy[-1]
    recent = batches < _SEEN / (1 - slowest)
    if not recent or gap < _LAGGING:
        return None
    return Diagnosis(
        Fault.LAG,
        evidence=f"It names {words.percent(case.accuracy[-1])} of the training images right while it "
        f"trains, but {words.percent(case.val_accuracy[-1])} of the validation images; with a momentum "
        f"of {slowest:g}, {words.count(batches)} batches so far leave {words.percent(unknown)} of "
        "the running averages where they began.",
        explained=text.EXPLAINED[Fault.LAG],
    )


def noise(case: Case) -> Diagnosis | None:
    """Where it was best, the model was as sure of its wrong answers as of its right ones."""
    if case.epochs < 2 or not np.isfinite(case.val_loss).any():
        return None
    best = int(np.nanargmin(case.val_loss))
    known = {math.ceil(epoch.epoch): epoch.sureness for epoch in case.health.epochs}
    number = case.before + best + 1
    found = known.get(number)
    if found is None or found.ranking is None or found.right is None or found.wrong is None:
        return None
    accuracy, images = case.val_accuracy[best], case.status.validation_images or 0
    right, wrong = accuracy * images, (1 - accuracy) * images
    seen = accuracy > case.guessing_accuracy + _SEES * (1 - case.guessing_accuracy)
    if not seen or min(right, wrong) < _WRONG:
        return None
    doubt = math.sqrt(
        (images + 1) / (12 * right * wrong)
    )  # Mann and Whitney's, of two like samples
    if found.ranking + doubt > _RANKING:
        return None
    return Diagnosis(
        Fault.NOISE,
        evidence=f"After epoch {number} it is {found.wrong:.0%} sure of its wrong answers and "
        f"{found.right:.0%} of its right ones; its sureness tells the two apart in "
        f"{found.ranking:.0%} of cases, and a coin in 50%.",
        explained=text.EXPLAINED[Fault.NOISE],
        epoch=number,
    )
