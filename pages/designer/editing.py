"""What an edit on the page does: change the draft's design, move the selection, or say why not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import streamlit as st

from core import draft as drafts
from core.design import edits, link
from core.errors import AppError, SpecError
from core.specs import LAYERS, ModelSpec
from pages.shared import state

Edit = Callable[[ModelSpec], ModelSpec]
KEY = "design"


def selected(model: ModelSpec) -> int:
    """Position, from 0, of the layer that is worked on."""
    return min(max(int(state.value(f"{KEY} selected", 1)), 0), len(model.layers) - 1)


def select(position: int) -> None:
    """Work on another layer."""
    state.keep(f"{KEY} selected", position)


def shown(model: ModelSpec) -> None:
    """Remember which design the person sees; edits are made to that one only."""
    state.keep(f"{KEY} shown", stamp(model))


def stamp(model: ModelSpec) -> str:
    """A short word for a design; equal designs have the same."""
    return hashlib.blake2b(link.pack(model).encode(), digest_size=8).hexdigest()


def edit(change: Edit, then: int | None = None) -> None:
    """Make an edit, then select the layer at `then`. For callbacks: problems are shown later, but
    for SpecError, which is raised: the widget explains it.

    Positions mean the design that the person saw. Where another tab has changed it meanwhile,
    nothing is done but to show how it is now.
    """

    stale = False

    def guarded(model: ModelSpec) -> ModelSpec:
        nonlocal stale
        stale = state.value(f"{KEY} shown") != stamp(model)
        if stale:
            st.toast(
                "The design was changed in another tab. Here it is now; make your edit again.",
                icon=":material/info:",
            )
            return model
        return change(model)

    try:
        model = drafts.edit(guarded).model
    except SpecError:
        raise
    except AppError as error:
        report(error)
        return
    shown(model)
    if then is not None and not stale:
        select(min(then, len(model.layers) - 1))


def take(change: Callable[[], Any]) -> None:
    """Undo, redo, or another design altogether."""
    try:
        shown(change().model)
    except AppError as error:
        report(error)


def report(error: AppError) -> None:
    """Show what went wrong in a callback when the page is drawn."""
    state.keep(f"{KEY} problem", error)


def problem() -> AppError | None:
    """What went wrong in the last callback, once."""
    error: AppError | None = state.value(f"{KEY} problem")
    state.keep(f"{KEY} problem", None)
    return error


def perform(operation: dict[str, Any]) -> None:
    """One gesture in the stack; positions count from 0."""
    act, at = operation["act"], int(operation.get("at", 0))
    if act == "select":
        select(at)
    elif act == "add" and operation.get("kind") in LAYERS:
        edit(lambda model: edits.add(model, at, LAYERS[operation["kind"]]()), then=at)
    elif act == "move":
        end = int(operation["to"])
        edit(lambda model: edits.move(model, at, end), then=end)
    elif act == "remove":
        edit(lambda model: edits.remove(model, at), then=max(at - 1, 0))
    elif act == "duplicate":
        edit(lambda model: edits.duplicate(model, at), then=at + 1)
    elif act == "switch":
        edit(lambda model: edits.switch(model, at))
    elif act == "undo":
        take(drafts.undo)
    elif act == "redo":
        take(drafts.redo)
