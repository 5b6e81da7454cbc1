"""Normalization: values brought to mean 0 and deviation 1, then scaled and shifted as learned."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from core.specs.layers.base import Group, LayerSpec
from core.specs.spec import setting


def epsilon() -> Any:
    """The declaration of what keeps a variance of 0 from being divided by."""
    return setting(
        1e-3, gt=0.0, le=1.0, label="Epsilon", help="Added to the variance to avoid division by 0."
    )


class BatchNormalization(LayerSpec):
    """Brings each channel to mean 0 and deviation 1 over the batch, then scales it again."""

    GROUP: ClassVar[Group] = "Normalization"
    kind: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = setting(
        0.99,
        ge=0.0,
        lt=1.0,
        label="Momentum",
        help="Inertia of the moving mean and variance.",
        search=(0.8, 0.99),
    )
    epsilon: float = epsilon()


class LayerNormalization(LayerSpec):
    """Brings the channels at each place to mean 0 and deviation 1, image by image."""

    GROUP: ClassVar[Group] = "Normalization"
    kind: Literal["layer_normalization"] = "layer_normalization"
    epsilon: float = epsilon()


class GroupNormalization(LayerSpec):
    """Normalizes groups of channels over each image; works with small batches too."""

    GROUP: ClassVar[Group] = "Normalization"
    kind: Literal["group_normalization"] = "group_normalization"
    groups: int = setting(
        8, ge=1, le=1024, label="Groups", help="Must divide the number of channels."
    )
    epsilon: float = epsilon()
