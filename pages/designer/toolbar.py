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


def draw(model: ModelSpec, fits: bool) -> None:
    """Draw the upper bar: what concerns the whole design. One that does not fit cannot be trained."""
    history = drafts.history()
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
            help="Ctrl Z in the stack",
        )
        st.button(
            "Redo",
            key="design-redo",
            icon=":material/redo:",
            disabled=not history.future,
            on_click=editing.redo,
            help="Ctrl Shift Z in the stack",
        )
        st.space("stretch")
        st.page_link(
            "pages/train.py",
            label=":primary[**Continue to training**]",
            icon=":material/arrow_forward:",
            disabled=not fits,
            help=None if fits else "A layer does not fit yet: it is marked ✕ in the stack.",
        )


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
    before = analysis.model
    possible = True

    def change(model: ModelSpec) -> ModelSpec:
        nonlocal before, possible
        changed = step(model, analysis.shape, analysis.classes)
        before, possible = model, changed is not None
        return changed or model

    if editing.edit(change) and not possible:
        st.toast(f"This design cannot be made {name} and still fit.", icon=":material/info:")
    editing.select_change(before, drafts.load().model)


def _rename(key: str) -> None:
    if not state.live("design-name", key):
        return
    name = str(state.value(key)).strip()
    try:
        editing.edit(lambda model: model.changed(name=name), in_place=True)
    except SpecError:
        editing.report(
            SpecError(
                "A design cannot have this name",
                expected="1 to 60 letters, digits, spaces and . ( ) + - _",
                received=repr(name)[:80],
                remedy="Choose another name",
            )
        )
        return
    if (now := drafts.load().model.name) != name:
        st.toast(f"{name} is a preset's name. This design is called {now}.", icon=":material/info:")
