"""Tests of fetching a published set through Keras, from files that Keras has already."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from core.data import download
from core.train import backend


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for Keras's downloads: it asks no server for files that lie there."""
    backend.start()
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path / "keras"))
    return tmp_path / "keras"


@pytest.mark.tensorflow
def test_writes_what_keras_gives(tmp_path: Path, keras_home: Path) -> None:
    """What Keras gives is written to one npz of four arrays."""
    folder = keras_home / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    wanted = {}
    for kind, key, number in (("train", "train", 30), ("t10k", "test", 10)):
        images = np.random.default_rng(0).integers(0, 256, (number, 28, 28), np.uint8)
        labels = (np.arange(number) % 10).astype(np.uint8)
        wanted |= {f"x_{key}": images, f"y_{key}": labels}
        for name, head, values in (("labels-idx1", 8, labels), ("images-idx3", 16, images)):
            with gzip.open(folder / f"{kind}-{name}-ubyte.gz", "wb") as file:
                file.write(bytes(head) + values.tobytes())
    path = tmp_path / "fashion-mnist.npz"
    download.main("fashion_mnist", path)
    with np.load(path) as arrays:
        assert {key: arrays[key].tolist() for key in arrays} == {
            key: values.tolist() for key, values in wanted.items()
        }
    assert list(tmp_path.glob("*.npz")) == [path]


@pytest.mark.tensorflow
def test_failure_leaves_no_file(tmp_path: Path, keras_home: Path) -> None:
    """When Keras's files are damaged, no npz is left."""
    folder = keras_home / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for kind in ("train", "t10k"):
        for name in ("labels-idx1", "images-idx3"):
            (folder / f"{kind}-{name}-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(OSError, match="gzip"):
        download.main("fashion_mnist", tmp_path / "fashion-mnist.npz")
    assert not list(tmp_path.glob("*.npz"))
