"""The stack of layers as a component: select, drag, keyboard. See stack.js for its half."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core import words
from core.design.advice import Finding
from core.design.analysis import Analysis, Row
from core.design.details import details
from core.design.picture import COLORS
from core.specs import LAYERS, Input, Output
from pages.designer import editing
from pages.shared import state

KEY = "design-stack"
_HERE = Path(__file__).parent
_OFFERED = (
    "Convolution", "Blocks", "Pooling", "Normalization", "Activation", "Regularization", "Dense",
    "Size", "Pretrained", "Ends",
)  # fmt: skip

_mount = st.components.v2.component(
    "layerwise-stack",
    html=(_HERE / "stack.html").read_text(),
    css=(_HERE / "stack.css").read_text(),
    js=(_HERE / "stack.js").read_text(),
)


def draw(analysis: Analysis, findings: list[Finding]) -> None:
    """Draw the stack and the palette; what the person does there happens before the next run."""
    said: dict[int, Finding] = {}
    for finding in findings:
        said.setdefault(finding.number, finding)  # errors come first
    _mount(
        key=KEY,
        data={
            "rows": [_row(row, said.get(row.number)) for row in analysis.rows],
            "selected": editing.selected(analysis.model) + 1,
            "stamp": editing.stamp(analysis.model),
            "palette": palette(),
            "client": state.value(f"{KEY} client", ""),
            "done": state.value(f"{KEY} done", 0),
        },
        on_act_change=_act,
    )


def palette() -> list[dict[str, Any]]:
    """Every layer that can be added, by groups."""
    groups = []
    for name in _OFFERED:
        items = [
            {"kind": kind, "title": layer.TITLE, "about": layer.__doc__ or ""}
            for kind, layer in LAYERS.items()
            if name == layer.GROUP and layer is not Input
        ]
        groups.append({"name": name, "color": COLORS[name], "items": items})
    return groups


def _row(row: Row, finding: Finding | None) -> dict[str, Any]:
    return {
        "title": row.title,
        "details": details(row.layer),
        "color": COLORS[row.layer.GROUP],
        "shape": "" if row.output_shape is None else words.shape(row.output_shape),
        "on": row.layer.on,
        "fixed": row.number == 1 and isinstance(row.layer, Input),
        "end": isinstance(row.layer, Input | Output),
        "level": finding.level if finding else "",
        "says": finding.words if finding else "",
        "vary": bool(row.layer.vary),
    }


def _act() -> None:
    """Do what the browser asks for, each operation once, in its order.

    A message holds all operations that have not been answered, and the stamp of the design that
    they began with. Once one of them does not fit what is there, the rest make no sense either.
    """
    message = (state.value(KEY) or {}).get("act")
    if not isinstance(message, dict):
        return
    begun = (message["client"], message["stamp"])
    # operations that go on from earlier ones of the same message expect what those have made
    on = state.value(f"{KEY} after") if state.value(f"{KEY} begun") == begun else message["stamp"]
    if state.value(f"{KEY} client") != message["client"]:  # the page was opened anew
        state.keep(f"{KEY} client", message["client"])
        state.keep(f"{KEY} done", 0)
    for operation in message["operations"]:
        if operation["id"] > state.value(f"{KEY} done", 0):
            state.keep(f"{KEY} done", operation["id"])
            if not editing.perform(operation, on):
                state.keep(f"{KEY} done", message["operations"][-1]["id"])
                break
            if operation["act"] != "select":
                on = editing.seen()
    state.keep(f"{KEY} begun", begun)
    state.keep(f"{KEY} after", on)
