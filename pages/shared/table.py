"""The table of runs."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core import words
from core.errors import AppError
from core.runs.run import Run
from core.runs.status import RunStatus


def show_runs(listed: list[tuple[Run, RunStatus]], key: str) -> None:
    """Draw runs as rows; choosing one opens its page."""
    rows = [_row(run, status) for run, status in listed]
    event = st.dataframe(
        rows,
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Created": st.column_config.DatetimeColumn(format="distance"),
            "Validation": st.column_config.NumberColumn(
                format="%.1f%%", help="Accuracy on the validation images, in the best epoch."
            ),
            "Test": st.column_config.NumberColumn(
                format="%.1f%%", help="Accuracy on test images that training never saw."
            ),
        },
        alt="Table of runs",
    )
    chosen = event.selection.rows
    if chosen:
        st.switch_page("pages/runs.py", query_params={"run": listed[chosen[0]][0].id})


def _row(run: Run, status: RunStatus) -> dict[str, object]:
    try:
        spec = run.spec
        data, design = spec.data.source.rpartition("/")[2], spec.model.name
    except AppError:
        data = design = "unreadable"
    return {
        "Run": run.id,
        "Status": str(status.state).capitalize(),
        "Images": data,
        "Design": design,
        "Epochs": f"{status.epoch} of {status.epochs}",
        "Validation": _percent(status.val_accuracy),
        "Test": _percent(status.test_accuracy),
        "Time": words.duration(status.seconds),
        "Created": datetime.fromtimestamp(status.created, UTC),
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share
