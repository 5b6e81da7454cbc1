"""Faults in what the network makes of the images: by heart, no further, or too little."""

from __future__ import annotations

import numpy as np

from core import words
from core.health.case import Case
from core.health.diagnosis import Diagnosis, Fault
from core.health.rules import text

_RISE, _RISE_NATS = 1.1, 0.05  # of the validation loss over its lowest
_HEART = 0.15  # gap of accuracies by which it has learned by heart
_FLAT = 0.01  # share by which an epoch lowers the loss, at most
_DONE = 0.95  # training accuracy that leaves little to learn
_GAP = 0.05  # between training and validation accuracy
_OFF = 0.02  # share of the highest learning rate that moves nothing any more
_WARM = 3.0  # times the usual learning rate


def overfitting(case: Case) -> Diagnosis | None:
    """The validation loss rises while the training loss falls."""
    if case.epochs < 4 or not np.isfinite(case.val_loss).all():
        return None
    turn = int(np.argmin(case.val_loss))
    lowest, now = float(case.val_loss[turn]), float(case.val_loss[-2:].mean())
    after, number = case.epochs - turn - 1, case.before + turn + 1
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
        evidence=f"Since epoch {number} the validation loss has gone from {lowest:.2f} to {now:.2f} in the "
        "last two, "
        f"while the training loss fell from {case.loss[turn]:.2f} to {case.loss[-1]:.2f}; "
        f"{words.percent(case.accuracy[-1])} of the training images are named right and "
        f"{words.percent(case.val_accuracy[-1])} of the validation images.",
        explained=text.EXPLAINED[Fault.OVERFITTING],
        epoch=number,
    )


def plateau(case: Case) -> Diagnosis | None:
    """The training loss fell, stands still, and the learning rate is the reason."""
    since = _flat(case)
    if since is None:
        return None
    rate, highest = case.rates[-1], float(np.fmax.reduce(case.rates))
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
