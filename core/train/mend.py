"""Train again what went wrong, with a remedy."""

from __future__ import annotations

from core.data.cache import Progress
from core.health.diagnosis import Diagnosis, Remedy
from core.runs.run import Run
from core.train.order import order

MENDS, FAULT = "mends", "fault"  # tags of a run that mends another: which, and of what


def mend(run: Run, found: Diagnosis, remedy: Remedy, progress: Progress | None = None) -> Run:
    """Queue the remedy's training, filed as that which mends `run`; raises as `order` does."""
    told = {MENDS: run.id, FAULT: found.fault.value}
    return order(remedy.spec.changed(tags={**remedy.spec.tags, **told}), progress)
