"""The selected layer: what it does, what is wrong with it, its settings, and what can be done."""

from __future__ import annotations

import streamlit as st

from core import words
from core.design import edits
from core.design.advice import Finding
from core.design.analysis import Analysis, Row
from core.specs import LAYERS, Input, LayerSpec, ModelSpec, Output, Weighted
from pages.designer import editing, ranges
from pages.shared import fields, frame, state

_MORE = Weighted.settings()  # folded away: what every layer with a kernel has


def draw(analysis: Analysis, findings: list[Finding]) -> None:
    """Draw the panel of the selected layer."""
    model = analysis.model
    at = editing.selected(model)
    row = analysis.rows[at]
    with st.container(border=True):
        st.subheader(f"{row.number} · {row.title}", anchor=False)
        st.caption(" ".join((type(row.layer).__doc__ or "").split()))
        for number, finding in enumerate(item for item in findings if item.number == row.number):
            _finding(finding, f"{at}-{number}")
        _settings(row.layer, at)
        _numbers(row)
        _actions(model, at)
        _adding(at)


def _finding(finding: Finding, key: str) -> None:
    text = f"{frame.plain(finding.words)} {frame.plain(finding.remedy)}"
    if finding.level == "error":
        st.error(text, icon=":material/error:")
    else:
        st.info(text, icon=":material/lightbulb:")
    if finding.edit is not None:
        st.button(
            finding.label,
            key=f"design-remedy-{key}",
            icon=":material/auto_fix_high:",
            on_click=editing.edit,
            args=(finding.edit,),
        )


def _settings(layer: LayerSpec, at: int) -> None:
    names = type(layer).settings()
    main = tuple(name for name in names if name not in _MORE)

    def save(name: str, value: object) -> None:
        changed = layer.changed(**{name: value})
        editing.edit(lambda model: edits.replace(model, at, changed))

    part = f"design-{layer.KIND}-{at}"
    fields.edit_all(part, layer, main, columns=3, save=save)
    if len(main) < len(names):
        more = st.expander(
            "Bias, penalties and limits",
            icon=":material/tune:",
            key="design-more",
            on_change="rerun",
        )
        if more.open:
            with more:
                fields.edit_all(part, layer, _MORE, columns=2, save=save)
    ranges.draw(layer, at, save)


def _actions(model: ModelSpec, at: int) -> None:
    layer = model.layers[at]
    row = st.container(horizontal=True, gap="small")
    end = isinstance(layer, Input | Output)
    for label, icon, able, change, then in (
        (
            "Move up",
            "arrow_upward",
            edits.can_move(model, at, at - 1),
            lambda now: edits.move(now, at, at - 1),
            at - 1,
        ),
        (
            "Move down",
            "arrow_downward",
            edits.can_move(model, at, at + 1),
            lambda now: edits.move(now, at, at + 1),
            at + 1,
        ),
        (
            "Duplicate",
            "content_copy",
            not end,
            lambda now: edits.duplicate(now, at),
            at + 1,
        ),
        (
            "Switch off" if layer.on else "Switch on",
            "toggle_on" if layer.on else "toggle_off",
            not (layer.on and end),
            lambda now: edits.switch(now, at),
            at,
        ),
        (
            "Delete",
            "delete",
            not isinstance(layer, Input) or at > 0,
            lambda now: edits.remove(now, at),
            max(at - 1, 0),
        ),
    ):
        row.button(
            label,
            key=f"design-{icon}",
            icon=f":material/{icon}:",
            disabled=not able,
            on_click=editing.edit,
            args=(change, then),
        )


def _adding(at: int) -> None:
    """The palette once more, as a list to type into."""
    kinds = [kind for kind, layer in LAYERS.items() if layer is not Input]
    state.follow("design-add", None)
    st.selectbox(
        "Add a layer below",
        kinds,
        index=None,
        key="design-add",
        format_func=lambda kind: LAYERS[kind].TITLE,
        placeholder="Choose or type, such as Conv2D",
        on_change=_add,
        args=(at,),
    )


def _add(at: int) -> None:
    kind = state.value("design-add")
    state.keep("design-add", None)  # ready for the next one
    if kind in LAYERS:
        editing.perform({"act": "add", "kind": kind, "at": at + 1})


def _numbers(row: Row) -> None:
    """What the layer makes and costs; an opened block line by line."""
    if not row.nodes:
        return
    if len(row.nodes) == 1:
        reach = "all of the image" if row.reach is None else f"{row.reach} × {row.reach} px"
        st.caption(
            f"{words.shape(row.input_shape or ())} in, {words.shape(row.output_shape or ())} out · "
            f"{words.several(row.parameters, 'parameter')} · {words.large(row.macs)} multiply-adds · "
            f"{words.size(4 * row.values)} of activations an image · sees {reach}"
        )
        return
    with st.expander(
        "Open the block up",
        icon=":material/account_tree:",
        key="design-opened",
    ):
        st.dataframe(
            [
                {
                    "Layer": node.layer.TITLE,
                    "Gets": ", ".join(
                        name.removeprefix(f"{row.name}_")
                        if name.startswith(row.name)
                        else "the input"
                        for name in node.inputs
                    ),
                    "Name": node.name.removeprefix(f"{row.name}_"),
                    "Output shape": words.shape(node.shape),
                    "Parameters": node.parameters,
                    "Multiply-adds": node.macs,
                }
                for node in row.nodes
            ],
            hide_index=True,
            column_config={
                "Parameters": st.column_config.NumberColumn(format="localized"),
                "Multiply-adds": st.column_config.NumberColumn(format="localized"),
            },
            alt=f"The layers that {row.title} opens up into",
        )
