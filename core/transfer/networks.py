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

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from core import files
from core.design import onnx as converter
from core.design.backbones import facts
from core.errors import ModelError, storing
from core.specs import Backbone
from core.specs.layers.pretrained import RUN
from core.transfer import applications, engines, graph, int8, lite0, offers, trained, weights
from core.transfer.engines import Engine
from core.transfer.graph import Block
from core.transfer.tail import Tail

CALIBRATED_AT = 192  # pixels; a trained run at its own size
_TRIED_AT = 64
# mean cosine between features in 8 bits and in floats, below which floats are taken; at 0.980
# MobileNetV2 learned gear as well as in floats, and five times as fast (docs/benchmarks.md)
_ALIKE = 0.97
_COMPARED = 16  # images
REFUSED = ".refused"


def scaled(layer: Backbone) -> keras.Model:
    """The layer's network from scaled images to maps, frozen; made once.

    Raises:
        ModelError: its weights are not there, or cannot be read.
    """
    return _built(layer)[0]


def blocks(layer: Backbone) -> tuple[Block, ...]:
    """The blocks of that model; for errors see there."""
    return _built(layer)[1]


def _built(layer: Backbone) -> tuple[keras.Model, tuple[Block, ...]]:
    plain = layer.model_copy(update={"enlarge": None, "vary": ()})
    return _build(plain, weights.version(layer))


@cache
def _build(layer: Backbone, _: str) -> tuple[keras.Model, tuple[Block, ...]]:
    if layer.network == RUN:
        made = trained.build(layer)
    else:
        made = lite0.build() if facts(layer).application is None else applications.build(layer)
    made.trainable = False
    return made, graph.blocks(made)  # before anything else is made of it


def network(layer: Backbone, name: str, learns: Tail | None = None) -> keras.Model:
    """A backbone's layer: from pixels, 0 to 255, to maps, as it predicts, whatever trains behind it.

    Args:
        learns: the last part of it, where that is not what it was.

    Raises:
        ModelError: its weights cannot be read.
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x: Any = pixels
    if layer.enlarge is not None:
        x = keras.layers.Resizing(layer.enlarge, layer.enlarge, name="enlarge")(x)
    x = scaling(layer)(x)
    if learns is None:
        x = scaled(layer)(x, training=False)
    else:
        x = x if learns.front is None else learns.front(x, training=False)
        x = learns.model(x, training=False)
    made = keras.Model(pixels, x, name=name)
    if learns is None:  # else its parts know themselves what of them learns
        made.trainable = False
    return made


def scaling(layer: Backbone) -> keras.layers.Layer:
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
    if known.int8 and engines.has_litert() and (path := _int8(layer, pooled, doing)) is not None:
        return engines.LiteRT(path, size, known.mean, known.spread)
    return engines.Onnx(onnx(layer, pooled, doing), size)


def prepare(layer: Backbone) -> None:
    """Get ready what a run with an averaged backbone takes; see `engine` for what may be raised."""
    blank = np.zeros((1, CALIBRATED_AT, CALIBRATED_AT, 3), np.uint8)
    engine(layer, CALIBRATED_AT, True, lambda _: None).run(blank)
    onnx(layer, True, lambda _: None)
    scaled(layer)


def kind(made: Engine) -> str:
    """How an engine computes, for the name of what it made: others make slightly other features."""
    return "int8" if isinstance(made, engines.LiteRT) else "float"


def onnx(layer: Backbone, pooled: bool, doing: Callable[[str], None]) -> Path:
    """The file of its features in ONNX; raises ModelError, StorageError."""
    path = _path(layer, pooled, ".onnx")
    _make(layer, pooled, (path,), write_onnx, doing)
    return path


def _int8(layer: Backbone, pooled: bool, doing: Callable[[str], None]) -> Path | None:
    """The file of its features in 8 bits; None where they would be other features."""
    path = _path(layer, pooled, "-int8.tflite")
    _make(layer, pooled, (path, path.with_suffix(REFUSED)), _write_int8, doing)
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
    with once(paths, doing) as missing:
        if missing:
            image = keras.Input((None, None, 3))
            x = scaled(layer)(image, training=False)
            x = keras.layers.GlobalAveragePooling2D()(x) if pooled else x
            write(layer, keras.Model(image, x, name=layer.network), paths[0])


@contextmanager
def once(paths: Sequence[Path], doing: Callable[[str], None]) -> Iterator[bool]:
    """Whether none of these files is there, so that it is to be made now; other processes wait."""
    path = paths[0]
    with storing(path, "keep a backbone"), FileLock(path.with_suffix(".lock")):
        missing = not any(path.exists() for path in paths)
        if missing:
            doing("preparing the pretrained network, once on this machine")
        yield missing


def _write_int8(layer: Backbone, model: keras.Model, path: Path) -> None:
    """Write the model in 8 bits, or why floats are to be taken instead."""
    known, size = facts(layer), calibrated_at(layer)
    try:
        with files.replacing(path) as part:
            int8.convert(model, size, known.mean, known.spread, part)
            made = engines.LiteRT(part, size, known.mean, known.spread)
            images, pixels = examples(layer)
            require_alike(layer, made.run(images), np.asarray(model(pixels, training=False)))
    except ModelError as error:
        files.write_json(path.with_suffix(REFUSED), error.to_dict())


def calibrated_at(layer: Backbone) -> int:
    """Height and width of the pictures by which its 8-bit integers are found and looked at."""
    return facts(layer).size if layer.network == RUN else CALIBRATED_AT


def examples(layer: Backbone) -> tuple[engines.Images, NDArray[np.float32]]:
    """Pictures that no network was calibrated with, as they are and scaled."""
    known, size = facts(layer), calibrated_at(layer)
    images = np.stack([int8.calibration(int8.IMAGES + n, size) for n in range(_COMPARED)])
    return images, int8.scaled(images, known.mean, known.spread)


def require_alike(layer: Backbone, found: NDArray[Any], wanted: NDArray[Any]) -> None:
    """Raise ModelError where features of `examples` in 8 bits, [n, ...], differ too much from others."""
    known = facts(layer)
    wanted = wanted.reshape(found.shape)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    alike = float(np.mean((found * wanted).sum(axis=1) / np.maximum(lengths, 1e-12)))
    if not alike >= _ALIKE:
        raise ModelError(
            f"{known.title} in 8-bit integers makes other features",
            expected=f"a mean cosine of at least {_ALIKE} with those in floats",
            received=f"{alike:.3f} on {_COMPARED} pictures",
            remedy="It is used in floats",
        )


def write_onnx(layer: Backbone, model: keras.Model, path: Path) -> None:
    """Write a model from scaled images to one output or several, as one from pixels.

    Raises:
        ModelError: ONNX cannot express it, or makes something else of it.
        StorageError: there is no room.
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    whole = keras.Model(pixels, model(scaling(layer)(pixels), training=False), name=layer.network)
    size = facts(layer).size if layer.network == RUN else _TRIED_AT
    example = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.float32)
    with files.replacing(path) as part:
        converter.convert(whole, part, example)
        found = engines.Onnx(part, size).run(example.astype(np.uint8))
        told = keras.tree.flatten(whole(example, training=False))
        wanted = np.concatenate([np.asarray(one).reshape(len(found), -1) for one in told], axis=1)
        if not np.allclose(found, wanted, rtol=1e-3, atol=1e-3 * float(np.abs(wanted).max())):
            raise ModelError(
                f"{facts(layer).title} cannot be prepared for predicting",
                expected="features in ONNX that agree with those in Keras",
                received=f"a difference of {float(np.abs(found - wanted).max()):.3g}",
                remedy="Please report this machine and its versions of onnx and tf2onnx",
            )
