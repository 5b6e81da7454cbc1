"""The networks of Keras Applications are what Keras makes of the same file, and ready to use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.design.analysis import table
from core.errors import ModelError
from core.specs import Backbone, GlobalAveragePooling2D, Input, ModelSpec, Output
from core.transfer import applications, engines, int8, networks, offers, weights
from core.transfer.cut import cut
from core.transfer.serving import models
from core.transfer.weights import path as path_of
from tests.core.transfer.weight_files import drawn, write

pytestmark = pytest.mark.tensorflow
SIZE = 64
SMALL, SQUEEZED = Backbone(network="mobilenet_025"), Backbone(network="mobilenet_v3_small")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace and Keras's folder, with drawn weights of two networks in it."""
    folder = tmp_path_factory.mktemp("applications")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_HOME", str(folder / "home"))
        patch.setenv("KERAS_HOME", str(folder / "keras"))
        patch.setattr(int8, "IMAGES", 8)
        patch.setattr(networks, "CALIBRATED_AT", SIZE)
        for layer in (SMALL, SQUEEZED):
            write(drawn(layer), file_of(layer))
        yield folder


def file_of(layer: Backbone) -> Path:
    """Where its weights are."""
    found = path_of(layer)
    assert found is not None
    return found


def images(size: int = SIZE) -> np.ndarray:
    """Six pictures, uint8 [6, size, size, 3]."""
    return np.stack([int8.calibration(500 + number, size) for number in range(6)])


@pytest.mark.parametrize("name", ["mobilenet_025", "convnext_tiny"])
def test_it_is_what_keras_makes_of_the_file(tmp_path: Path, name: Any) -> None:
    """At even and uneven sizes; ConvNeXt's convolutions in groups, too, which become others."""
    layer = Backbone(network=name, weights=str(tmp_path / "mine.h5"))
    wanted = drawn(layer)
    write(wanted, tmp_path / "mine.h5")
    found = applications.build(layer)
    assert found.count_params() == wanted.count_params()
    for size in (64, 75):
        x = np.random.default_rng(0).normal(0, 1, (1, size, size, 3)).astype(np.float32)
        truth = np.asarray(wanted(x, training=False))
        assert truth.std() > 1e-4
        np.testing.assert_allclose(found(x, training=False), truth, rtol=1e-3, atol=1e-3)


def test_the_scaling_is_inside(kept: Path) -> None:
    """From pixels, 0 to 255; and it stays as it is, whatever trains behind it."""
    import keras

    layer = networks.network(SMALL, "backbone")
    pixels = images().astype(np.float32)
    scaled = keras.applications.mobilenet.preprocess_input(pixels.copy())
    wanted = np.asarray(applications.build(SMALL)(scaled, training=False))
    np.testing.assert_allclose(layer(pixels), wanted, rtol=1e-4, atol=1e-5)
    assert layer.trainable_weights == []
    np.testing.assert_array_equal(layer(pixels, training=True), layer(pixels))


def broken(kind: str, path: Path) -> None:
    """A file that is not what it should be."""
    whole = file_of(SMALL).read_bytes()
    if kind == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "no weights":
        path.write_bytes(b"<html>Not found</html>" * 100)
    elif kind == "another network":
        path.write_bytes(file_of(SQUEEZED).read_bytes())
    else:
        network = drawn(SMALL)
        values = network.get_weights()
        values[3][0] = np.nan
        network.set_weights(values)
        write(network, path)


@pytest.mark.parametrize(
    ("kind", "received"),
    [
        ("truncated", "truncated"),
        ("empty", "0 bytes"),
        ("no weights", "signature not found"),
        ("another network", "mismatch"),
        ("no numbers", "numbers that are none"),
    ],
)
def test_a_wrong_file_is_told(kept: Path, tmp_path: Path, kind: str, received: str) -> None:
    """With its path, what was wrong with it, and what to do."""
    path = tmp_path / "given.h5"
    broken(kind, path)
    with pytest.raises(ModelError, match=r"given\.h5 does not hold the weights of") as caught:
        networks.scaled(SMALL.changed(weights=str(path)))
    assert str(path) in caught.value.expected
    assert "mobilenet_2_5_224_tf_no_top.h5" in caught.value.expected
    assert received in caught.value.received
    assert caught.value.remedy == "Put the right file in its place"


def test_a_wrong_file_in_the_folder_of_keras(home: Path) -> None:
    """May be deleted: then it is downloaded again."""
    path = file_of(SMALL)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cut")
    with pytest.raises(ModelError) as caught:
        networks.engine(SMALL, SIZE, True, lambda _: None)
    assert f"delete {path}" in caught.value.remedy


def test_in_8_bits_where_they_say_the_same(kept: Path) -> None:
    """Features are much those in floats, and the speed is known from then on."""
    assert offers.offer(SMALL).milliseconds is None
    assert offers.offer(SMALL).speed == "not measured here yet"
    engine = networks.engine(SMALL, SIZE, True, lambda _: None)
    assert networks.kind(engine) == "int8"
    floats = engines.Onnx(networks.onnx(SMALL, True, lambda _: None), SIZE)
    assert np.corrcoef(engine.run(images()).ravel(), floats.run(images()).ravel())[0, 1] > 0.95
    told = offers.offer(SMALL).milliseconds
    assert told is not None
    assert 0 < told < 1000


def test_in_floats_where_8_bits_say_something_else(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why is kept beside the files, and it is not tried again."""
    layer = SMALL.changed(weights=str(write(drawn(SMALL, 1), tmp_path / "other.h5")))
    monkeypatch.setattr(networks, "_ALIKE", 1.01)
    told: list[str] = []
    for _ in range(2):
        assert networks.kind(networks.engine(layer, SIZE, True, told.append)) == "float"
    assert len(told) == 2  # once for either file
    kinds = {one.name for one in networks.folder(layer).iterdir() if one.suffix != ".lock"}
    assert kinds == {"pooled-int8.refused", "pooled.onnx", "speed.json"}
    assert "a mean cosine" in (networks.folder(layer) / "pooled-int8.refused").read_text()


def test_two_files_share_nothing(kept: Path, tmp_path: Path) -> None:
    """Neither what is prepared nor what is built."""
    other = SMALL.changed(weights=str(write(drawn(SMALL, 1), tmp_path / "other.h5")))
    assert networks.folder(other) != networks.folder(SMALL)
    assert weights.version(other) != weights.version(SMALL)
    ours, theirs = (networks.scaled(one).get_weights()[0] for one in (SMALL, other))
    assert (ours != theirs).any()


def test_the_whole_model(kept: Path, tmp_path: Path) -> None:
    """In Keras, in ONNX and as Keras loads it again, of a network with squeezing and hard swish."""
    import keras

    layers = (Input(scale="0 to 255"), SQUEEZED, GlobalAveragePooling2D(), Output())
    shape = SIZE, SIZE, 3
    found = cut(table(ModelSpec(name="mine", layers=layers), shape, 5))
    assert found is not None
    both = models(found, shape, "pad")
    features = np.asarray(networks.scaled(SQUEEZED)(images() / 127.5 - 1)).mean(axis=(1, 2))
    (head,) = (both.whole.get_layer(row.name) for row in found.rest)
    kernel, bias = head.get_weights()
    head.set_weights([kernel / features.std(axis=0).max(), bias])  # so that features matter
    assert both.write_onnx(tmp_path / "model.onnx", lambda _: None) <= 1e-3
    wanted = np.asarray(both.whole(images()))
    assert wanted.std(axis=0).max() > 0.02
    np.testing.assert_allclose(both.session(tmp_path / "model.onnx")(images()), wanted, atol=1e-3)
    both.whole.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(images()), wanted, atol=1e-5)
    engine = networks.engine(SQUEEZED, SIZE, True, lambda _: None)
    assert networks.kind(engine) == "float"
