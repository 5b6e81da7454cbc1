"""This design beside another one: a preset, or that of a past run."""

from __future__ import annotations

import streamlit as st

from core import words
from core.design.analysis import Analysis, Row, analyse
from core.design.compare import Pair, compare
from core.design.details import details
from core.design.picture import svg
from core.design.presets import PRESETS
from core.errors import AppError
from core.runs import run as runs
from core.specs import ModelSpec
from pages.shared import cached, frame

_MARKS = {"only left": "only here", "only right": "only there"}
RUNS = 100


def draw(analysis: Analysis) -> None:
    """Draw the choice of the other design, the figures of both, and their layers side by side."""
    presets = {item.name: item.model for item in PRESETS}
    listed = [f"run {run.id}" for run, _ in cached.runs()[:RUNS]]
    name = st.selectbox(
        "Compare with",
        [*presets, *listed],
        index=None,
        key="design-compare",
        placeholder="A preset, or a past run",
    )
    if not name:
        st.caption("Choose another design to see what differs, layer by layer.")
        return
    try:
        model = presets[name] if name in presets else _of_run(name.removeprefix("run "))
    except AppError as error:
        frame.show_error(error)
        return
    other = analyse(model, analysis.shape, analysis.classes)
    _figures(analysis, other, name)
    pairs = compare(analysis, other)
    differ = sum(pair.change != "same" for pair in pairs)
    st.markdown(
        f"**{words.several(differ, 'difference')}** in {words.several(len(pairs), 'layer')}."
    )
    table = [_row(pair) for pair in pairs]
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "Here": st.column_config.TextColumn(f"Here: {analysis.model.name}"),
            "There": st.column_config.TextColumn(f"There: {name}"),
        },
        alt=f"Layers of {analysis.model.name} and {name} side by side",
    )
    left, right = st.columns(2)
    left.html(f'<div style="overflow-x:auto">{svg(analysis)}</div>')
    right.html(f'<div style="overflow-x:auto">{svg(other)}</div>')


def _of_run(name: str) -> ModelSpec:
    return runs.find(name).spec.model


def _figures(left: Analysis, right: Analysis, name: str) -> None:
    row = st.container(horizontal=True, gap="large")
    for label, ours, theirs, show in (
        ("Parameters", left.parameters, right.parameters, words.count),
        ("Multiply-adds", left.macs, right.macs, words.large),
        ("Activations per image", 4 * left.values, 4 * right.values, words.size),
    ):
        row.metric(
            label,
            show(ours),
            delta=f"{show(theirs)} in {name}",
            delta_color="off",
            delta_arrow="off",
            width="content",
        )


def _row(pair: Pair) -> dict[str, str]:
    return {
        "Here": _cell(pair.left),
        "There": _cell(pair.right),
        "Difference": _MARKS.get(pair.change)
        or ", ".join(_label(pair, name) for name in pair.settings),
    }


def _label(pair: Pair, name: str) -> str:
    """A setting's name on screen, in small letters."""
    own = {"on": "on or off", "vary": "search ranges"}
    row = pair.left or pair.right
    title = type(row.layer).model_fields[name].title if row else None
    return own.get(name) or (title or name).lower()


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    off = "" if row.layer.on else " (switched off)"
    return f"{row.number} · {row.title} {details(row.layer)}{off}".strip()
