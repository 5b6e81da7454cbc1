"""The selected layer: what it does, what is wrong with it, its settings, and what can be done."""

from __future__ import annotations

import streamlit as st

from core import words
from core.design import edits
from core.design.advice import Finding
from core.design.analysis import Analysis, Row
from core.design.details import details
from core.specs import LAYERS, Backbone, Input, LayerSpec, ModelSpec, Output, Weighted
from core.transfer import kept
from pages.designer import backbone, editing, ranges
from pages.shared import fields, frame, state

_MORE = Weighted.settings()  # folded away: what every layer with a kernel has


def draw(analysis: Analysis, findings: list[Finding]) -> None:
    """Draw the panel of the selected layer."""
    model = analysis.model
    at = editing.selected(model)
    row = analysis.rows[at]
    _elsewhere(findings, row.number)
    with st.container(border=True):
        st.subheader(f"{row.number} · {row.title}", anchor=False)
        st.caption(" ".join((type(row.layer).__doc__ or "").split()))
        here = [item for item in findings if item.number == row.number]
        for number, finding in enumerate(here):
            _finding(finding, f"{at}-{number}")
        _settings(row.layer, at)
        _numbers(row)
        _actions(model, at)
        _adding(at)


def _elsewhere(findings: list[Finding], number: int) -> None:
    """Say that another layer has an error, and lead there."""
    others = [item for item in findings if item.level == "error" and item.number != number]
    if not others:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(
            f":red[:material/error: Layer {others[0].number} does not fit yet.]", width="content"
        )
        st.button(
            f"Show layer {others[0].number}",
            key="design-elsewhere",
            on_click=editing.select,
            args=(others[0].number - 1,),
        )


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
            args=(finding.edit, None, editing.seen()),
        )


def _settings(layer: LayerSpec, at: int) -> None:
    names = backbone.settings(layer) if isinstance(layer, Backbone) else type(layer).settings()
    main = tuple(name for name in names if name not in _MORE)

    def save(name: str, value: object) -> None:
        def change(model: ModelSpec) -> ModelSpec:
            # a late message of a widget that is no longer there, see state.follow
            if editing.selected(model) != at or type(now := model.layers[at]) is not type(layer):
                return model
            made = edits.replace(model, at, now.changed(**{name: value}))
            return kept.pinned(made) if name == "run" else made

        editing.edit(change, in_place=True)

    part = f"design-{layer.KIND}-{at}"
    fields.edit_all(part, layer, main, columns=2, save=save)
    if isinstance(layer, Backbone):
        backbone.draw(layer, part, save)
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
    for action, label, icon, able, change, then in (
        (
            "move-up",
            "Move up",
            "arrow_upward",
            edits.can_move(model, at, at - 1),
            lambda now: edits.move(now, at, at - 1),
            at - 1,
        ),
        (
            "move-down",
            "Move down",
            "arrow_downward",
            edits.can_move(model, at, at + 1),
            lambda now: edits.move(now, at, at + 1),
            at + 1,
        ),
        (
            "duplicate",
            "Duplicate",
            "content_copy",
            not end,
            lambda now: edits.duplicate(now, at),
            at + 1,
        ),
        (
            "switch",
            "Switch off" if layer.on else "Switch on",
            "toggle_on" if layer.on else "toggle_off",
            not (layer.on and end),
            lambda now: edits.switch(now, at),
            at,
        ),
        (
            "delete",
            "Delete",
            "delete",
            not isinstance(layer, Input) or at > 0,
            lambda now: edits.remove(now, at),
            max(at - 1, 0),
        ),
    ):
        row.button(
            label,
            key=f"design-{action}",
            icon=f":material/{icon}:",
            disabled=not able,
            on_click=editing.edit,
            args=(change, then, editing.seen()),
        )


def _adding(at: int) -> None:
    """The palette once more, as a list to type into."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.selectbox(
            "Layer to add",
            [kind for kind, layer in LAYERS.items() if layer is not Input],
            key="design-add",
            format_func=lambda kind: LAYERS[kind].TITLE,
        )
        st.button(
            "Add below",
            icon=":material/add:",
            key="design-add-below",
            on_click=_add,
            args=(at, editing.seen()),
        )


def _add(at: int, on: str) -> None:
    kind = state.value("design-add")  # now, not when the button was drawn
    editing.perform({"act": "add", "kind": kind, "at": at + 1}, on)


def _numbers(row: Row) -> None:
    """What the layer makes and costs; an opened block line by line."""
    if not row.nodes:
        off = (
            "Switched off: what comes in goes out as it is."
            if not row.layer.on
            else "Not known yet what comes out."
        )
        st.caption(off)
        return
    reach = "all of the image" if row.reach is None else f"{row.reach} × {row.reach} px"
    st.caption(
        f"{words.shape(row.input_shape or ())} in, {words.shape(row.output_shape or ())} out · "
        f"{words.several(row.parameters, 'parameter')} · {words.large(row.macs)} multiply-adds · "
        f"{words.size(4 * row.values)} of activations per image · sees {reach}"
    )
    if len(row.nodes) == 1:
        return
    box = st.expander(
        "Layers inside",
        icon=":material/account_tree:",
        key="design-opened",
        on_change="rerun",
    )
    if box.open:
        with box:
            _opened(row)


def _opened(row: Row) -> None:
    st.caption(f"{row.title} stands for {len(row.nodes)} layers.")
    st.dataframe(
        [
            {
                "Layer": node.layer.TITLE,
                "Name": _short(row, node.name),
                "Gets": ", ".join(_short(row, name) for name in node.inputs),
                "Settings": details(node.layer),
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
        alt=f"The layers that {row.title} stands for",
    )


def _short(row: Row, name: str) -> str:
    """A part's name inside its block, such as conv 1."""
    prefix = f"{row.name}_"
    return name.removeprefix(prefix).replace("_", " ") if name.startswith(prefix) else "the input"
