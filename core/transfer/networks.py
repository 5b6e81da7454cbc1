"""Pretrained networks ready to use: as Keras layers, in 8-bit integers, and as ONNX.

    datasets/.cache/backbones/<network>-v<VERSION>/
        pooled-int8.tflite    from scaled images in 8 bits to maps averaged over all places
        pooled.onnx           the same from pixels, float32 [n, height, width, 3], 0 to 255
        maps-int8.tflite, maps.onnx    the same, to maps

Each is made once on a machine, which takes some ten seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
from filelock import FileLock

from core import files, workspace
from core.design import onnx as converter
from core.design.backbones import BACKBONES
from core.errors import ModelError, storing
from core.specs import Backbone
from core.transfer import engines, int8, lite0
from core.transfer.engines import Engine

VERSION = 1  # of what is kept in files
_CALIBRATED_AT = 192  # pixels


@cache
def scaled(network: str) -> keras.Model:
    """The network from scaled images to maps, frozen; made once."""
    assert network == "efficientnet_lite0"
    made = lite0.build()
    made.trainable = False
    return made


def network(layer: Backbone, name: str) -> keras.Model:
    """A backbone's layer: from pixels, 0 to 255, to maps, as it predicts, whatever trains behind it.

    Raises:
        ModelError: its weights cannot be read.
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x: Any = pixels
    if layer.enlarge is not None:
        x = keras.layers.Resizing(layer.enlarge, layer.enlarge, name="enlarge")(x)
    x = keras.layers.Rescaling(1 / lite0.SPREAD, -lite0.MEAN / lite0.SPREAD, name="scale")(x)
    made = keras.Model(pixels, scaled(layer.network)(x, training=False), name=name)
    made.trainable = False
    return made


def folder(network: str) -> Path:
    """Where its files are kept; made where it is missing. Raises StorageError."""
    path = workspace.datasets_folder() / ".cache" / "backbones" / f"{network}-v{VERSION}"
    return files.made_folder(path, "keep a backbone")


def engine(layer: Backbone, size: int, pooled: bool, doing: Callable[[str], None]) -> Engine:
    """What computes its features of images of that size, in the fastest way that does on this machine.

    Args:
        pooled: averaged over all places.
        doing: told what takes long, where something does.

    Raises:
        ModelError: it cannot be read or converted.
        StorageError: there is no room for its files.
    """
    try:
        path = _made(layer.network, pooled, "-int8.tflite", _write_int8, doing)
        return engines.LiteRT(path, size, lite0.MEAN, lite0.SPREAD)
    except ImportError:  # LiteRT is not made for every machine
        return engines.Onnx(onnx(layer.network, pooled, doing), size)


def prepare(layer: Backbone) -> None:
    """Get ready what a run with an averaged backbone takes; see `engine` for what may be raised."""
    blank = np.zeros((1, _CALIBRATED_AT, _CALIBRATED_AT, 3), np.uint8)
    engine(layer, _CALIBRATED_AT, True, lambda _: None).run(blank)
    onnx(layer.network, True, lambda _: None)
    scaled(layer.network)


def kind(made: Engine) -> str:
    """How an engine computes, for the name of what it made: others make slightly other features."""
    return "int8" if isinstance(made, engines.LiteRT) else "float"


def onnx(network: str, pooled: bool, doing: Callable[[str], None]) -> Path:
    """The file of its features in ONNX; raises ModelError, StorageError."""
    return _made(network, pooled, ".onnx", _write_onnx, doing)


def _made(
    network: str,
    pooled: bool,
    ending: str,
    write: Callable[[keras.Model, Path], None],
    doing: Callable[[str], None],
) -> Path:
    """A file of the network's folder, made now where it is missing. Other processes wait for it."""
    path = folder(network) / f"{'pooled' if pooled else 'maps'}{ending}"
    if path.exists():
        return path
    with storing(path, "keep a backbone"), FileLock(path.with_suffix(".lock")):
        if not path.exists():
            doing("preparing the pretrained network, once on this machine")
            image = keras.Input((None, None, 3))
            x = scaled(network)(image, training=False)
            x = keras.layers.GlobalAveragePooling2D()(x) if pooled else x
            write(keras.Model(image, x, name=network), path)
    return path


def _write_int8(model: keras.Model, path: Path) -> None:
    int8.convert(model, _CALIBRATED_AT, lite0.MEAN, lite0.SPREAD, path)


def _write_onnx(scaled: keras.Model, path: Path) -> None:
    pixels = keras.Input((None, None, 3), name="pixels")
    x = keras.layers.Rescaling(1 / lite0.SPREAD, -lite0.MEAN / lite0.SPREAD)(pixels)
    model = keras.Model(pixels, scaled(x, training=False), name=scaled.name)
    example = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    with files.replacing(path) as part:
        converter.convert(model, part, example)
        found = engines.Onnx(part, 64).run(example.astype(np.uint8))
        wanted = np.asarray(model(example, training=False)).reshape(found.shape)
        if not np.allclose(found, wanted, rtol=1e-3, atol=1e-3 * float(np.abs(wanted).max())):
            raise ModelError(
                f"{BACKBONES[scaled.name].title} cannot be prepared for predicting",
                expected="features in ONNX that agree with those in Keras",
                received=f"a difference of {float(np.abs(found - wanted).max()):.3g}",
                remedy="Please report this machine and its versions of onnx and tf2onnx",
            )
