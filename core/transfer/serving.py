"""The Keras models of a design with a backbone: what learns, and the whole that is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from core import files
from core.design import onnx
from core.design.build import follow, maker, whole
from core.errors import storing
from core.specs.data import Fit
from core.transfer import int8, joined, networks
from core.transfer.cut import Cut

_COMPARED = 2  # images by which the two are


@dataclass(frozen=True)
class Models:
    """The two models of a cut design, made of the same layers: what one learns, the other knows.

    Attributes:
        rest: from features, float16, to probabilities.
        whole: from photos of any size to probabilities.
    """

    cut: Cut
    rest: keras.Model
    whole: keras.Model
    shape: tuple[int, int, int]
    mirror: bool

    def session(self, path: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """What asks the written file: probabilities [n, classes] of images at the working size."""
        import onnxruntime

        made = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return lambda images: np.asarray(made.run(None, {"image": images})[0])

    def write_onnx(self, path: Path, doing: Callable[[str], None]) -> float:
        """Write the whole model for onnxruntime, for images at the working size, once it agrees.

        Returns:
            The largest difference of a class probability.

        Raises:
            ModelError: it cannot be expressed in ONNX, or is another one there.
            StorageError: there is no room.
        """
        backbone = networks.onnx(self.cut.backbone, self.cut.pooled, doing)
        example = np.zeros((2, *self.cut.shape), np.float32)
        given = keras.Input(self.cut.shape)
        rest = keras.Model(given, self.rest(given, training=False))
        with (
            storing(path, "save the model for predicting"),
            tempfile.TemporaryDirectory() as folder,
            files.replacing(path) as part,
        ):
            between = Path(folder) / "rest.onnx"
            onnx.convert(rest, between, example)
            joined.join(
                backbone,
                between,
                part,
                shape=self.shape,
                size=self.cut.size,
                mirror=self.mirror,
            )
            images = [int8.calibration(number, self.shape[0]) for number in range(_COMPARED)]
            return onnx.difference(self.whole, part, np.stack(images))


def models(found: Cut, shape: tuple[int, int, int], fit: Fit, *, mirror: bool = False) -> Models:
    """The models of a cut design.

    Args:
        shape: height, width and channels of the images.
        fit: how photos are brought to that shape.

    Raises:
        ModelError: the backbone's weights cannot be read.
    """
    make = maker(lambda layer: networks.network(layer, found.name))
    made = whole(found.rows, shape, make, resize=fit, mirror=mirror)
    features = keras.Input(found.shape, dtype="float16", name="features")
    rest = keras.Model(features, follow(found.rest, features, make), name="rest")
    return Models(found, rest, made, shape, mirror)
