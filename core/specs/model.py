"""A design: a named stack of layers."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from core.specs.layers import Layer
from core.specs.spec import Spec

MOST_LAYERS = 500


class ModelSpec(Spec):
    """A design, from the input to the output; whether its shapes fit is core.design.shapes' to say."""

    name: str = Field("design", min_length=1, max_length=60, pattern=r"^[\w .()+-]+$")
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=MOST_LAYERS)

    @field_validator("layers", mode="before")
    @classmethod
    def _check_number(cls, value: Any) -> Any:
        """Count before each is looked at: a link of 800 characters can unpack to 200,000 layers."""
        if isinstance(value, list | tuple) and len(value) > MOST_LAYERS:
            raise ValueError(f"a design has at most {MOST_LAYERS} layers, not {len(value):,}")
        return value
