"""The picture of the network as a component: it lights the layer under the hand."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.design.analysis import Analysis
from core.design.picture import svg
from pages.designer import editing

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "layerwise-network",
    html='<div class="network"></div>',
    css=(_HERE / "network.css").read_text(),
    js=(_HERE / "network.js").read_text(),
)


def draw(analysis: Analysis) -> None:
    """Draw the network; a click on a layer selects it in the stack."""
    _mount(
        key="design-network",
        data={"svg": svg(analysis), "selected": editing.selected(analysis.model) + 1},
    )
