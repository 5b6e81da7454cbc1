"""A run's figures: what it has learned, how fast it is, and what it takes of the machine."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import words
from core.runs.status import RunStatus, State


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
    _machine(row, status)


def _machine(row: DeltaGenerator, status: RunStatus) -> None:
    """What the worker takes of the machine; of one that has ended the most it took of its memory."""
    if status.state is not State.RUNNING:
        if status.memory_peak is not None:
            row.metric("Memory, at most", words.size(status.memory_peak), width="content")
        return
    if status.cpu is not None:
        row.metric(
            "Processors",
            f"{status.cpu:.0%}",
            width="content",
            help="Share of all processors of the machine that this training keeps busy.",
        )
    if status.memory is not None:
        row.metric(
            "Memory",
            words.size(status.memory),
            width="content",
            help="Main memory that this training has now, TensorFlow and the images included.",
        )
    if status.gpu_memory is not None:
        row.metric(
            "Graphics card",
            "–" if status.gpu is None else f"{status.gpu:.0%}",
            delta=f"{words.size(status.gpu_memory)} in use",
            delta_color="off",
            delta_arrow="off",
            width="content",
            help="Share of time in which the card is busy, and its memory in use, by all programs.",
        )
