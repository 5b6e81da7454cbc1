"""Work of core that a page repeats on every rerun, done once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.runs.run import Run, all_runs
from core.runs.status import RunStatus

if TYPE_CHECKING:
    from core.predict.classifier import Classifier


def runs() -> list[tuple[Run, RunStatus]]:
    """Every run with its status, the newest first."""
    return [(run, run.status) for run in all_runs()]


def classifier(run: Run) -> Classifier:
    """The run's classifier, loaded again when its model has changed."""
    stamps = [
        path.stat().st_mtime_ns if (path := run.folder / name).exists() else 0
        for name in ("model.onnx", "model.keras")
    ]
    return _classifier(str(run.folder), tuple(stamps), run)


@st.cache_resource(max_entries=4, show_spinner="Preparing the model")
def _classifier(folder: str, stamps: tuple[int, ...], _run: Run) -> Classifier:  # noqa: ARG001
    from core.predict.classifier import Classifier  # onnxruntime is only needed here

    return Classifier(_run)
