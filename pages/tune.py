"""Tune: the learning rate, the size of the network, and many variants, or a group of them by ?group=."""

import streamlit as st

from pages.shared import frame, state
from pages.tuning import groups, growing, rates, templates

TOOLS = {
    "Learning rate": (":material/ssid_chart:", rates.draw),
    "Grow": (":material/trending_up:", growing.draw),
    "Variants": (":material/grid_view:", templates.draw),
}


def tools() -> None:
    """The choice of a tool, which stands in the address, and the tool."""
    chosen = st.segmented_control(
        "Tool",
        list(TOOLS),
        default="Learning rate",
        required=True,
        format_func=lambda name: f"{TOOLS[name][0]} {name}",
        label_visibility="collapsed",
        key="tool",
        bind="query-params",
    )
    TOOLS[chosen or "Learning rate"][1]()


with frame.page("Tune", "Find better settings by trying them side by side."):
    if name := state.address("group"):
        st.page_link("pages/tune.py", label="All tools", icon=":material/arrow_back:")
        groups.show(name)
    else:
        tools()
