"""Pretrained networks ready to use: as Keras layers, in 8-bit integers, and as ONNX.

    datasets/.cache/backbones/<network>-v<VERSION>[-<digest of the weights>]/
        pooled-int8.tflite    from scaled images in 8 bits to maps averaged over all places
        pooled-int8.refused   instead of it, where 8 bits say something else: why
        pooled.onnx           the same from pixels, float32 [n, height, width, 3], 0 to 255
        maps-int8.tflite, maps.onnx    the same, to maps
        speed.json            how long an image takes here, see core.transfer.offers

Each is made once on a machine, which takes from ten seconds to a minute or two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
from filelock import FileLock

from core import files
from core.design import onnx as converter
from core.design.backbones import facts
from core.errors import ModelError, storing
from core.specs import Backbone
from core.transfer import applications, engines, int8, lite0, offers, weights
from core.transfer.engines import Engine

_CALIBRATED_AT = 192  # pixels
# mean cosine between features in 8 bits and in floats, below which floats are taken; at 0.980
# MobileNetV2 learned gear as well as in floats, and five times as fast (docs/benchmarks.md)
_ALIKE = 0.97
_COMPARED = 16  # images
_REFUSED = ".refused"


def scaled(layer: Backbone) -> keras.Model:
    """The layer's network from scaled images to maps, frozen; made once.

    Raises:
        ModelError: its weights are not there, or cannot be read.
    """
    return _scaled(layer.model_copy(update={"enlarge": None, "vary": ()}), weights.version(layer))


@cache
def _scaled(layer: Backbone, _: str) -> keras.Model:
    made = lite0.build() if facts(layer).application is None else applications.build(layer)
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
    x = _scaling(layer)(x)
    made = keras.Model(pixels, scaled(layer)(x, training=False), name=name)
    made.trainable = False
    return made


def _scaling(layer: Backbone) -> keras.layers.Layer:
    """From pixels to what the network was trained with."""
    known = facts(layer)
    mean, spread = np.asarray(known.mean), np.asarray(known.spread)
    scale, offset = 1 / spread, -mean / spread
    return keras.layers.Rescaling(scale.tolist(), offset.tolist(), name="scale")


def folder(layer: Backbone) -> Path:
    """Where its files are kept; made where it is missing. Raises ModelError, StorageError."""
    return files.made_folder(weights.prepared(layer), "keep a backbone")


def engine(layer: Backbone, size: int, pooled: bool, doing: Callable[[str], None]) -> Engine:
    """What computes its features of images of that size, in the fastest way that does on this machine.

    Args:
        pooled: averaged over all places.
        doing: told what takes long, where something does.

    Raises:
        ModelError: it cannot be read or converted, or its weights are not there.
        StorageError: there is no room for its files.
    """
    made = _engine(layer, size, pooled, doing)
    if pooled and offers.speed(layer) is None:
        usual = facts(layer).size
        timed = made if size == usual else _engine(layer, usual, pooled, doing)
        offers.keep_speed(layer, engines.seconds(timed, usual), kind(made))
    return made


def _engine(layer: Backbone, size: int, pooled: bool, doing: Callable[[str], None]) -> Engine:
    known = facts(layer)
    try:
        if known.int8 and (path := _int8(layer, pooled, doing)) is not None:
            return engines.LiteRT(path, size, known.mean, known.spread)
    except ImportError:  # LiteRT is not made for every machine
        pass
    return engines.Onnx(onnx(layer, pooled, doing), size)


def prepare(layer: Backbone) -> None:
    """Get ready what a run with an averaged backbone takes; see `engine` for what may be raised."""
    blank = np.zeros((1, _CALIBRATED_AT, _CALIBRATED_AT, 3), np.uint8)
    engine(layer, _CALIBRATED_AT, True, lambda _: None).run(blank)
    onnx(layer, True, lambda _: None)
    scaled(layer)


def kind(made: Engine) -> str:
    """How an engine computes, for the name of what it made: others make slightly other features."""
    return "int8" if isinstance(made, engines.LiteRT) else "float"


def onnx(layer: Backbone, pooled: bool, doing: Callable[[str], None]) -> Path:
    """The file of its features in ONNX; raises ModelError, StorageError."""
    path = _path(layer, pooled, ".onnx")
    _make(layer, pooled, (path,), _write_onnx, doing)
    return path


def _int8(layer: Backbone, pooled: bool, doing: Callable[[str], None]) -> Path | None:
    """The file of its features in 8 bits; None where they would be other features."""
    path = _path(layer, pooled, "-int8.tflite")
    _make(layer, pooled, (path, path.with_suffix(_REFUSED)), _write_int8, doing)
    return path if path.exists() else None


def _path(layer: Backbone, pooled: bool, ending: str) -> Path:
    return folder(layer) / f"{'pooled' if pooled else 'maps'}{ending}"


def _make(
    layer: Backbone,
    pooled: bool,
    paths: Sequence[Path],
    write: Callable[[Backbone, keras.Model, Path], None],
    doing: Callable[[str], None],
) -> None:
    """Write one of these files where none of them is there. Other processes wait for it."""
    if any(path.exists() for path in paths):
        return
    path = paths[0]
    with storing(path, "keep a backbone"), FileLock(path.with_suffix(".lock")):
        if not any(path.exists() for path in paths):
            doing("preparing the pretrained network, once on this machine")
            image = keras.Input((None, None, 3))
            x = scaled(layer)(image, training=False)
            x = keras.layers.GlobalAveragePooling2D()(x) if pooled else x
            write(layer, keras.Model(image, x, name=layer.network), path)


def _write_int8(layer: Backbone, model: keras.Model, path: Path) -> None:
    """Write the model in 8 bits, or why floats are to be taken instead."""
    known = facts(layer)
    try:
        with files.replacing(path) as part:
            int8.convert(model, _CALIBRATED_AT, known.mean, known.spread, part)
            made = engines.LiteRT(part, _CALIBRATED_AT, known.mean, known.spread)
            _require_alike(layer, made, model)
    except ModelError as error:
        files.write_json(path.with_suffix(_REFUSED), error.to_dict())


def _require_alike(layer: Backbone, made: Engine, model: keras.Model) -> None:
    """Raise ModelError where the features of photos it was not calibrated with differ too much."""
    known, size = facts(layer), _CALIBRATED_AT
    images = np.stack([int8.calibration(int8.IMAGES + n, size) for n in range(_COMPARED)])
    pixels = int8.scaled(images, known.mean, known.spread)
    found = made.run(images)
    wanted = np.asarray(model(pixels, training=False)).reshape(found.shape)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    alike = float(np.mean((found * wanted).sum(axis=1) / np.maximum(lengths, 1e-12)))
    if not alike >= _ALIKE:
        raise ModelError(
            f"{known.title} in 8-bit integers makes other features",
            expected=f"a mean cosine of at least {_ALIKE} with those in floats",
            received=f"{alike:.3f} on {_COMPARED} pictures",
            remedy="It is used in floats",
        )


def _write_onnx(layer: Backbone, model: keras.Model, path: Path) -> None:
    pixels = keras.Input((None, None, 3), name="pixels")
    whole = keras.Model(pixels, model(_scaling(layer)(pixels), training=False), name=layer.network)
    example = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    with files.replacing(path) as part:
        converter.convert(whole, part, example)
        found = engines.Onnx(part, 64).run(example.astype(np.uint8))
        wanted = np.asarray(whole(example, training=False)).reshape(found.shape)
        if not np.allclose(found, wanted, rtol=1e-3, atol=1e-3 * float(np.abs(wanted).max())):
            raise ModelError(
                f"{facts(layer).title} cannot be prepared for predicting",
                expected="features in ONNX that agree with those in Keras",
                received=f"a difference of {float(np.abs(found - wanted).max()):.3g}",
                remedy="Please report this machine and its versions of onnx and tf2onnx",
            )
