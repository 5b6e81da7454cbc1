"""How long runs will take on this machine, from its measured speed."""

from __future__ import annotations

from core.data.dataset import Dataset
from core.design.analysis import analyse
from core.design.cost import Speed, seconds_per_epoch
from core.specs import RunSpec


def seconds(spec: RunSpec, data: Dataset, speed: Speed) -> float:
    """How long its epochs take with their validation, if all are trained.

    What every run takes beside that is not in it: some seconds to start, test and export.
    """
    split = data.split(spec.train.validation_share)
    analysis = analyse(spec.model, data.shape, len(data.classes))
    epoch = seconds_per_epoch(analysis, spec.train, len(split.train), len(split.validation), speed)
    return spec.train.epochs * epoch
