"""Above the stack: where to start from, the name, undo and redo, and steps to grow and shrink."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core import draft as drafts
from core.design import grow
from core.design.analysis import Analysis
from core.errors import SpecError
from core.specs import ModelSpec
from pages.designer import editing, start
from pages.shared import state

Step = Callable[[ModelSpec, tuple[int, int, int], int], ModelSpec | None]
_STEPS = (
    ("Wider", "unfold_more", grow.wider, "Twice the filters and units in every layer."),
    ("Narrower", "unfold_less", grow.narrower, "Half the filters and units in every layer."),
    ("Deeper", "add", grow.deeper, "One more convolution or block in every stage."),
    ("Shallower", "remove", grow.shallower, "One convolution or block less in every stage."),
)


def draw(model: ModelSpec) -> None:
    """Draw the upper bar: what concerns the whole design."""
    history, now = drafts.history(), editing.stamp(model)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        start.draw(model)
        key = state.follow("design-name", model.name)
        st.text_input(
            "Name", model.name, key=key, max_chars=60, on_change=_rename, args=(key,), width=220
        )
        st.button(
            "Undo",
            key="design-undo",
            icon=":material/undo:",
            disabled=not history.past,
            on_click=editing.undo,
            args=(now,),
            help="Ctrl Z in the stack",
        )
        st.button(
            "Redo",
            key="design-redo",
            icon=":material/redo:",
            disabled=not history.future,
            on_click=editing.redo,
            args=(now,),
            help="Ctrl Shift Z in the stack",
        )
        st.space("stretch")
        if st.button("Continue to training", type="primary", icon=":material/arrow_forward:"):
            st.switch_page("pages/train.py")


def draw_steps(analysis: Analysis) -> None:
    """Draw the steps that change the whole design at once."""
    for label, icon, step, about in _STEPS:
        st.button(
            label,
            key=f"design-{label.lower()}",
            icon=f":material/{icon}:",
            help=about,
            disabled=bool(analysis.errors),
            on_click=_grow,
            args=(label.lower(), step, analysis),
        )


def _grow(name: str, step: Step, analysis: Analysis) -> None:
    changed = step(analysis.model, analysis.shape, analysis.classes)
    if changed is None:
        st.toast(f"This design cannot be made {name} and still fit.", icon=":material/info:")
    else:
        editing.edit(lambda _: changed)


def _rename(key: str) -> None:
    def change(model: ModelSpec) -> ModelSpec:
        return model.changed(name=str(state.value(key)).strip())

    if not state.live("design-name", key):
        return
    try:
        editing.edit(change)
    except SpecError as error:
        editing.report(error)
