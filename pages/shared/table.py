"""The table of runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core import words
from core.errors import AppError
from core.runs.run import Run
from core.runs.status import RunStatus


def show_runs(listed: list[tuple[Run, RunStatus]], key: str) -> None:
    """Draw runs as rows; choosing one opens its page."""
    rows = [_row(run, status) for run, status in listed]
    event = st.dataframe(
        pd.DataFrame(rows),
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Created": st.column_config.DatetimeColumn(format="distance"),
            "Validation accuracy": st.column_config.NumberColumn(format="percent"),
            "Test accuracy": st.column_config.ProgressColumn(
                format="percent", min_value=0.0, max_value=1.0
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
        "Validation accuracy": status.val_accuracy,
        "Test accuracy": status.test_accuracy,
        "Time": words.duration(status.seconds),
        "Created": datetime.fromtimestamp(status.created, UTC),
    }
