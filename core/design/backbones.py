"""What is known of each pretrained backbone without loading it."""

from __future__ import annotations

from dataclasses import dataclass

from core.specs import Backbone, ModelSpec


@dataclass(frozen=True)
class Facts:
    """Of one network, without its last layer.

    Attributes:
        title: its name on screen.
        parameters: of all its layers.
        channels: of the maps that it makes.
        stride: pixels of the image that one place of a map stands for.
        reach: height and width, in pixels, of what one place of a map can depend on.
        macs: multiply-adds for each pixel of an image.
        about: where it is from, in a sentence.
    """

    title: str
    parameters: int
    channels: int
    stride: int
    reach: int
    macs: float
    about: str


BACKBONES: dict[str, Facts] = {
    "efficientnet_lite0": Facts(
        title="EfficientNet-Lite0",
        parameters=3_413_024,
        channels=1280,
        stride=32,
        reach=851,
        macs=7651.21875,
        about="Small and fast on processors (Tan and Le 2019). It comes with Layerwise.",
    ),
}


def facts(layer: Backbone) -> Facts:
    """Of the network that the layer names."""
    return BACKBONES[layer.network]


def used(model: ModelSpec) -> Backbone | None:
    """The pretrained network of a design; None where it has none, or one that is switched off."""
    found = (layer for layer in model.layers if isinstance(layer, Backbone) and layer.on)
    return next(found, None)
