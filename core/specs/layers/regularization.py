"""Dropout: noise while training, against learning by heart. Inactive when predicting."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from core.specs.layers.base import Group, LayerSpec
from core.specs.spec import setting


def rate(words: str, default: float = 0.5) -> Any:
    """The declaration of a dropout rate."""
    return setting(default, ge=0.0, lt=1.0, label="Rate", help=words, search=(0.0, 0.6))


class Dropout(LayerSpec):
    """Sets a random share of the values to 0 while training, against learning by heart."""

    GROUP: ClassVar[Group] = "Regularization"
    kind: Literal["dropout"] = "dropout"
    rate: float = rate("Share of values set to 0.")


class SpatialDropout2D(LayerSpec):
    """Sets whole channels to 0 while training: neighbouring pixels tell the same anyway."""

    GROUP: ClassVar[Group] = "Regularization"
    kind: Literal["spatial_dropout2d"] = "spatial_dropout2d"
    rate: float = rate("Share of channels set to 0.", 0.2)
