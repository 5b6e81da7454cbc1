"""How curves are shown: smoothing, a logarithmic loss, over epochs or time; kept for the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.runs.curves import Axis
from pages.shared import state


@dataclass(frozen=True)
class View:
    """The settings.

    Attributes:
        smoothing: weight of the average of what came before, 0 for none.
        log: whether the loss has a logarithmic axis.
        axis: what the curves are drawn over.
    """

    smoothing: float = 0.0
    log: bool = False
    axis: Axis = "epoch"


def current() -> View:
    """The view of this session."""
    kept: View = state.value("view", View())
    return kept


def draw() -> None:
    """Draw the settings in a popover."""
    view = current()
    with st.popover("View", icon=":material/tune:", key="view-menu"):
        st.slider(
            "Smoothing",
            0.0,
            0.99,
            view.smoothing,
            0.01,
            help="Draws an average in which what came before weighs this much, and the measured "
            "values faintly behind it. 0 draws them as they were measured.",
            **_kept("smoothing", view.smoothing),
        )
        st.toggle(
            "Logarithmic loss",
            view.log,
            help="Equal steps are equal factors, so that small losses can be told apart.",
            **_kept("log", view.log),
        )
        st.segmented_control(
            "Along the axis",
            ["epoch", "time"],
            default=view.axis,
            required=True,
            format_func={"epoch": "Epochs", "time": "Time"}.get,
            help="Time is that of training, from its first measurement on, without pauses.",
            **_kept("axis", view.axis),
        )


def _kept(name: str, value: Any) -> dict[str, Any]:
    key = state.follow(f"view-{name}", value)
    return {"key": key, "on_change": _change, "args": (name, key)}


def _change(name: str, key: str) -> None:
    if state.live(f"view-{name}", key) and state.value(key) is not None:
        state.keep("view", View(**{**vars(current()), name: state.value(key)}))
