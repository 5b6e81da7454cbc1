"""What an edit on the page does: change the draft's design, move the selection, or say why not.

Positions mean the design that a person saw. Every gesture therefore brings that design's `stamp`;
where the draft has another one by now, nothing is done but to show it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import streamlit as st

from core import draft as drafts
from core.design import edits, link
from core.design.edits import Edit
from core.draft import Draft
from core.errors import AppError, SpecError
from core.specs import LAYERS, ModelSpec
from pages.shared import state

KEY = "design"


def selected(model: ModelSpec) -> int:
    """Position, from 0, of the layer that is worked on."""
    return min(max(int(state.value(f"{KEY} selected", 1)), 0), len(model.layers) - 1)


def select(position: int) -> None:
    """Work on another layer."""
    state.keep(f"{KEY} selected", position)


def shown(model: ModelSpec) -> None:
    """Remember which design the person sees."""
    state.keep(f"{KEY} shown", stamp(model))


def seen() -> str:
    """The stamp of the design that the person sees."""
    return str(state.value(f"{KEY} shown", ""))


def stamp(model: ModelSpec) -> str:
    """A short word for a design; equal designs have the same."""
    return hashlib.blake2b(link.pack(model).encode(), digest_size=8).hexdigest()


def edit(
    change: Edit, then: int | None = None, on: str | None = None, *, in_place: bool = False
) -> bool:
    """Make an edit, then select the layer at `then`. For callbacks: problems are shown later, but
    for SpecError, which is raised: the widget explains it.

    Args:
        on: stamp of the design that is meant; without it, the one that is shown.
        in_place: every layer stays where it is, so that gestures made before it still make sense:
            a number that is typed arrives together with the button that is pressed next.

    Returns:
        Whether the design is the one that was meant.
    """

    def guarded(model: ModelSpec) -> ModelSpec:
        return change(model) if known(model) else model

    known = _Meant(seen() if on is None else on)
    try:
        model = drafts.edit(guarded).model
    except SpecError:
        raise
    except AppError as error:
        report(error)
        return False
    if known.stale:
        return False
    if in_place:
        state.keep(
            f"{KEY} same places", {**state.value(f"{KEY} same places", {}), known.on: stamp(model)}
        )
    shown(model)
    if then is not None:
        select(min(then, len(model.layers) - 1))
    return True


def undo(on: str | None = None) -> bool:
    """Take the last edit back; as for `edit`."""
    return _go(drafts.undo, on)


def redo(on: str | None = None) -> bool:
    """Make the last edit again; as for `edit`."""
    return _go(drafts.redo, on)


def _go(step: Callable[[Callable[[ModelSpec], bool]], Draft], on: str | None) -> bool:
    known = _Meant(seen() if on is None else on)
    before = drafts.load().model
    try:
        model = step(known).model
    except AppError as error:
        report(error)
        return False
    if not known.stale:
        shown(model)
        select_change(before, model)
    return not known.stale


def select_change(before: ModelSpec, after: ModelSpec) -> None:
    """Work on the first layer in which two designs differ."""
    pairs = enumerate(zip(before.layers, after.layers, strict=False))
    shorter = min(len(before.layers), len(after.layers))
    first = next((at for at, (old, new) in pairs if old != new), shorter)
    if before.layers != after.layers:
        select(min(first, len(after.layers) - 1))


class _Meant:
    """Whether a design is the one that a gesture meant; says so on the page where it is not."""

    def __init__(self, on: str) -> None:
        self.on = on
        self.stale = False

    def __call__(self, model: ModelSpec) -> bool:
        now = stamp(model)
        places: dict[str, str] = dict(state.value(f"{KEY} same places", {}))
        while self.on != now and self.on in places:
            self.on = places.pop(self.on)
        self.stale = self.on != now
        if self.stale:
            st.toast(
                "The design had changed before this arrived. Here it is now; make your edit again.",
                icon=":material/info:",
            )
        return not self.stale


def take(change: Callable[[], Draft]) -> None:
    """Another design altogether."""
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


def perform(operation: dict[str, Any], on: str | None = None) -> bool:
    """One gesture in the stack, positions from 0; returns whether later ones still make sense."""
    act, at = operation["act"], int(operation.get("at", 0))
    if act == "select":
        select(at)
        return True
    if act == "add" and operation.get("kind") in LAYERS:
        return edit(lambda model: edits.add(model, at, LAYERS[operation["kind"]]()), at, on)
    if act == "move":
        end = int(operation["to"])
        return edit(lambda model: edits.move(model, at, end), end, on)
    if act == "remove":
        return edit(lambda model: edits.remove(model, at), max(at - 1, 0), on)
    if act == "duplicate":
        return edit(lambda model: edits.duplicate(model, at), at + 1, on)
    if act == "switch":
        return edit(lambda model: edits.switch(model, at), None, on)
    return {"undo": undo, "redo": redo}[act](on)
