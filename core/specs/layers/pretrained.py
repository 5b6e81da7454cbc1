"""Networks that were trained before, as one row of a design."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from core.specs.layers.base import Group, LayerSpec
from core.specs.spec import setting

BackboneName = Literal[
    "efficientnet_lite0",
    "mobilenet_025",
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "efficientnet_v2_b0",
    "efficientnet_v2_b1",
    "efficientnet_v2_b2",
    "efficientnet_v2_b3",
    "resnet50_v2",
    "densenet121",
    "convnext_tiny",
    "run",
]
RUN: BackboneName = "run"
TITLES: dict[str, str] = {
    "efficientnet_lite0": "EfficientNet-Lite0",
    "mobilenet_025": "MobileNet 0.25",
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3_small": "MobileNetV3 Small",
    "mobilenet_v3_large": "MobileNetV3 Large",
    "efficientnet_v2_b0": "EfficientNetV2 B0",
    "efficientnet_v2_b1": "EfficientNetV2 B1",
    "efficientnet_v2_b2": "EfficientNetV2 B2",
    "efficientnet_v2_b3": "EfficientNetV2 B3",
    "resnet50_v2": "ResNet50V2",
    "densenet121": "DenseNet121",
    "convnext_tiny": "ConvNeXt Tiny",
}


def network() -> Any:
    """The declaration of which network it is."""
    return setting(
        "efficientnet_lite0",
        label="Network",
        help="Which network. EfficientNet-Lite0 comes with Layerwise and needs no download; run is one "
        "that was trained here; the others are those of Keras Applications, whose weights are "
        "downloaded once.",
        labels={**TITLES, RUN: "A trained run"},
    )


def run() -> Any:
    """The declaration of which trained run it is."""
    return setting(
        None,
        label="Run",
        help="The trained run whose layers up to its last maps are the network, where the network is a run.",
        empty="None",
        form="the name of a trained run",
    )


def weights() -> Any:
    """The declaration of the file that its weights are read from."""
    return setting(
        None,
        label="File of weights",
        help="Path of a file with the network's weights as Keras keeps them, without its last layer "
        "(no_top .h5). Without one they are read from $KERAS_HOME/models, and downloaded there first.",
        empty="As Keras Applications has them",
    )


class Backbone(LayerSpec):
    """A network trained on the 1.3 million photos of ImageNet, or a trained run, without its last layers.

    It knows edges, textures and parts of things already, and stays as it is, but where a transfer
    fine-tunes it: only the layers behind it learn. It comes right after the Input, and brings its own scaling of the pixels.
    """

    GROUP: ClassVar[Group] = "Pretrained"
    kind: Literal["backbone"] = "backbone"
    network: BackboneName = network()
    run: str | None = run()
    weights: str | None = weights()
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
