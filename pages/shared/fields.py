"""A spec's field -> its widget. Bounds, help, default and choices are read from the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import SpecError
from core.specs.spec import Spec, choices, expectation, optional, value_type
from pages.shared import state

Save = Callable[[str, Any], None]


def edit(part: str, spec: Spec, name: str, save: Save | None = None) -> bool:
    """Draw the widget of one setting; return whether its value is valid.

    A valid change is saved at once, by `save` with the setting's name and value, or else in the
    draft's `part`. An invalid one is explained under the field: the widget itself has no bounds,
    since a bounded one would quietly keep the value before.
    """
    field = type(spec).model_fields[name]
    extra: Any = field.json_schema_extra or {}
    label = field.title or name
    base, current = f"{part}.{name}", getattr(spec, name)
    clearable = optional(field)
    key = (state.follow_optional if clearable else state.follow)(base, current)
    common: dict[str, Any] = {
        "key": key,
        "help": field.description,
        "on_change": _save,
        "args": (save or _in_draft(part), name, base, key),
    }
    if options := choices(field):
        labels = extra.get("labels", {})
        st.selectbox(
            label,
            options,
            index=options.index(current),
            format_func=lambda option: labels.get(option, option),
            **common,
        )
    elif value_type(field) is bool:
        st.toggle(label, value=current, **common)
    elif value_type(field) is str:
        st.text_input(label, value=None, placeholder=extra.get("empty"), **common)
    else:
        whole = value_type(field) is int
        st.number_input(
            label,
            value=None if clearable else current,
            step=int(extra.get("step") or 1) if whole else extra.get("step"),
            format=None if whole else "%g",
            placeholder=extra.get("empty"),
            **common,
        )
    try:
        spec.changed(**{name: _given(key)})
    except SpecError:
        st.markdown(f":red[{label}: expected {expectation(field)}.]")
        return False
    return True


def edit_all(
    part: str, spec: Spec, names: tuple[str, ...], columns: int = 2, save: Save | None = None
) -> bool:
    """Draw several settings in a grid; return whether all are valid."""
    valid = True
    for start in range(0, len(names), columns):
        for name, column in zip(names[start : start + columns], st.columns(columns), strict=False):
            with column:
                valid &= edit(part, spec, name, save)
    return valid


def _in_draft(part: str) -> Save:
    return lambda name, value: state.change(**{part: {name: value}})


def _save(save: Save, name: str, base: str, key: str) -> None:
    if not state.live(base, key):
        return
    try:
        save(name, _given(key))
    except SpecError:
        return  # `edit` explains it under the field


def _given(key: str) -> Any:
    """A widget's value; text that was cleared is none."""
    found = state.value(key)
    return (found.strip() or None) if isinstance(found, str) else found
