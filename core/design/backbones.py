"""What is known of each pretrained network without loading it: one table for all that ask.

Figures are of the network without its last layer; tests compare them with the built one. Accuracies
are on the 50,000 validation photos of ImageNet, one crop each: those of Keras Applications from
https://keras.io/api/applications, MobileNetV3's and the quarter MobileNet's from the docstrings of
keras.applications, EfficientNet-Lite0's from its authors. What is known of a trained run was written
when it was kept (core.transfer.kept).
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core import workspace
from core.errors import SpecError
from core.specs import Backbone, ModelSpec
from core.specs.layers.pretrained import RUN, TITLES, BackboneName

Scale = float | tuple[float, float, float]  # of all channels, or of red, green and blue


@dataclass(frozen=True)
class Application:
    """A network of Keras Applications, and its weights without the last layer.

    Attributes:
        function: of keras.applications, which makes it with `options`.
        folder: below the address of all weights.
        file: as Keras names it.
        digest: MD5 or SHA-256 of the file, in hexadecimal; empty where Keras knows none.
    """

    function: str
    folder: str
    file: str
    digest: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Of one network, without its last layer.

    Attributes:
        title: its name on screen.
        parameters: of all its layers.
        channels: of the maps that it makes.
        reach: height and width, in pixels, of what one place of a map can depend on; 0 where that
            is all of the image, as squeezing makes it.
        macs: multiply-adds for each pixel of an image.
        accuracy: share of ImageNet's validation photos that the whole network names right; None of a
            trained run.
        about: where it is from, in a sentence.
        mean: what is taken from pixels, 0 to 255, before they are divided by `spread`.
        stride: pixels of the image that one place of a map stands for.
        whole: the part of the stride by which a rest of pixels counts as whole; by the others it
            is left out.
        once: multiply-adds for each image, whatever its size.
        size: height and width of the photos that it is used on most.
        int8: whether it is made of what 8-bit integers hold well: ReLU, and no layer normalization.
        application: None where it comes with Layerwise.
        sizes: of a trained run, whose layers may be any: the fewest pixels that give one place, two
            places, and so on.
    """

    title: str
    parameters: int
    channels: int
    reach: int
    macs: float
    accuracy: float | None
    about: str
    mean: Scale
    spread: Scale
    stride: int = 32
    whole: int = 32
    once: int = 0
    size: int = 224
    int8: bool = False
    application: Application | None = None
    sizes: tuple[int, ...] = ()

    @property
    def least(self) -> int:
        """Height and width of images that are large enough."""
        return self.sizes[0] if self.sizes else self.stride

    def places(self, pixels: int) -> int:
        """Height or width of the maps of an image that has so many pixels there."""
        if self.sizes:
            return bisect_right(self.sizes, pixels)
        return -(-pixels // self.whole) // (self.stride // self.whole)


# what networks were trained with: -1 to 1, and ImageNet's own mean and deviation
_SIGNED: dict[str, Any] = {"mean": 127.5, "spread": 127.5}
_IMAGENET: dict[str, Any] = {
    "mean": (0.485 * 255, 0.456 * 255, 0.406 * 255),
    "spread": (0.229 * 255, 0.224 * 255, 0.225 * 255),
}
_BARE = {"include_preprocessing": False}  # where Keras would put the scaling inside

BACKBONES: dict[BackboneName, Facts] = {
    "efficientnet_lite0": Facts(
        title=TITLES["efficientnet_lite0"],
        parameters=3_413_024,
        channels=1280,
        reach=851,
        macs=7651.21875,
        accuracy=0.751,
        about="Small and fast on processors (Tan and Le 2019). It comes with Layerwise.",
        mean=127.0,
        spread=128.0,
        int8=True,
    ),
    "mobilenet_025": Facts(
        title=TITLES["mobilenet_025"],
        parameters=218_544,
        channels=256,
        reach=315,
        macs=812.625,
        accuracy=0.506,
        about="The smallest and fastest of all (Howard et al. 2017).",
        **_SIGNED,
        whole=2,
        int8=True,
        application=Application(
            "MobileNet", "mobilenet", "mobilenet_2_5_224_tf_no_top.h5", options={"alpha": 0.25}
        ),
    ),
    "mobilenet": Facts(
        title=TITLES["mobilenet"],
        parameters=3_228_864,
        channels=1024,
        reach=315,
        macs=11314.5,
        accuracy=0.704,
        about="The first one made for telephones (Howard et al. 2017).",
        **_SIGNED,
        whole=2,
        int8=True,
        application=Application("MobileNet", "mobilenet", "mobilenet_1_0_224_tf_no_top.h5"),
    ),
    "mobilenet_v2": Facts(
        title=TITLES["mobilenet_v2"],
        parameters=2_257_984,
        channels=1280,
        reach=491,
        macs=5968.875,
        accuracy=0.713,
        about="Small and fast; a usual choice (Sandler et al. 2018).",
        **_SIGNED,
        whole=2,
        int8=True,
        application=Application(
            "MobileNetV2",
            "mobilenet_v2",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        ),
    ),
    "mobilenet_v3_small": Facts(
        title=TITLES["mobilenet_v3_small"],
        parameters=939_120,
        channels=576,
        reach=0,
        macs=1084.9375,
        accuracy=0.681,
        about="Found by a search for few multiply-adds (Howard et al. 2019).",
        **_SIGNED,
        whole=2,
        once=458_752,
        application=Application(
            "MobileNetV3Small",
            "mobilenet_v3",
            "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
            "d3e8ec802a04aa4fc771ee12a9a9b836",
            _BARE,
        ),
    ),
    "mobilenet_v3_large": Facts(
        title=TITLES["mobilenet_v3_large"],
        parameters=2_996_352,
        channels=960,
        reach=0,
        macs=4236.5625,
        accuracy=0.756,
        about="Found by a search, for telephones (Howard et al. 2019).",
        **_SIGNED,
        whole=2,
        once=1_507_200,
        application=Application(
            "MobileNetV3Large",
            "mobilenet_v3",
            "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
            "07fb09a5933dd0c8eaafa16978110389",
            _BARE,
        ),
    ),
    "efficientnet_v2_b0": Facts(
        title=TITLES["efficientnet_v2_b0"],
        parameters=5_919_312,
        channels=1280,
        reach=0,
        macs=14265.28125,
        accuracy=0.787,
        about="Accurate for its size (Tan and Le 2021).",
        **_IMAGENET,
        once=1_031_424,
        application=Application(
            "EfficientNetV2B0",
            "efficientnet_v2",
            "efficientnetv2-b0_notop.h5",
            "893217f2bb855e2983157299931e43ff",
            _BARE,
        ),
    ),
    "efficientnet_v2_b1": Facts(
        title=TITLES["efficientnet_v2_b1"],
        parameters=6_931_124,
        channels=1280,
        reach=0,
        macs=20196.53125,
        accuracy=0.798,
        about="The same, deeper, for photos of 240 pixels (Tan and Le 2021).",
        **_IMAGENET,
        once=1_198_080,
        size=240,
        application=Application(
            "EfficientNetV2B1",
            "efficientnet_v2",
            "efficientnetv2-b1_notop.h5",
            "0e80663031ca32d657f9caa404b6ec37",
            _BARE,
        ),
    ),
    "efficientnet_v2_b2": Facts(
        title=TITLES["efficientnet_v2_b2"],
        parameters=8_769_374,
        channels=1408,
        reach=0,
        macs=23236.046875,
        accuracy=0.805,
        about="The same, wider, for photos of 260 pixels (Tan and Le 2021).",
        **_IMAGENET,
        once=1_530_944,
        size=260,
        application=Application(
            "EfficientNetV2B2",
            "efficientnet_v2",
            "efficientnetv2-b2_notop.h5",
            "1dfe2e7a5d45b6632553a8961ea609eb",
            _BARE,
        ),
    ),
    "efficientnet_v2_b3": Facts(
        title=TITLES["efficientnet_v2_b3"],
        parameters=12_930_622,
        channels=1536,
        reach=0,
        macs=32010.0,
        accuracy=0.820,
        about="The most accurate one here, for photos of 300 pixels (Tan and Le 2021).",
        **_IMAGENET,
        once=2_308_864,
        size=300,
        application=Application(
            "EfficientNetV2B3",
            "efficientnet_v2",
            "efficientnetv2-b3_notop.h5",
            "f6abf7b5849ac99a89b50dd3fd532856",
            _BARE,
        ),
    ),
    "resnet50_v2": Facts(
        title=TITLES["resnet50_v2"],
        parameters=23_564_800,
        channels=2048,
        reach=483,
        macs=69360.0,
        accuracy=0.760,
        about="What others are compared with; large (He et al. 2016).",
        **_SIGNED,
        int8=True,
        application=Application(
            "ResNet50V2",
            "resnet",
            "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "fac2f116257151a9d068a22e544a4917",
        ),
    ),
    "densenet121": Facts(
        title=TITLES["densenet121"],
        parameters=7_037_504,
        channels=1024,
        reach=2071,
        macs=56464.0,
        accuracy=0.750,
        about="Every layer sees all before it: few parameters, much work (Huang et al. 2017).",
        **_IMAGENET,
        whole=4,
        int8=True,
        application=Application(
            "DenseNet121",
            "densenet",
            "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "30ee3e1110167f948a6b9946edeeb738",
        ),
    ),
    "convnext_tiny": Facts(
        title=TITLES["convnext_tiny"],
        parameters=27_820_128,
        channels=768,
        reach=1688,
        macs=88782.75,
        accuracy=0.813,
        about="Made of what transformers taught; accurate and large (Liu et al. 2022).",
        **_IMAGENET,
        whole=1,
        application=Application(
            "ConvNeXtTiny",
            "convnext",
            "convnext_tiny_notop.h5",
            "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
            _BARE,
        ),
    ),
}


def facts(layer: Backbone) -> Facts:
    """Of the network that the layer names.

    Raises:
        SpecError: it is a trained run that is not kept. The message does not name the layer.
    """
    if layer.network != RUN:
        return BACKBONES[layer.network]
    path = kept(layer.run) / "facts.json"
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SpecError(
            "takes a trained run that is not ready for it",
            expected=f"a run that was made ready, in {path.parent.parent}",
            received=layer.run or "no run",
            remedy="Choose a run again, or another network",
        ) from error


def kept(run: str | None) -> Path:
    """Where a trained run is kept as a backbone, whether it is or not; see core.transfer.kept."""
    return workspace.runs_folder() / ".backbones" / (Path(run or "").name or "none")


@lru_cache(maxsize=64)
def _read(path: Path, changed: int, size: int) -> Facts:  # noqa: ARG001 - a changed file is another
    told = json.loads(path.read_bytes())["facts"]
    return Facts(**{**told, "sizes": tuple(told["sizes"])})


def used(model: ModelSpec) -> Backbone | None:
    """The pretrained network of a design; None where it has none, or one that is switched off."""
    found = (layer for layer in model.layers if isinstance(layer, Backbone) and layer.on)
    return next(found, None)
