"""What was measured of a run, read anew only when there is more of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.health import case, record, views
from core.health.case import Case
from core.health.diagnosis import Diagnosis
from core.health.doctor import diagnose
from core.health.views import Handful, View
from core.runs.run import Run
from pages.shared import frame

EVERY = 2.0  # seconds between two redrawings while a run is on its way


def followed(draw: Callable[[Run], None], run: Run) -> None:
    """Draw a part of the page; while the run is on its way, again and again."""
    every = None if run.status.state.final else EVERY
    st.fragment(frame.guarded(draw), run_every=every)(run)


def examined(run: Run) -> tuple[Case, list[Diagnosis]]:
    """What is known of the training, and what is wrong with it; raises RunError."""
    status = run.status
    # the state counts as well: what ended a training is a sign of what was wrong with it
    stamp = _stamp(run.folder / record.NAME), len(run.metrics("epoch")), str(status.state)
    return _examined(str(run.folder), stamp, run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _examined(folder: str, stamp: tuple[int, int, str], _run: Run) -> tuple[Case, list[Diagnosis]]:
    seen = case.of(_run)
    return seen, diagnose(seen)


def answers(run: Run) -> tuple[View, ...]:
    """The answers after each epoch."""
    return _answers(str(run.folder), _stamp(run.folder / views.NAME), run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _answers(folder: str, stamp: int, _run: Run) -> tuple[View, ...]:
    return views.read(_run)


def handful(run: Run) -> Handful | None:
    """The images whose answers are shown."""
    return _handful(str(run.folder), _stamp(run.folder / views.PIXELS), run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _handful(folder: str, stamp: int, _run: Run) -> Handful | None:
    return views.handful(_run)


def _stamp(path: Path) -> int:
    """Changes with the file; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
