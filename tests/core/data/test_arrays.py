"""Tests of CIFAR-10, MNIST and Fashion-MNIST as files that people put into datasets/."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data.arrays import ArraySource
from core.data.dataset import load
from core.data.source import Part
from core.errors import DataError, NotFoundError, StorageError
from core.specs import DataSpec
from core.specs.arrays import ARRAY_SETS, ArraySet

Arrays = dict[str, np.ndarray]
SETS = {array_set.name: array_set for array_set in ARRAY_SETS}
TRAIN, TEST = 40, 20


def arrays(array_set: ArraySet) -> Arrays:
    """A small set as Keras ships it: MNIST without channels, CIFAR-10's labels in a column."""
    rng = np.random.default_rng(0)
    side = (array_set.size, array_set.size) + ((3,) if array_set.channels == 3 else ())
    labels = {"y_train": np.arange(TRAIN) % 10, "y_test": np.arange(TEST) % 10}
    if array_set.channels == 3:
        labels = {key: value[:, None] for key, value in labels.items()}
    return {
        "x_train": rng.integers(0, 256, (TRAIN, *side), np.uint8),
        "x_test": rng.integers(0, 256, (TEST, *side), np.uint8),
        **{key: value.astype(np.uint8) for key, value in labels.items()},
    }


def write(array_set: ArraySet, values: Arrays) -> Path:
    """Put the file where the set looks for it."""
    array_set.path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(array_set.path, **values)
    return array_set.path


def refusal(array_set: ArraySet) -> str:
    """What a file is refused for; the message names the file and the arrays expected in it."""
    with pytest.raises(DataError, match=f"{array_set.name}.npz cannot be read") as caught:
        load(DataSpec(source=array_set.name))
    error = caught.value
    assert "x_train, y_train, x_test, y_test" in error.expected
    assert str(array_set.path) in error.remedy
    return error.received


@pytest.mark.parametrize("name", SETS)
def test_reads_the_file(home: Path, name: str) -> None:
    """A file in datasets/ is the set, with its own size, channels, classes and test part."""
    array_set = SETS[name]
    values = arrays(array_set)
    write(array_set, values)
    data = load(DataSpec(source=name))
    assert data.shape == (array_set.size, array_set.size, array_set.channels)
    assert data.classes == array_set.classes
    assert data.title == array_set.title
    assert data.images.labels.tolist() == [*values["y_train"].ravel(), *values["y_test"].ravel()]
    assert data.images.images[:TRAIN].tobytes() == values["x_train"].tobytes()
    assert data.images.images[TRAIN:].tobytes() == values["x_test"].tobytes()
    assert data.split(0.25).test.tolist() == list(range(TRAIN, TRAIN + TEST))


def test_items(home: Path) -> None:
    """Every image belongs to the training or the test part that the set ships."""
    write(SETS["mnist"], arrays(SETS["mnist"]))
    items = ArraySource(SETS["mnist"]).items
    assert [item.part for item in items] == [Part.TRAIN] * TRAIN + [Part.TEST] * TEST
    assert len({item.name for item in items}) == TRAIN + TEST


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
@pytest.mark.parametrize("color", ["rgb", "gray"])
def test_other_size_and_color(home: Path, name: str, color: str) -> None:
    """The set can be worked on at another size, in colour and in grey."""
    write(SETS[name], arrays(SETS[name]))
    data = load(DataSpec.parse({"source": name, "size": 16, "color": color}))
    assert data.shape == (16, 16, 3 if color == "rgb" else 1)


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.int8])
def test_labels_of_any_number_type(home: Path, kind: type) -> None:
    """Labels may be whole numbers of any type."""
    values = arrays(SETS["mnist"])
    write(SETS["mnist"], {**values, "y_train": values["y_train"].astype(kind)})
    assert load(DataSpec(source="mnist")).counts()["3"] == (TRAIN + TEST) // 10


def test_mnist_with_channels(home: Path) -> None:
    """Grey images with and without a channel axis are the same set."""
    values = arrays(SETS["mnist"])
    write(SETS["mnist"], {**values, "x_train": values["x_train"][..., None]})
    assert load(DataSpec(source="mnist")).shape == (28, 28, 1)


@pytest.mark.parametrize("missing", ["x_train", "y_train", "x_test", "y_test"])
def test_missing_array(home: Path, missing: str) -> None:
    """A file without one of the arrays is refused by the array's name."""
    values = arrays(SETS["cifar10"])
    del values[missing]
    write(SETS["cifar10"], values)
    assert refusal(SETS["cifar10"]) == f"no array {missing}"


def change(**changes: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], Arrays]:
    """The arrays with some of them changed."""
    return lambda values: {
        **values,
        **{key: function(values[key]) for key, function in changes.items()},
    }


def one_label(value: float, kind: type) -> Callable[[np.ndarray], np.ndarray]:
    """Labels of which the first is `value`."""

    def put(labels: np.ndarray) -> np.ndarray:
        labels = labels.astype(kind)
        labels[0] = value
        return labels

    return put


@pytest.mark.parametrize(
    ("changed", "received"),
    [
        (change(y_train=one_label(10, np.uint8)), "label 10 in y_train"),
        (change(y_test=one_label(-1, np.int64)), "label -1 in y_test"),
        (change(y_test=one_label(256, np.int64)), "label 256 in y_test"),  # 0 as a byte
        (change(y_train=one_label(0.5, np.float64)), "label 0.5 in y_train"),
        (change(y_train=one_label(np.nan, np.float64)), "label nan in y_train"),
        (change(y_train=lambda y: y.astype(str)), "label"),
        (change(y_train=lambda y: y[:-1]), "39 labels"),
        (change(y_train=lambda y: np.eye(10, dtype=np.uint8)[y.ravel()]), "400 labels"),
        (change(x_train=lambda x: x / 255), "float64, not uint8"),
        (change(x_train=lambda x: x.astype(np.int64) - 128), "int64, not uint8"),
        (change(x_train=lambda x: x.reshape(TRAIN, -1)), "x_train of shape (40, 3072)"),
        (change(x_train=lambda x: np.moveaxis(x, 3, 1)), "x_train of shape (40, 3, 32, 32)"),
        (change(x_test=lambda x: x[:, :0]), "x_test of shape (20, 0, 32, 3)"),
        (change(x_test=lambda x: x[:0], y_test=lambda y: y[:0]), "x_test of shape (0, 32, 32, 3)"),
    ],
)
def test_wrong_content(home: Path, changed: Callable[[Arrays], Arrays], received: str) -> None:
    """Labels out of range, images that are not bytes and shapes that do not fit are refused."""
    write(SETS["cifar10"], changed(arrays(SETS["cifar10"])))
    assert received in refusal(SETS["cifar10"])


def test_damaged_file(home: Path) -> None:
    """An empty, cut, foreign or plain npy file is refused as unreadable."""
    path = write(SETS["mnist"], arrays(SETS["mnist"]))
    whole = path.read_bytes()
    for content in (b"", b"PK", b"Dear reader", whole[: len(whole) // 2], whole[100:]):
        path.write_bytes(content)
        assert refusal(SETS["mnist"])
    with path.open("wb") as file:
        np.save(file, np.arange(10))
    assert refusal(SETS["mnist"])
    with path.open("wb") as file:
        np.savez(file, **dict.fromkeys(arrays(SETS["mnist"]), np.array({"an": "object"})))  # type: ignore[arg-type]
    assert refusal(SETS["mnist"])


@given(
    places=st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    values=st.binary(min_size=5, max_size=5),
)
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_mutated_file(home: Path, places: list[int], values: bytes) -> None:
    """A file with changed bytes is read or refused with a DataError, never anything else."""
    path = write(SETS["mnist"], arrays(SETS["mnist"]))
    content = bytearray(path.read_bytes())
    for place, value in zip(places, values, strict=False):
        content[place % len(content)] = value
    path.write_bytes(content)
    try:
        ArraySource(SETS["mnist"]).items  # noqa: B018
    except DataError:
        return


def test_replaced_file_is_read_again(home: Path) -> None:
    """Another file in the same place is another set, though its name is the same."""
    values = arrays(SETS["mnist"])
    path = write(SETS["mnist"], values)
    load(DataSpec(source="mnist"))
    write(SETS["mnist"], {**values, "x_train": 255 - values["x_train"]})
    os.utime(path, ns=(1, 1))
    data = load(DataSpec(source="mnist"))
    assert (data.images.images[0, ..., 0] == 255 - values["x_train"][0]).all()


@pytest.mark.tensorflow
def test_without_file_and_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With neither file nor network, the error says where to put which file; nothing is left."""
    keras_home = home / "keras"  # empty, so that no earlier download is found
    keras_home.mkdir()
    monkeypatch.setenv("KERAS_HOME", str(keras_home))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NotFoundError, match="MNIST is not on this machine") as caught:
        load(DataSpec(source="mnist"))
    error = caught.value
    path = home / "datasets" / "mnist.npz"
    assert error.expected == f"the file {path} with the arrays x_train, y_train, x_test, y_test"
    assert error.received
    assert "mnist.npz" in error.remedy
    assert not list((home / "datasets").glob("*.npz"))


def test_workspace_that_cannot_be_written(home: Path) -> None:
    """Where the file could not be saved, nothing is downloaded: a StorageError comes first."""
    (home / "datasets").write_text("a file in the way")
    with pytest.raises(StorageError, match=r"save mnist\.npz"):
        ArraySource(SETS["mnist"])
