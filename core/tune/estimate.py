"""How long runs will take on this machine, from its measured speed."""

from __future__ import annotations

import statistics

from core.data.dataset import Dataset
from core.design.analysis import analyse
from core.design.cost import Speed, seconds_per_epoch
from core.runs.run import all_runs
from core.runs.status import State
from core.specs import RunSpec

_LATEST = 8  # runs that are looked at
_USUAL = 8.0  # seconds, on two cores


def seconds(spec: RunSpec, data: Dataset, speed: Speed) -> float:
    """How long its epochs take with their validation, if all are trained; see `beside` for the rest."""
    split = data.split(spec.train.validation_share)
    analysis = analyse(spec.model, data.shape, len(data.classes))
    epoch = seconds_per_epoch(analysis, spec.train, len(split.train), len(split.validation), speed)
    return spec.train.epochs * epoch


def beside() -> float:
    """Seconds that a run takes here beside its epochs: to start, to build its graphs, to be tested.

    The median of the latest runs that ended well; where there is none, a usual value.
    """
    found: list[float] = []
    for run in all_runs():
        status = run.status
        if status.state is State.DONE and status.seconds is not None:
            epochs = sum(line.get("seconds") or 0.0 for line in run.metrics("epoch"))
            found.append(max(0.0, status.seconds - epochs))
        if len(found) == _LATEST:
            break
    return statistics.median(found) if found else _USUAL
