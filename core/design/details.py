"""A layer's settings in a few words."""

from __future__ import annotations

from typing import Any

from core import words
from core.specs import LayerSpec

# settings that are told even at their default
_ALWAYS = {
    "activation", "filters", "function", "groups", "growth", "kernel_size", "pool_size", "rate",
    "directions", "reduction", "scale", "size", "units",
}  # fmt: skip
_UNSAID = ("linear", "valid")  # what needs no word


def details(layer: LayerSpec) -> str:
    """The settings in a few words, such as "32 filters, 3 × 3, same, relu"."""
    parts = []
    for name in type(layer).settings():
        field, value = type(layer).model_fields[name], getattr(layer, name)
        if name not in _ALWAYS and value == field.default and not (name == "repeat" and value > 1):
            continue
        if value not in _UNSAID or (name == "padding" and value != field.default):
            parts.append(_word(name, field.title or name, value))
    return ", ".join(parts)


def _word(name: str, title: str, value: Any) -> str:
    if name in ("kernel_size", "pool_size"):
        return f"{value} × {value}"
    if name in ("filters", "units", "groups"):
        return words.several(value, name.removesuffix("s"))
    if name == "directions":
        return words.several(value, "pattern")
    if name == "repeat":
        return f"{value} times"
    if name == "use_bias":
        return "no bias"
    if name == "normalization":
        return f"{value} normalization".replace("none", "no")
    if isinstance(value, str) and name != "scale":
        return value
    return f"{title.lower()} {value:g}" if isinstance(value, float) else f"{title.lower()} {value}"
