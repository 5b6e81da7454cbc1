"""The design to take away: a link, a file, a Keras script, a diagram."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.design import link
from core.design.analysis import Analysis
from core.design.picture import svg
from core.design.script import script
from core.errors import AppError
from pages.shared import frame, images, state


def draw(analysis: Analysis) -> None:
    """Draw the downloads and the link."""
    model, name = analysis.model, analysis.model.name.replace(" ", "-")
    row = st.container(horizontal=True, gap="small")
    row.download_button(
        "Design (JSON)",
        link.text(model),
        file_name=f"{name}.json",
        mime="application/json",
        icon=":material/data_object:",
        on_click="ignore",
        help="For the command line, or to keep: python -m core train --design FILE",
    )
    row.download_button(
        "Diagram (SVG)",
        svg(analysis, alone=True),
        file_name=f"{name}.svg",
        mime="image/svg+xml",
        icon=":material/image:",
        on_click="ignore",
    )
    _code(analysis, row)
    st.markdown(
        "**Link.** The whole design is in it; whoever opens it has the design on this page."
    )
    st.code(state.link("design", link.pack(model)), language=None, wrap_lines=True)


def _code(analysis: Analysis, row: DeltaGenerator) -> None:
    """The script, as a download and to read, where the design fits."""
    draft = state.draft()
    if analysis.errors:
        st.caption("The Keras script comes as soon as the design fits together.")
        return
    try:
        data = images.dataset(draft.data)
        text = script(
            analysis.model,
            draft.data,
            draft.train,
            draft.augment,
            shape=data.shape,
            classes=data.classes,
        )
    except AppError as error:
        frame.show_error(error)
        return
    row.download_button(
        "Keras script (Python)",
        text,
        file_name="train.py",  # as it calls itself
        mime="text/x-python",
        icon=":material/code:",
        on_click="ignore",
    )
    st.markdown("**Script.** It trains this network on these images, without Layerwise.")
    st.code(text, language="python", height=420)
