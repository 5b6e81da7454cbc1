"""A run's figures: what it has learned, how fast it is, and what it takes of the machine."""

from __future__ import annotations

import streamlit as st

from core import words
from core.runs.status import RunStatus


def draw(status: RunStatus) -> None:
    best = f"best epoch {status.best_epoch}" if status.best_epoch else "after the first epoch"
    tested = (
        f"{words.count(status.test_images)} images"
        if status.test_accuracy is not None
        else "at the end"
    )
    row = st.container(horizontal=True, gap="medium")
    row.metric(
        "Validation accuracy",
        words.percent(status.val_accuracy),
        delta=best,
        delta_color="off",
        delta_arrow="off",
        width="content",
        help="Share of the validation images named right, in the epoch with the lowest validation "
        "loss. These images choose the best epoch.",
    )
    row.metric(
        "Test accuracy",
        words.percent(status.test_accuracy),
        delta=tested,
        delta_color="off",
        delta_arrow="off",
        width="content",
        help="Share of the test images named right by the best epoch's model. Neither training nor "
        "the choice of the epoch has seen them.",
    )
    row.metric("Images/s", words.count(status.images_per_second), width="content")
    row.metric("Time", words.duration(status.seconds), width="content")
