"""Faults in what is learned: by heart, too little, one class, or what the labels say wrongly."""

from __future__ import annotations

import math

import numpy as np

from core import words
from core.health.case import Case
from core.health.diagnosis import Diagnosis, Fault
from core.health.rules import text
from core.specs import BatchNormalization

_ONE, _FOUND = 0.97, 0.2  # answers that are one class; how many of the others are named at most
_OTHERS = 5  # images of other classes, at least
_RISE, _RISE_NATS = 1.1, 0.05  # of the validation loss over its lowest
_HEART = 0.15  # gap of accuracies by which it has learned by heart
_RANKING, _WRONG = 0.67, 20  # with its standard error; wrong answers, at least
_SEES = 0.1  # share of what guessing leaves that it names right
_FLAT = 0.01  # share by which an epoch lowers the loss, at most
_DONE = 0.95  # training accuracy that leaves little to learn
_GAP = 0.05  # between training and validation accuracy
_SEEN, _LAGGING = 4.0, 0.2  # averages' own lengths that they need; gap of accuracies
_OFF = 0.02  # share of the highest learning rate that moves nothing any more
_WARM = 3.0  # times the usual learning rate


def collapse(case: Case) -> Diagnosis | None:
    """One class is named for nearly every image, and the others are hardly ever found."""
    data, told = case.health.data, [epoch for epoch in case.health.epochs if epoch.answers]
    if data is None or case.epochs < 2 or not told:
        return None
    answers = told[-1].answers
    label = int(np.argmax(answers))
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
    momenta = [
        layer.momentum
        for layer in case.spec.model.layers
        if layer.on and isinstance(layer, BatchNormalization)
    ]
    if not momenta or not case.epochs:
        return None
    batches = case.epochs * max(case.status.steps, 1)
    unknown = max(momenta) ** batches  # share of the averages that is still where they began
    gap = case.accuracy[-1] - case.val_accuracy[-1]
    recent = batches < _SEEN / (1 - max(momenta))
    if not recent or gap < _LAGGING:
        return None
    return Diagnosis(
        Fault.LAG,
        evidence=f"It names {words.percent(case.accuracy[-1])} of the training images right while it "
        f"trains, but {words.percent(case.val_accuracy[-1])} of the validation images; with a momentum "
        f"of {max(momenta):g}, {words.count(batches)} batches so far leave {words.percent(unknown)} of "
        "the running averages where they began.",
        explained=text.EXPLAINED[Fault.LAG],
    )


def noise(case: Case) -> Diagnosis | None:
    """Where it was best, the model was as sure of its wrong answers as of its right ones."""
    if case.epochs < 2 or not np.isfinite(case.val_loss).any():
        return None
    best = int(np.nanargmin(case.val_loss))
    known = {math.ceil(epoch.epoch): epoch.sureness for epoch in case.health.epochs}
    found = known.get(best + 1)
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
        evidence=f"After epoch {best + 1} it is {found.wrong:.0%} sure of its wrong answers and "
        f"{found.right:.0%} of its right ones; its sureness tells the two apart in "
        f"{found.ranking:.0%} of cases, and a coin in 50%.",
        explained=text.EXPLAINED[Fault.NOISE],
        epoch=best + 1,
    )


def overfitting(case: Case) -> Diagnosis | None:
    """The validation loss rises while the training loss falls."""
    if case.epochs < 4 or not np.isfinite(case.val_loss).all():
        return None
    turn = int(np.argmin(case.val_loss))
    lowest, now = float(case.val_loss[turn]), float(case.val_loss[-2:].mean())
    after = case.epochs - turn - 1
    rises = (
        after >= 2 and now > _RISE * lowest + _RISE_NATS and case.loss[-1] < 0.9 * case.loss[turn]
    )
    # or it stands, at a distance, long after training has gone on
    gap = case.accuracy[-1] - case.val_accuracy[-1]
    by_heart = after >= 5 and case.loss[-1] < 0.5 * case.loss[turn] and gap > _HEART
    if not (rises or by_heart):
        return None
    return Diagnosis(
        Fault.OVERFITTING,
        evidence=f"Since epoch {turn + 1} the validation loss has gone from {lowest:.2f} to {now:.2f}, "
        f"while the training loss fell from {case.loss[turn]:.2f} to {case.loss[-1]:.2f}; "
        f"{words.percent(case.accuracy[-1])} of the training images are named right and "
        f"{words.percent(case.val_accuracy[-1])} of the validation images.",
        explained=text.EXPLAINED[Fault.OVERFITTING],
        epoch=turn + 1,
    )


def plateau(case: Case) -> Diagnosis | None:
    """The training loss fell, stands still, and the learning rate is the reason."""
    since = _flat(case)
    if since is None:
        return None
    rate, highest = case.rates[-1], float(np.nanmax(case.rates))
    off = case.spec.train.schedule in ("step", "plateau") and rate < _OFF * highest
    hot = rate >= _WARM * case.usual_rate
    if not (off or hot):
        return None
    why = (
        f"the learning rate has been lowered from {highest:.2g} to {rate:.2g}"
        if off
        else f"the learning rate is still {rate:.2g}, {rate / case.usual_rate:.0f} times the usual"
    )
    return Diagnosis(
        Fault.PLATEAU,
        evidence=f"Since epoch {since} the training loss stands at {case.loss[-1]:.2f}, and {why}.",
        explained=text.EXPLAINED[Fault.PLATEAU],
        epoch=since,
    )


def underfitting(case: Case) -> Diagnosis | None:
    """The training loss stands still high up, and nothing but the network's size is the reason."""
    since = _flat(case)
    if since is None:
        return None
    size = case.status.parameters
    network = f"a network of {words.count(size)} parameters" if size else "the network"
    return Diagnosis(
        Fault.UNDERFITTING,
        evidence=f"Since epoch {since} {network} names {words.percent(case.accuracy[-1])} of its own "
        f"training images right and no more, and {words.percent(case.val_accuracy[-1])} of the "
        "validation images.",
        explained=text.EXPLAINED[Fault.UNDERFITTING],
        epoch=since,
    )


def _flat(case: Case) -> int | None:
    """Since which epoch the training loss has stood still, far from done and not by heart."""
    window = max(3, case.epochs // 3)
    if case.epochs < window + 3 or not np.isfinite(case.loss).all():
        return None
    start = case.loss[-window - 1]
    if case.loss[-1] < start * (1 - _FLAT * window):
        return None
    if case.accuracy[-1] > _DONE or case.accuracy[-1] - case.val_accuracy[-1] > _GAP:
        return None
    return case.epochs - window
