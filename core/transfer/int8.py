"""A backbone in 8-bit integers, for LiteRT: two to three times as fast as in floats on a processor.

Weights are quantized for each channel, what flows between layers for each tensor, its range taken
from calibration images (Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference, 2018). The images are made here, so that every machine has the
same model, and features kept by one set fit the next.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from core import files
from core.data import sketches
from core.design.backbones import Scale
from core.errors import AppError, ModelError, storing

IMAGES = 96  # for calibration
_LEAVES = 400


def convert(
    network: keras.Model,
    size: int,
    mean: Scale,
    spread: Scale,
    path: Path,
    *,
    raw: bool = False,
) -> None:
    """Write what a backbone makes of images as a LiteRT model.

    Args:
        network: from scaled images float32 [n, height, width, 3] to features.
        size: height and width of the calibration images; the model can be resized later.
        mean: what is taken from bytes, before they are divided by `spread`; of all channels or of each.
        path: the file; the model takes int8 [n, size, size, 3] and gives float32.
        raw: give int8, of each output as it is.

    Raises:
        ModelError: it cannot be converted.
        StorageError: the disk is full, here or where temporary files are.
    """
    image = keras.Input((size, size, 3))
    sized = keras.Model(image, network(image, training=False))
    converter = tf.lite.TFLiteConverter.from_keras_model(sized)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _examples(size, mean, spread)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8 if raw else tf.float32
    between = Path(tempfile.gettempdir())  # where the converter keeps what it is made of
    try:
        with (
            storing(between, "convert a backbone"),
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),  # a line for every weight
        ):
            warnings.simplefilter("ignore")  # it tells of what it was not given, and goes on
            content = converter.convert()
    except (AppError, MemoryError):
        raise
    except Exception as error:  # whatever the converter raises
        raise ModelError(
            f"{network.name} cannot be converted to 8-bit integers",
            expected="layers that LiteRT knows",
            received=(str(error).strip().splitlines() or [type(error).__name__])[0][:300],
            remedy="Please report this backbone; it can be used in floats",
        ) from error
    files.write_bytes(path, content)


def _examples(size: int, mean: Scale, spread: Scale) -> Iterator[list[NDArray[np.float32]]]:
    for number in range(IMAGES):
        yield [scaled(calibration(number, size)[None], mean, spread)]


def scaled(images: NDArray[np.uint8], mean: Scale, spread: Scale) -> NDArray[np.float32]:
    """Images uint8 [n, height, width, 3] as a network takes them, float32."""
    zero, one = np.asarray(mean, np.float32), np.asarray(spread, np.float32)
    found: NDArray[np.float32] = (images.astype(np.float32) - zero) / one
    return found


def calibration(number: int, size: int) -> NDArray[np.uint8]:
    """An image with edges, textures and colours of all kinds, uint8 [size, size, 3].

    In turns a drawing and fallen leaves: shapes one upon another, as photos have them (Ruderman,
    Origins of scaling in natural images, 1997).
    """
    if number % 2:
        drawn = sketches.draw(sketches.CLASSES[number % len(sketches.CLASSES)], number, size)
        return np.asarray(drawn.convert("RGB"))
    return _leaves(np.random.default_rng(number), size)


def _leaves(rng: Any, size: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:size, :size].astype(np.float32)
    pixels = np.full((size, size, 3), rng.integers(0, 256, 3), np.float32)
    for _ in range(_LEAVES):
        # radii as often as their cube is small: then no scale is special
        radius = size * (rng.uniform(1 / 0.5**2, 1 / 0.02**2)) ** -0.5
        top, left = rng.uniform(0, size, 2)
        inside = (y - top) ** 2 + (x - left) ** 2 < radius**2
        color = rng.integers(0, 256, 3)
        waves = np.sin(rng.normal(0, 1.0, 2) @ np.stack([y[inside], x[inside]]))
        pixels[inside] = color + rng.uniform(0, 60) * waves[:, None]
    grain = rng.normal(0, rng.uniform(0, 12), (size, size, 1))
    return np.asarray(Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)))
