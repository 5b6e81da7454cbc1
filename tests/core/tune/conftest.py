"""Runs as they would be after a training, without one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.runs.how_far import LOOKING
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import DataSpec, RunSpec, TransferSpec
from core.transfer.compose import compose

Trained = Callable[..., Run]
Transferred = Callable[..., Run]
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


@pytest.fixture
def transferred() -> Transferred:
    """Make a transfer that ended with a test, of the built-in drawings unless told, without training it."""

    def make(
        source: Path | str = "sketches",
        *,
        images: int = 1200,
        accuracy: float = 0.99,
        state: State = State.DONE,
        train: dict[str, Any] | None = None,
    ) -> Run:
        run = create(compose(TransferSpec(size=64), DataSpec(source=str(source)), train=train))
        finish_test(run, accuracy, images=images, state=state)
        stage = {"event": "stage", "name": LOOKING, "seconds": 6.0}
        files.append_json(run.folder / "metrics.jsonl", stage)
        return run

    return make


def finish_test(
    run: Run,
    accuracy: float | None,
    *,
    images: int = 1200,
    state: State = State.DONE,
    seconds: float = 10.0,
) -> None:
    """Write what a worker would have that tested it."""
    values: dict[str, Any] = {
        "state": state,
        "test_accuracy": accuracy,
        "macro_recall": accuracy,
        "train_images": images,
        "validation_images": 200,
        "test_images": 400,
        "started": 1000.0,
        "ended": 1000.0 + seconds,
    }
    run.write_status(run.saved_status.model_copy(update=values))
    classes = [f"class {number}" for number in range(12)]
    labels = {"classes": classes, "size": 64, "channels": 3, "fit": "pad"}
    (run.folder / "labels.json").write_text(json.dumps(labels))


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
