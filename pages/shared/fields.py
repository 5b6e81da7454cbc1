"""A spec's field -> its widget. Bounds, help, default and choices are read from the field."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.specs.spec import Spec, bounds, choices, optional, value_type
from pages.shared import state


def edit(spec: Spec, name: str) -> Any:
    """Draw the widget of one setting, starting at the spec's value, and return what it holds."""
    field = type(spec).model_fields[name]
    extra: Any = field.json_schema_extra or {}
    label = field.title or name
    key = f"{type(spec).__name__}.{name}"
    state.begin(key, getattr(spec, name))
    if options := choices(field):
        labels = extra.get("labels", {})
        return st.selectbox(
            label,
            options,
            key=key,
            help=field.description,
            format_func=lambda option: labels.get(option, option),
        )
    kind = value_type(field)
    low, high = bounds(field)
    common = {"key": key, "help": field.description}
    if kind is int:
        return st.number_input(
            label,
            min_value=None if low is None else int(low),
            max_value=None if high is None else int(high),
            value=None if optional(field) else "min",
            step=int(extra.get("step") or 1),
            placeholder="Automatic" if optional(field) else None,
            **common,
        )
    return st.number_input(
        label,
        min_value=None if low is None else float(low),
        max_value=None if high is None else float(high),
        step=extra.get("step"),
        format="%g",
        **common,
    )


def edit_all(spec: Spec, names: tuple[str, ...], columns: int = 2) -> dict[str, Any]:
    """Draw several settings in a grid and return their values by name."""
    values = {}
    for start in range(0, len(names), columns):
        for name, column in zip(names[start : start + columns], st.columns(columns), strict=False):
            with column:
                values[name] = edit(spec, name)
    return values


def reset(spec: type[Spec]) -> None:
    """Let the widgets of a spec start from the draft again."""
    state.forget(*(f"{spec.__name__}.{name}" for name in spec.model_fields))
