"""Order a run: check what can be checked at once, then queue it. Free of TensorFlow."""

from __future__ import annotations

from core.data.cache import Progress
from core.data.dataset import load
from core.design.analysis import analyse
from core.runs import queue
from core.runs.run import Run
from core.specs import RunSpec
from core.train import memory


def order(spec: RunSpec, progress: Progress | None = None) -> Run:
    """Queue a run whose images can be read and split and whose layers fit them.

    Args:
        progress: called with (images done, images in all) where they are decoded now.

    Raises:
        InputError: the images or the design cannot be used, or the training cannot fit in memory;
            no run is made.
        StorageError: the disk is full.
    """
    data = load(spec.data, progress)
    data.split(spec.train.validation_share)
    analysis = analyse(spec.model, data.shape, len(data.classes))
    for row in analysis.rows:
        if row.error is not None:
            raise row.error
    memory.require(analysis, spec.train)
    return queue.submit(spec)
