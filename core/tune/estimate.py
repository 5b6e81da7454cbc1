"""How long runs will take on this machine, from its measured speed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from core import words
from core.data.dataset import Dataset
from core.data.splits import Split
from core.design.analysis import analyse
from core.design.cost import Speed, seconds_per_epoch
from core.runs.history import history
from core.runs.run import all_runs
from core.runs.status import State
from core.specs import RunSpec
from core.tune.group import Group

_LATEST = 8  # runs that are looked at
_USUAL = 8.0  # seconds, on two cores


def seconds(spec: RunSpec, data: Dataset, split: Split, speed: Speed) -> float:
    """How long its epochs take with their validation, if all are trained; see `beside` for the rest.

    Args:
        split: of the data with the run's shares. Drawing it takes longer than all else
            here, and runs that are tried side by side share it.
    """
    analysis = analyse(spec.model, data.shape, len(data.classes))
    sizes = len(split.train), len(split.validation)
    epoch = seconds_per_epoch(analysis, spec.train, *sizes, speed, mirror=spec.augment.mirror)
    return spec.train.epochs * epoch


def beside() -> float:
    """Seconds that a run takes here beside its epochs: to start, to build its graphs, to be tested.

    The median of the latest runs that ended well; where there is none, a usual value.
    """
    found: list[float] = []
    for run in all_runs():
        status = run.status
        if status.state is State.DONE and status.seconds is not None:
            epochs = sum(line.get("seconds") or 0.0 for line in history(run).events("epoch"))
            found.append(max(0.0, status.seconds - epochs))
        if len(found) == _LATEST:
            break
    return statistics.median(found) if found else _USUAL


def told(training: Sequence[float], slots: int) -> str:
    """How long runs take all in all, in a sentence.

    Args:
        training: seconds of each run's epochs, one at a time.
        slots: how many may train at once. They share the machine, so that what is gained is between
            nothing and all that there would be to gain.
    """
    rest, runs = beside(), len(training)
    total, at_once = sum(training) + runs * rest, min(slots, runs)
    parts = (
        f"{words.duration(sum(training))} of training, and about {words.duration(rest)} for "
        f"{'each run' if runs > 1 else 'the run'} to start and to be tested"
    )
    if at_once < 2:
        return f"About {words.duration(total)}: {parts}."
    return (
        f"{words.duration(total / at_once)} to {words.duration(total)}, since {at_once} train at once "
        f"and share this machine: one at a time, {parts}."
    )


def left(group: Group, slots: int) -> float | None:
    """Seconds until a group's runs have ended, about; None before one is done.

    How long those to come take is best told by those that are done, which shared the machine with
    as many others.
    """
    statuses = [member.status for member in group.members]
    spent = [one.seconds or 0.0 for one in statuses if one.state is State.DONE]
    rest = [1.0 - one.progress for one in statuses if not one.state.final]
    if not spent:
        return None
    each = statistics.mean(spent)
    return each * max(sum(rest) / max(1, min(slots, len(rest))), max(rest, default=0.0))
