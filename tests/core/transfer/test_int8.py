"""A backbone in 8-bit integers says much the same as in floats, in any number of images."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from core.errors import ModelError
from core.transfer import int8
from core.transfer.engines import LiteRT

pytestmark = pytest.mark.tensorflow
MEAN, SPREAD, SIZE = 127.0, 128.0, 32


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A small backbone of the usual layers, averaged over all places."""
    keras.utils.set_random_seed(0)
    image = keras.Input((None, None, 3))
    x = image
    for filters in (16, 24):
        x = keras.layers.Conv2D(filters, 3, 2, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(x))
        x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    return keras.Model(image, x, name="small")


@pytest.fixture(scope="module")
def path(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, converted."""
    made = tmp_path_factory.mktemp("int8") / "small.tflite"
    int8.convert(network, SIZE, MEAN, SPREAD, made)
    return made


def photos(count: int, size: int = SIZE) -> np.ndarray:
    """Images that it was not calibrated with."""
    return np.stack([int8.calibration(1000 + number, size) for number in range(count)])


@pytest.mark.parametrize("size", [SIZE, 48])
def test_features_are_those_of_the_network(network: keras.Model, path: Path, size: int) -> None:
    """Of the size that it was made for, and of another."""
    images = photos(20, size)
    found = LiteRT(path, size, MEAN, SPREAD).run(images)
    scaled = (images.astype(np.float32) - MEAN) / SPREAD
    wanted = np.asarray(network(scaled, training=False))
    assert found.shape == wanted.shape == (20, 24)
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("count", [0, 1, 16, 37])
def test_any_number_of_images(path: Path, count: int) -> None:
    """An image's features do not depend on those it comes with, nor on the number of processors."""
    images = photos(37)
    one, two = (
        LiteRT(path, SIZE, MEAN, SPREAD, threads=1),
        LiteRT(path, SIZE, MEAN, SPREAD, threads=3),
    )
    found = two.run(images[:count])
    assert found.shape == (count, two.width)
    np.testing.assert_array_equal(found, one.run(images)[:count])


def test_several_callers_at_once(path: Path) -> None:
    """Each has the features of its own images, however they take turns."""
    images, made = photos(100), LiteRT(path, SIZE, MEAN, SPREAD, threads=2)
    starts = range(0, 100, 9)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda start: made.run(images[start : start + 9]), starts))
    np.testing.assert_array_equal(np.concatenate(found), made.run(images))


def test_several_outputs_as_they_are(network: keras.Model, tmp_path: Path) -> None:
    """In bytes, whose worth is told; one of them alone is what it is among the others."""
    (first, *_) = (one.output for one in network.layers if isinstance(one, keras.layers.ReLU))
    both = keras.Model(network.inputs[0], [first, network.outputs[0]], name="both")
    path = tmp_path / "both.tflite"
    int8.convert(both, SIZE, MEAN, SPREAD, path, raw=True)
    images = photos(20)
    told = both((images.astype(np.float32) - MEAN) / SPREAD, training=False)
    made = LiteRT(path, SIZE, MEAN, SPREAD, outputs=(0, 1))
    rows = made.run(images)
    assert rows.dtype == made.kept == np.int8
    wanted = {one.shape[1:]: one for one in map(np.asarray, told)}
    assert sorted(made.shapes) == sorted(wanted)
    start = 0
    for place, (shape, (worth, zero)) in enumerate(zip(made.shapes, made.steps, strict=True)):
        alone = LiteRT(path, SIZE, MEAN, SPREAD, outputs=(place,))
        part = rows[:, start : start + alone.width]
        np.testing.assert_array_equal(alone.run(images), part)
        assert (alone.shapes, alone.steps) == ([shape], [(worth, zero)])
        found = (part.astype(np.float32) - zero) * worth
        assert np.corrcoef(found.ravel(), wanted[shape].ravel())[0, 1] > 0.99
        start += alone.width
    assert start == made.width


def test_calibration_images_are_the_same_everywhere() -> None:
    """So that features kept by one process fit those of another; and no two are alike."""
    first = [int8.calibration(number, 24) for number in range(8)]
    again = [int8.calibration(number, 24) for number in range(8)]
    np.testing.assert_array_equal(first, again)
    assert len({image.tobytes() for image in first}) == 8
    assert all(image.std() > 5 for image in first)


def test_a_damaged_model_is_told(path: Path, tmp_path: Path) -> None:
    """Cut short, of another kind, or not there."""
    content = path.read_bytes()
    cuts = {f"cut {part}": content[: len(content) * part // 8] for part in range(1, 8)}
    for name, damaged in {**cuts, "other": b"no model", "empty": b""}.items():
        bad = tmp_path / f"{name}.tflite"
        bad.write_bytes(damaged)
        with pytest.raises(ModelError, match="cannot be read"):
            LiteRT(bad, SIZE, MEAN, SPREAD)
    with pytest.raises(ModelError, match="cannot be read"):
        LiteRT(tmp_path / "none.tflite", SIZE, MEAN, SPREAD)


def test_what_cannot_be_converted_is_told(tmp_path: Path) -> None:
    """And nothing is left behind."""
    image = keras.Input((None, None, 3))
    odd = keras.Model(image, keras.layers.Lambda(lambda x: keras.ops.fft2((x, x))[0])(image))
    with pytest.raises(ModelError, match="cannot be converted"):
        int8.convert(odd, SIZE, MEAN, SPREAD, tmp_path / "odd.tflite")
    assert not list(tmp_path.iterdir())
