"""core.train.engine: compile, feed and fit a design."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, load
from core.design.cost import evaluation_batch
from core.specs import DataSpec, TrainSpec
from core.train import backend

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def engine() -> Any:
    """The module, imported once TensorFlow has been started."""
    backend.start()
    from core.train import engine

    return engine


@pytest.fixture
def data(home: Path, examples: Path) -> Dataset:
    """60 images of 16 x 16 pixels in 3 classes."""
    return load(DataSpec(source=str(examples), size=16))


def order(batches: Any, data: Dataset) -> list[int]:
    """Row numbers in the order a pass through the batches gives them, found by their pixels."""
    known = {image.tobytes(): row for row, image in enumerate(np.asarray(data.images.images))}
    return [known[image.tobytes()] for images, _ in batches.as_numpy_iterator() for image in images]


def test_every_row_comes_once_an_epoch(engine: Any, data: Dataset) -> None:
    """A pass gives each chosen row once, in batches of uint8 of which the last may be smaller."""
    rows = np.arange(0, 60, 2)
    batches = engine.batches(data, rows, 8, shuffle_seed=3)
    got = list(batches.as_numpy_iterator())
    assert [len(images) for images, _ in got] == [8, 8, 8, 6]
    assert int(batches.cardinality()) == 4
    assert {images.dtype for images, _ in got} == {np.dtype(np.uint8)}
    picked = order(batches, data)
    assert sorted(picked) == rows.tolist()
    labels = np.concatenate([labels for _, labels in got])
    assert sorted(labels.tolist()) == sorted(data.images.labels[rows].tolist())


def test_labels_stay_with_their_images(engine: Any, data: Dataset) -> None:
    """Shuffling never parts an image from its label."""
    known = {
        image.tobytes(): label
        for image, label in zip(
            np.asarray(data.images.images), data.images.labels.tolist(), strict=True
        )
    }
    batches = engine.batches(data, np.arange(60), 7, shuffle_seed=0)
    for images, labels in batches.as_numpy_iterator():
        assert [known[image.tobytes()] for image in images] == labels.tolist()


def test_the_order_is_new_each_epoch_and_repeats_with_the_seed(engine: Any, data: Dataset) -> None:
    """Epochs differ in order, runs with one seed do not; without a seed the order is fixed."""
    rows = np.arange(60)
    first = engine.batches(data, rows, 8, shuffle_seed=1)
    epochs = [order(first, data), order(first, data)]
    again = engine.batches(data, rows, 8, shuffle_seed=1)
    assert epochs[0] != epochs[1]
    assert [order(again, data), order(again, data)] == epochs
    assert order(engine.batches(data, rows, 8, shuffle_seed=2), data) != epochs[0]
    assert order(engine.batches(data, rows, 8, shuffle_seed=None), data) == rows.tolist()


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_each_optimizer_learns_at_its_rate(engine: Any, name: str) -> None:
    """Every optimizer of the spec is Keras's own of that name, at the spec's learning rate."""
    keras = backend.start()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    spec = TrainSpec.parse({"optimizer": name, "learning_rate": 0.025})
    engine.compile_model(model, spec)
    assert type(model.optimizer).__name__.lower() == name
    assert float(model.optimizer.learning_rate) == pytest.approx(0.025)
    if name == "sgd":
        assert model.optimizer.momentum == 0.9


def test_sampled_images_are_spread_over_the_rows(engine: Any, data: Dataset) -> None:
    """A sample has as many images as asked for or as there are, each once."""
    assert engine.sample_images(data, np.arange(60), 32).shape == (32, 16, 16, 3)
    few = engine.sample_images(data, np.array([4, 9]), 32)
    assert np.array_equal(few, np.asarray(data.images.images[[4, 9]]))


def test_batches_of_tests_are_those_of_the_estimates(
    engine: Any, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images are tested in batches of the size by which cost is told."""
    sizes = []

    class Model:
        def evaluate(self, given: Any, verbose: int) -> tuple[float, float]:
            sizes.extend(len(labels) for _, labels in given)
            return 0.5, 0.25

    rows = np.arange(5)
    monkeypatch.setattr(
        "core.design.cost._EVALUATION_PIXELS", 2 * 4 * data.shape[0] * data.shape[1]
    )
    assert evaluation_batch(data.shape) == 2
    assert engine.evaluate(Model(), data, rows) == (0.5, 0.25)
    assert sizes == [2, 2, 1]
