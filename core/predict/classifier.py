"""A trained run as a classifier of photos."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from filelock import FileLock
from numpy.typing import NDArray

from core import workspace
from core.data.decode import decode
from core.errors import AppError, ModelError, RunError, from_dict, storing
from core.predict.prediction import Prediction
from core.runs import labels
from core.runs.run import Run
from core.runs.status import State

_BATCH = 64  # photos given to the model at once


class Classifier:
    """The best model of a run, loaded once. Holds no file open and may be used from threads.

    Where the run has no model.onnx of its best model it is made, which starts TensorFlow for some
    seconds; while a run trains, core.predict.interim does without.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        _require_model(run)
        found = labels.read(run)
        self.classes, self.size = found.classes, found.size
        self.channels, self.fit = found.channels, found.fit
        self._session = _session(run)
        self._input = self._session.get_inputs()[0].name
        outputs = self._session.get_outputs()[0].shape[-1]
        if outputs != len(self.classes):
            raise ModelError(
                f"The labels of the run {run.id} are not those of its model",
                expected=f"{outputs} classes in {run.folder / 'labels.json'}",
                received=f"{len(self.classes)} classes",
                remedy="Put the file back that belongs to the model, or train the run again",
            )

    def classify(self, images: NDArray[np.uint8]) -> list[Prediction]:
        """Predict decoded images, uint8 [n, height, width, channels]."""
        predictions = []
        for start in range(0, len(images), _BATCH):
            found = self._session.run(None, {self._input: images[start : start + _BATCH]})[0]
            predictions += [Prediction(self.classes, tuple(row.tolist())) for row in found]
        return predictions

    def read(self, photo: Path | bytes) -> NDArray[np.uint8]:
        """Decode a photo just as the training images were; raises ImageError."""
        pixels, _ = decode(photo, self.size, fit=self.fit, channels=self.channels)
        return pixels

    def classify_photo(self, photo: Path | bytes) -> Prediction:
        """Predict one image file; raises ImageError when it cannot be read."""
        return self.classify(self.read(photo)[None])[0]


def _require_model(run: Run) -> None:
    if run.has_model:
        return
    state = run.status.state
    waits = {
        State.QUEUED: "It waits for a free slot; its model is there after the first epoch",
        State.RUNNING: "Its model is there after the first epoch; try again then",
    }
    raise RunError(
        f"The run {run.id} has no model to predict with",
        expected="a run that finished at least one epoch",
        received=f"a run that is {state} with no finished epoch",
        remedy=waits.get(state, "Choose another run, or train this one again"),
    )


def _session(run: Run) -> onnxruntime.InferenceSession:
    """Load model.onnx; where it is missing, outdated or damaged, make it anew from model.keras."""
    path, keras_path = run.folder / "model.onnx", run.folder / "model.keras"
    if _outdated(path, keras_path):
        _export(run)
    try:
        return _load(path)
    except Exception as error:  # onnxruntime raises types of its own for each kind of damage
        if keras_path.exists():
            path.unlink(missing_ok=True)
            _export(run)
            return _load(path)
        raise ModelError(
            f"The model of the run {run.id} cannot be read",
            expected=f"a whole model.onnx in {run.folder}",
            received=f"a file of {path.stat().st_size:,} bytes: {str(error)[:200]}",
            remedy="Train the run again, or put the whole file back",
        ) from error


def _outdated(path: Path, keras_path: Path) -> bool:
    """While a run trains, model.keras gets better than the model.onnx made from it."""
    if not path.exists():
        return True
    return keras_path.exists() and keras_path.stat().st_mtime > path.stat().st_mtime


def _load(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def _export(run: Run) -> None:
    """Make model.onnx in a short worker, since that needs TensorFlow; raises ModelError."""
    path = run.folder / "model.onnx"
    with storing(path, "prepare the model for predicting"), FileLock(run.folder / ".export.lock"):
        if not _outdated(path, run.folder / "model.keras"):
            return
        done = subprocess.run(
            [sys.executable, "-m", "core.train.export", str(run.folder)],
            cwd=workspace.CHECKOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 0:
        return
    try:
        error: AppError = from_dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        error = ModelError(
            f"The model of the run {run.id} could not be prepared for predicting",
            expected=f"a whole model.keras in {run.folder}",
            received=last[:300],
            remedy="Train the run again",
        )
    raise error
