"""Where branches meet. Only blocks make these; they are not offered as rows of a design."""

from __future__ import annotations

from typing import ClassVar, Literal

from core.specs.layers.base import Group, LayerSpec


class Merging(LayerSpec):
    """Base of the layers with several inputs."""

    GROUP: ClassVar[Group] = "Merging"


class Add(Merging):
    """The sum of its inputs, value by value."""

    kind: Literal["add"] = "add"


class Multiply(Merging):
    """The product of its inputs; an input of 1 × 1 pixels counts for all pixels."""

    kind: Literal["multiply"] = "multiply"


class Concatenate(Merging):
    """Its inputs' channels side by side."""

    kind: Literal["concatenate"] = "concatenate"


class Squeeze(Merging):
    """The mean of each channel, kept as an image of 1 × 1 pixels."""

    kind: Literal["squeeze"] = "squeeze"
