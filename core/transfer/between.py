"""What a frozen network makes of images between two of its blocks, and at its end, in one pass.

In the folder of core.transfer.networks:

    blocks-int8.tflite     from scaled images in 8 bits to what leaves each block, and the averaged maps
    blocks-int8.json       which of its outputs is which
    blocks-int8.refused    instead of them, where 8 bits say something else: why
    until-<block>.onnx     from pixels, float32 [n, height, width, 3], 0 to 255, to both
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core import files
from core.design.backbones import facts
from core.errors import ModelError
from core.specs import Backbone
from core.transfer import engines, int8, networks
from core.transfer.engines import Engine

_END = "end"  # the averaged maps, among the names of blocks


@dataclass(frozen=True)
class Between:
    """Rows of numbers that hold the maps between two blocks, and then the averaged maps of the end.

    Attributes:
        engine: makes the rows.
        shape: height, width and channels of the maps.
        steps: of the maps and of the end: what a step is worth, and the step that is worth nothing.
    """

    engine: Engine
    shape: tuple[int, int, int]
    steps: tuple[tuple[float, int], tuple[float, int]]

    def maps(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The maps as they are kept, [n, height, width, channels]."""
        return rows[:, : int(np.prod(self.shape))].reshape(-1, *self.shape)

    def end(self, rows: NDArray[Any]) -> NDArray[np.float16]:
        """The averaged maps, float16 [n, channels]."""
        worth, zero = self.steps[1]
        found = rows[:, int(np.prod(self.shape)) :]
        return ((found.astype(np.float32) - zero) * worth).astype(np.float16)


def between(layer: Backbone, size: int, block: str, doing: Callable[[str], None]) -> Between:
    """What computes the maps that leave a block, for images of that size.

    Args:
        doing: told what takes long, where something does.

    Raises:
        ModelError: the network cannot be read or converted.
        StorageError: there is no room for its files.
    """
    known = facts(layer)
    if known.int8 and engines.has_litert() and (path := _int8(layer, doing)) is not None:
        places = json.loads(path.with_suffix(".json").read_bytes())
        chosen = places[block], places[_END]
        made = engines.LiteRT(path, size, known.mean, known.spread, outputs=chosen)
        height, width, channels = made.shapes[0]
        return Between(made, (height, width, channels), (made.steps[0], made.steps[1]))
    engine = engines.Onnx(onnx(layer, block, doing), size)
    height, width, channels = engine.shapes[0]
    return Between(engine, (height, width, channels), ((1.0, 0), (1.0, 0)))


def onnx(layer: Backbone, block: str, doing: Callable[[str], None]) -> Path:
    """The file of the maps that leave a block, and of the averaged ones; raises ModelError, StorageError."""
    path = networks.folder(layer) / f"until-{block}.onnx"
    if not path.exists():
        with networks.once([path], doing) as missing:
            if missing:
                networks.write_onnx(layer, _outputs(layer, [block]), path)
    return path


def _outputs(layer: Backbone, names: list[str]) -> keras.Model:
    """From scaled images to what leaves these blocks, and to the averaged maps."""
    network, found = networks.scaled(layer), networks.blocks(layer)
    ends = [block.output for block in found if block.name in names]
    end = keras.layers.GlobalAveragePooling2D()(found[-1].output)
    return keras.Model(network.inputs[0], [*ends, end], name=layer.network)


def _int8(layer: Backbone, doing: Callable[[str], None]) -> Path | None:
    path = networks.folder(layer) / "blocks-int8.tflite"
    refused = path.with_suffix(networks.REFUSED)
    if not path.exists() and not refused.exists():
        with networks.once([path, refused], doing) as missing:
            if missing:
                _write_int8(layer, path)
    return path if path.exists() else None


def _write_int8(layer: Backbone, path: Path) -> None:
    """Write the file and which of its outputs is which, or why floats are to be taken instead."""
    known, size = facts(layer), networks.calibrated_at(layer)
    names = [block.name for block in networks.blocks(layer)[:-1]]
    model = _outputs(layer, names)
    images, pixels = networks.examples(layer)
    wanted = [np.asarray(one) for one in model(pixels, training=False)]
    try:
        with files.replacing(path) as part:
            int8.convert(model, size, known.mean, known.spread, part, raw=True)
            found = [_floats(part, place, layer, images) for place in range(len(wanted))]
            places = [_nearest(one, found) for one in wanted]
            if len(set(places)) < len(places):
                raise ModelError(
                    f"The blocks of {known.title} in 8-bit integers cannot be told apart",
                    expected="another output for each block",
                    received=f"{len(set(places))} for {len(places)} blocks",
                    remedy="It is used in floats",
                )
            networks.require_alike(layer, found[places[-1]], wanted[-1])
            told = dict(zip([*names, _END], places, strict=True))
            files.write_json(path.with_suffix(".json"), told)
    except ModelError as error:
        files.write_json(path.with_suffix(networks.REFUSED), error.to_dict())


def _floats(path: Path, place: int, layer: Backbone, images: engines.Images) -> NDArray[Any]:
    """One output of a file, float32 [n, ...]."""
    known = facts(layer)
    made = engines.LiteRT(
        path,
        networks.calibrated_at(layer),
        known.mean,
        known.spread,
        outputs=(place,),
        threads=1,
    )
    ((worth, zero),), (shape,) = made.steps, made.shapes
    return (made.run(images).astype(np.float32).reshape(-1, *shape) - zero) * worth


def _nearest(wanted: NDArray[Any], found: list[NDArray[Any]]) -> int:
    """The place of the output that is this one; the converter has an order of its own."""
    apart = [
        float(np.abs(one - wanted).mean()) if one.shape == wanted.shape else np.inf for one in found
    ]
    return int(np.argmin(apart))
