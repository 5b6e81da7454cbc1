"""Networks that were trained before, as one row of a design."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from core.specs.layers.base import Group, LayerSpec
from core.specs.spec import setting

BackboneName = Literal["efficientnet_lite0"]


def network() -> Any:
    """The declaration of which network it is."""
    return setting(
        "efficientnet_lite0",
        label="Network",
        help="Which network. EfficientNet-Lite0 comes with Layerwise and needs no download.",
        labels={"efficientnet_lite0": "EfficientNet-Lite0"},
    )


class Backbone(LayerSpec):
    """A network trained on the 1.3 million photos of ImageNet, without its last layer.

    It knows edges, textures and parts of things already, and stays as it is: only the layers behind
    it learn. It comes right after the Input, and brings its own scaling of the pixels.
    """

    GROUP: ClassVar[Group] = "Pretrained"
    kind: Literal["backbone"] = "backbone"
    network: BackboneName = network()
    enlarge: int | None = setting(
        None,
        ge=32,
        le=512,
        step=32,
        label="Enlarge to",
        help="Height and width that images are brought to first, inside the model. It was trained on "
        "photos of 224 pixels, and sees little in smaller ones: 128 to 224 pay for images of 32.",
        empty="As they come",
    )
