"""The settings of a pretrained network: those that its kind has, and which trained run it is."""

from __future__ import annotations

import streamlit as st

from core.errors import SpecError
from core.specs import Backbone
from core.specs.layers.pretrained import RUN
from core.transfer import kept
from pages.designer import editing
from pages.shared import fields, state


def settings(layer: Backbone) -> tuple[str, ...]:
    """Names of the settings that have a usual field."""
    unfit = ("run", "weights") if layer.network == RUN and layer.weights is None else ("run",)
    return tuple(name for name in Backbone.settings() if name not in unfit)


def draw(layer: Backbone, part: str, save: fields.Save) -> None:
    """Draw the choice among the trained runs; one that is chosen is kept, whatever becomes of it."""
    if layer.network != RUN:
        return
    names = [run.id for run in kept.offered()]
    if layer.run is not None and layer.run not in names:
        names.insert(0, layer.run)
    base = f"{part}.run"
    key = state.follow(base, layer.run)
    field = Backbone.model_fields["run"]
    st.selectbox(
        field.title or "",
        names,
        index=None if layer.run is None else names.index(layer.run),
        placeholder="Choose a run" if names else "No run has a model yet",
        key=key,
        help=field.description,
        on_change=lambda: state.live(base, key) and _take(state.value(key), save),
    )


def _take(name: str | None, save: fields.Save) -> None:
    try:
        save("run", name)
    except SpecError as error:
        editing.report(error)
