"""The Keras models of a design with a backbone: what learns, and the whole that is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core import files
from core.design import onnx
from core.design.build import follow, maker, whole
from core.errors import storing
from core.specs.data import Fit
from core.transfer import int8, joined, networks
from core.transfer.between import Between
from core.transfer.between import onnx as until
from core.transfer.cut import Cut
from core.transfer.tail import Tail

_COMPARED = 2  # images by which the two are


@dataclass(frozen=True)
class Models:
    """The models of a cut design, made of the same layers: what one learns, the others know.

    Attributes:
        rest: from what is kept of the frozen part's output to probabilities; it learns.
        behind: the same from floats, as the frozen part's ONNX file gives them.
        whole: from photos of any size to probabilities.
        front: the ONNX file of the frozen part, from pixels at the size that the backbone sees; None
            where nothing is frozen.
        size: height and width at which the backbone sees the images.
        tail: the part of the backbone that learns; None where none does.
    """

    rest: keras.Model
    behind: keras.Model
    whole: keras.Model
    front: Callable[[Callable[[str], None]], Path] | None
    shape: tuple[int, int, int]
    size: int
    mirror: bool
    tail: Tail | None = None

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
        frozen = self.front(doing) if self.front is not None else None
        example = np.zeros((2, *self.behind.input_shape[1:]), np.float32)
        with (
            storing(path, "save the model for predicting"),
            tempfile.TemporaryDirectory() as folder,
            files.replacing(path) as part,
        ):
            between = Path(folder) / "rest.onnx"
            onnx.convert(self.behind, between, example)
            joined.join(
                frozen,
                between,
                part,
                shape=self.shape,
                size=self.size,
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
    given = keras.Input(found.shape)
    return Models(
        rest,
        keras.Model(given, rest(given, training=False)),
        made,
        lambda doing: networks.onnx(found.backbone, found.pooled, doing),
        shape,
        found.size,
        mirror,
    )


def tuned(
    found: Cut, learns: Tail, frozen: Between | None, shape: tuple[int, int, int], fit: Fit
) -> Models:
    """The models of a design whose backbone's last blocks learn too.

    Args:
        frozen: what makes the maps that the tail takes; None where all of the backbone learns.
        shape: height, width and channels of the images.
        fit: how photos are brought to that shape.

    Raises:
        ModelError: the backbone's weights cannot be read.
    """
    layer = found.backbone
    make = maker(lambda layer: networks.network(layer, found.name, learns))
    made = whole(found.rows, shape, make, resize=fit)

    def end(maps: Any) -> Any:
        return follow(found.behind, learns.model(maps), make)

    if frozen is None:
        image = keras.Input(shape, dtype="uint8", name="image")
        pixels = keras.Input((found.size, found.size, 3), name="pixels")
        larger: Any = image
        if found.size != shape[0]:
            floats = keras.layers.Rescaling(1.0)(image)  # bytes would be rounded once more
            larger = keras.layers.Resizing(found.size, found.size, name="enlarge")(floats)
        rest = keras.Model(image, end(networks.scaling(layer)(larger)), name="rest")
        behind = keras.Model(pixels, end(networks.scaling(layer)(pixels)))
        return Models(rest, behind, made, None, shape, found.size, False, learns)
    maps = keras.Input(frozen.shape, name="maps")
    behind = keras.Model(maps, end(maps))
    worth, zero = frozen.steps[0]
    kept = keras.Input(frozen.shape, dtype=np.dtype(frozen.engine.kept).name, name="kept")
    rest = keras.Model(kept, end(keras.layers.Rescaling(worth, -zero * worth)(kept)), name="rest")
    block = networks.blocks(layer)[-len(learns.blocks) - 1].name
    return Models(
        rest,
        behind,
        made,
        lambda doing: until(layer, block, doing),
        shape,
        found.size,
        False,
        learns,
    )
