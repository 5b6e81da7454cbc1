"""What a design costs, in a row of figures; the time is of this machine, once it is measured."""

from __future__ import annotations

import streamlit as st

from core import words
from core.data.dataset import Dataset
from core.design import cost
from core.design.analysis import Analysis
from core.design.cost import Speed
from core.draft import Draft
from core.errors import AppError
from core.train import speed
from pages.shared import images, measuring


def draw(analysis: Analysis, data: Dataset | None, draft: Draft) -> None:
    """Draw the figures. Without images there is no time to tell."""
    known, train = speed.load(), draft.train
    row = st.container(horizontal=True, gap="medium")
    for label, figure, about in (
        ("Parameters", words.count(analysis.parameters), "Numbers the network learns or keeps."),
        (
            "Multiply-adds",
            words.large(analysis.macs),
            "Products that are summed up for one image, in convolutions and dense layers.",
        ),
        (
            "Model size",
            words.size(cost.model_size(analysis)),
            "Of the saved weights: four bytes for each parameter.",
        ),
        (
            "Training memory",
            words.size(cost.training_memory(analysis, train)),
            f"About what the training takes at its peak, at batch size {train.batch_size}, "
            "TensorFlow included.",
        ),
        (
            "Sees",
            f"{analysis.reach} × {analysis.reach} px",
            "Receptive field of the last layer that keeps places apart: how much of the image one "
            "of its values can depend on.",
        ),
    ):
        row.metric(label, figure, width="content", help=about)
    if known is not None and data is not None:
        row.metric(
            "Time per epoch",
            _epoch(analysis, data, draft, known),
            width="content",
            help="Estimated from a measurement of this machine, with nothing else running.",
        )
    elif known is None:
        measuring.draw("design-measure", "how long an epoch takes")


def _epoch(analysis: Analysis, data: Dataset, draft: Draft, known: Speed) -> str:
    try:
        split = images.split(data, draft.train)
    except AppError:  # Train says what is wrong with the set
        return "–"
    seconds = cost.seconds_per_epoch(
        analysis,
        draft.train,
        len(split.train),
        len(split.validation),
        known,
        mirror=draft.augment.mirror,
    )
    return words.duration(seconds)
