"""Runs as they would be after a training, without one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core import files
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import RunSpec

Trained = Callable[..., Run]
CLASSES = ("circles", "crosses", "squares")


@pytest.fixture
def trained_as() -> Trained:
    """Make a run that ended with a score, or in another state, without training it."""

    def make(
        spec: RunSpec,
        score: float | None = None,
        *,
        state: State = State.DONE,
        parameters: int = 1000,
        images: int = 100,
        losses: Sequence[float | None] = (),
    ) -> Run:
        run = create(spec)
        finish(run, score, state=state, parameters=parameters, images=images, losses=losses)
        return run

    return make


def finish(
    run: Run,
    score: float | None,
    *,
    state: State = State.DONE,
    parameters: int = 1000,
    images: int = 100,
    losses: Sequence[float | None] = (),
) -> None:
    """Write what a worker would have."""
    values: dict[str, Any] = {
        "state": state,
        "val_accuracy": score,
        "best_epoch": None if score is None else 1,
        "parameters": parameters,
        "validation_images": images,
    }
    run.write_status(run.saved_status.model_copy(update=values))
    labels = {"classes": CLASSES, "size": 24, "channels": 3}
    (run.folder / "labels.json").write_text(json.dumps(labels))
    for epoch, loss in enumerate(losses, start=1):
        line = {"event": "epoch", "epoch": epoch, "loss": loss, "val_loss": loss}
        files.append_json(run.folder / "metrics.jsonl", line)
