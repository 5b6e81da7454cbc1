"""What pages ask of core again and again: the runs, and predictions, which are made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.runs.run import Run, all_runs
from core.runs.status import RunStatus, State

if TYPE_CHECKING:
    from core.predict.classifier import Classifier
    from core.predict.interim import Interim
    from core.predict.prediction import Prediction


def runs() -> list[tuple[Run, RunStatus]]:
    """Every run with its status, the newest first."""
    return [(run, run.status) for run in all_runs()]


def prediction(run: Run, photo: bytes) -> Prediction:
    """What the run's best model so far says of a photo; each classifies a photo once.

    Raises ImageError, which is not kept, when the photo cannot be read.
    """
    training = run.status.state is State.RUNNING
    names = ("model.keras",) if training else ("model.onnx", "model.keras")
    paths = [run.folder / name for name in names]
    stamps = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)
    return _prediction(str(run.folder), stamps, photo, run, training)


@st.cache_data(max_entries=1000, show_spinner=False)
def _prediction(
    folder: str, stamps: tuple[int, ...], photo: bytes, _run: Run, _training: bool
) -> Prediction:
    return _classifier(folder, stamps, _run, _training).classify_photo(photo)


@st.cache_resource(max_entries=4, show_spinner="Preparing the model")
def _classifier(
    folder: str, stamps: tuple[int, ...], _run: Run, _training: bool
) -> Classifier | Interim:
    """A run's model, loaded once; that of a run that trains does without an export."""
    if _training:
        from core.predict.interim import Interim

        return Interim(_run)
    from core.predict.classifier import Classifier  # onnxruntime is only needed here

    return Classifier(_run)
