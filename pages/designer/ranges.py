"""Marks for the tuner: which settings of a layer it may change, and from where to where."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import SpecError
from core.specs import Input, LayerSpec, Output, Vary, usual_mark
from core.specs.spec import bounds, search_range, value_type
from pages.shared import state

Save = Callable[[str, object], None]
ON = "This layer on or off"


def draw(layer: LayerSpec, at: int, save: Save) -> None:
    """Draw the marks of a layer; a change is saved as its `vary`."""
    cls = type(layer)
    names = [name for name in cls.settings() if search_range(cls.model_fields[name]) is not None]
    labels = {name: cls.model_fields[name].title or name for name in names}
    if not isinstance(layer, Input | Output):
        labels["on"] = ON
    if not labels:
        return
    marked = {item.setting: item for item in layer.vary}
    part = f"design-vary-{layer.KIND}-{at}"
    box = st.expander(
        "Search ranges", icon=":material/arrow_range:", key="design-ranges", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        st.caption(
            "Marks for the hyperparameter search of a later version: what it may change here. "
            "A training now uses the settings above."
        )
        base = f"{part}-names"
        chosen = state.follow(base, list(marked))
        st.pills(
            "May vary",
            list(labels),
            format_func=labels.__getitem__,
            selection_mode="multi",
            default=list(marked),
            key=chosen,
            on_change=_try,
            args=(
                base,
                chosen,
                lambda: save("vary", _marks(layer, state.value(chosen), marked)),
            ),
        )
        for name in (name for name in names if name in marked):
            _range(cls, marked[name], f"{part}-{name}", labels[name], _saver(save, marked, name))


def _try(base: str, own: str, save: Callable[[], None]) -> None:
    """For callbacks: what is not valid is explained under the field."""
    if state.live(base, own):
        with contextlib.suppress(SpecError):
            save()


def _marks(
    layer: LayerSpec, names: list[str], marked: dict[str, Vary]
) -> tuple[dict[str, Any], ...]:
    """The marks of the named settings: as they are, or where one usually looks."""
    return tuple((marked.get(name) or usual_mark(layer, name)).model_dump() for name in names)


def _saver(save: Save, marked: dict[str, Vary], name: str) -> Callable[[dict[str, Any]], None]:
    def change(values: dict[str, Any]) -> None:
        marks = {key: item.model_dump() for key, item in marked.items()}
        save("vary", tuple({**marks, name: {"setting": name, **values}}.values()))

    return change


def _range(
    cls: type[LayerSpec],
    mark: Vary,
    key: str,
    label: str,
    save: Callable[[dict[str, Any]], None],
) -> None:
    field = cls.model_fields[mark.setting]
    if mark.options is not None:
        own = state.follow(key, list(mark.options))
        st.multiselect(
            label,
            list(search_range(field) or ()),
            default=list(mark.options),
            key=own,
            on_change=_try,
            args=(key, own, lambda: save({"options": tuple(state.value(own))})),
        )
        if len(state.value(own)) < 2:
            st.markdown(":red[Choose two or more.]")
        return
    low, high = bounds(field)
    whole = value_type(field) is int
    left, right = st.columns(2)
    bases = (f"{key}-low", f"{key}-high")
    keys = [state.follow(*pair) for pair in zip(bases, (mark.low, mark.high), strict=True)]

    def change() -> None:
        save({"low": state.value(keys[0]), "high": state.value(keys[1])})

    for column, words, value, base, own in (
        (left, "from", mark.low, bases[0], keys[0]),
        (right, "to", mark.high, bases[1], keys[1]),
    ):
        column.number_input(
            f"{label}, {words}",
            value=value,
            step=1 if whole else None,
            format=None if whole else "%g",
            key=own,
            on_change=_try,
            args=(base, own, change),
        )
    if (state.value(keys[0]), state.value(keys[1])) != (mark.low, mark.high):
        st.markdown(f":red[From less to more, within {low:g} to {high:g}.]")
