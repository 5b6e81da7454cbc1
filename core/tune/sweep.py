"""The same network at several learning rates, and what became of each, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from core import words
from core.data.cache import Progress
from core.runs.status import State
from core.specs import RunSpec
from core.tune import group
from core.tune.group import Group, Member
from core.tune.ranking import chance, ranked

# of the loss of a network that finds all classes as likely: beyond it, it has exploded
_EXPLODED = 3.0
_HARDLY = 0.25  # of what the best one has learned

Outcome = Literal["on its way", "failed", "explodes", "hardly learns", "best", "as good", "less"]


def order(spec: RunSpec, rates: Sequence[float], progress: Progress | None = None) -> Group:
    """Queue `spec` at each of the learning rates: the same first weights, the same order of images.

    Raises as core.train.order.order; SpecError where a rate is out of bounds.
    """
    runs = [
        (spec.changed(train=spec.train.changed(learning_rate=rate)), {"rate": words.rate(rate)})
        for rate in sorted(set(rates))
    ]
    return group.order("sweep", runs, progress)


def members(found: Group) -> list[Member]:
    """By their learning rate, the smallest first."""
    return sorted(found.members, key=lambda member: member.spec.train.learning_rate)


def outcome(member: Member, all_members: Sequence[Member], classes: int) -> Outcome:
    """What became of a run, beside the others.

    Args:
        classes: of the images; a network that guesses is right once in so many times.
    """
    if member.status.state in (State.QUEUED, State.RUNNING):
        return "on its way"
    best = ranked(all_members)[0]
    gain = _gain(member, classes) / max(1e-9, _gain(best, classes))
    if exploded(member, classes) and gain < 0.5:
        return "explodes"
    if member.score is None:
        return "failed"
    if gain < _HARDLY or _guesses(member, classes):
        return "hardly learns"
    if member.run == best.run:
        return "best"
    return "as good" if member.score >= (best.score or 0.0) - chance(best) else "less"


def exploded(member: Member, classes: int) -> bool:
    """Whether the loss was not finite, or far above that of a network that knows nothing."""
    lines = member.run.metrics()
    losses = [line.get(name) for line in lines for name in ("loss", "val_loss") if name in line]
    limit = _EXPLODED * math.log(classes)
    return any(loss is None or loss > limit for loss in losses)


def verdict(found: Group, classes: int) -> str:
    """What each learning rate does, in a sentence."""
    trials = members(found)
    outcomes = [outcome(member, trials, classes) for member in trials]
    parts = [
        _words(member, what, trials[outcomes.index("best")] if "best" in outcomes else None)
        for member, what in zip(trials, outcomes, strict=True)
    ]
    text = "; ".join(parts) + "."
    text = text[:1].upper() + text[1:]
    if "best" not in outcomes and "on its way" not in outcomes:
        text += " None of them learns: try rates in between, or the range test."
    return text


def _words(member: Member, what: Outcome, best: Member | None) -> str:
    rate, accuracy = words.rate(member.spec.train.learning_rate), words.percent(member.score)
    if what == "on its way":
        return f"{rate} is {'waiting' if member.status.state is State.QUEUED else 'training'}"
    below = best is None or member.spec.train.learning_rate < best.spec.train.learning_rate
    if what == "less":
        return f"{rate} learns {'more slowly' if below else 'less well'} ({accuracy})"
    if what == "hardly learns":
        return (
            f"at {rate} it hardly learns ({accuracy}){'' if below else ', the steps are too large'}"
        )
    return {
        "failed": f"at {rate} it could not be trained",
        "explodes": f"at {rate} the loss explodes",
        "best": f"{rate} learns best ({accuracy})",
        "as good": f"{rate} learns as well ({accuracy}), as far as chance can tell",
    }[what]


def _gain(member: Member, classes: int) -> float:
    """How much more than guessing it is right, as a share."""
    return max(0.0, (member.score or 0.0) - 1.0 / classes)


def _guesses(member: Member, classes: int) -> bool:
    """Whether its accuracy is one that guessing could have, within two standard errors."""
    guess = 1.0 / classes
    count = member.status.validation_images or 1
    return (member.score or 0.0) < guess + 2.0 * math.sqrt(guess * (1 - guess) / count)
