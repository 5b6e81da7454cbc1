"""A design: a named stack of layers."""

from __future__ import annotations

from pydantic import Field

from core.specs.layers import Layer
from core.specs.spec import Spec


class ModelSpec(Spec):
    """A design, from the input to the output; whether its shapes fit is core.design.shapes' to say."""

    name: str = Field("design", min_length=1, max_length=60, pattern=r"^[\w .()+-]+$")
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=500)
