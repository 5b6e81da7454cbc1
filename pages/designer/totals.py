"""What a design costs, in a row of figures."""

from __future__ import annotations

import streamlit as st

from core import words
from core.design.analysis import Analysis

FLOAT_BYTES = 4  # weights are 32-bit floats


def draw(analysis: Analysis) -> None:
    """Draw the figures."""
    row = st.container(horizontal=True, gap="medium")
    row.metric(
        "Parameters",
        words.count(analysis.parameters),
        width="content",
        help="Numbers the network learns or keeps.",
    )
    row.metric(
        "Multiply-adds",
        words.large(analysis.macs),
        width="content",
        help="Products that are summed up for one image, in convolutions and dense layers.",
    )
    row.metric(
        "Model size",
        words.size(analysis.parameters * FLOAT_BYTES),
        width="content",
        help="Four bytes for each parameter.",
    )
    row.metric(
        "Sees",
        f"{analysis.reach} × {analysis.reach} px",
        width="content",
        help="Receptive field of the last layer that keeps places apart: how much of the image one "
        "of its values can depend on.",
    )
