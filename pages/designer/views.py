"""Below the stack: the numbers, the maps, the comparison and the files. Only one is worked out."""

from __future__ import annotations

import streamlit as st

from core.design.analysis import Analysis
from pages.designer import comparison, files, maps, numbers

_VIEWS = (
    (":material/table_rows: Every layer", numbers.draw),
    (":material/filter_center_focus: Feature maps", maps.draw),
    (":material/compare: Compare", comparison.draw),
    (":material/download: Code and files", files.draw),
)


def draw(analysis: Analysis) -> None:
    """Draw the tabs and the open one's content."""
    tabs = st.tabs([name for name, _ in _VIEWS], key="design-views", on_change="rerun")
    for tab, (_, content) in zip(tabs, _VIEWS, strict=True):
        if tab.open:
            with tab:
                content(analysis)
