"""core.train.fast: feed and train a design."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, load
from core.design.cost import evaluation_batch
from core.design.presets import preset
from core.specs import DataSpec, ModelSpec, TrainSpec
from core.train import backend
from core.train.watcher import Watcher

pytestmark = pytest.mark.tensorflow

ROWS = np.arange(60)


@pytest.fixture
def fast() -> Any:
    """The module, imported once TensorFlow has been started."""
    backend.start().utils.set_random_seed(0)
    from core.train import fast

    return fast


@pytest.fixture
def data(home: Path, examples: Path) -> Dataset:
    """60 images of 16 x 16 pixels in 3 classes."""
    return load(DataSpec(source=str(examples), size=16))


def model(data: Dataset, design: ModelSpec | None = None) -> Any:
    """A Keras model for these images."""
    from core.design.build import build

    return build(design or preset("dense-100-100").model, data.shape, 3)


def made(fast: Any, model: Any, spec: TrainSpec) -> Any:
    """An engine for it."""
    return fast.Engine(model, spec, precision="float32", towers=2)


class Notes(Watcher):
    """Writes down what it is told, and stops after so many steps."""

    def __init__(self, most: int = 10**9) -> None:
        self.most, self.steps = most, 0
        self.told: list[str] = []
        self.epochs: list[dict[str, float]] = []

    def on_epoch_begin(self, epoch: int) -> None:
        self.told.append(f"begin {epoch}")
        self.last = -1

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        assert batch > self.last
        self.steps += batch - self.last
        self.last = batch
        self.stop = self.steps >= self.most

    def on_test_begin(self) -> None:
        self.told.append("test")

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.told.append(f"end {epoch}")
        self.epochs.append(logs)


def test_a_watcher_is_told_of_everything(fast: Any, data: Dataset) -> None:
    """Of the epochs in their order, of all their steps, and of their figures."""
    notes = Notes()
    spec = TrainSpec(epochs=2, batch_size=8)
    made(fast, model(data), spec).fit(data, ROWS[:50], ROWS[50:], spec, notes)
    assert notes.told == ["begin 0", "test", "end 0", "begin 1", "test", "end 1"]
    assert notes.steps == 2 * 7
    names = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
    assert all(set(logs) == names for logs in notes.epochs)


def test_stop_is_obeyed_after_the_steps_that_run(fast: Any, data: Dataset) -> None:
    """The epoch is cut short, and validated as it is."""
    notes = Notes(most=1)
    spec = TrainSpec(epochs=5, batch_size=4)
    made(fast, model(data), spec).fit(data, ROWS[:50], ROWS[50:], spec, notes)
    assert notes.told == ["begin 0", "test", "end 0"]
    assert notes.steps == 1
    assert np.isfinite(notes.epochs[0]["val_loss"])


def test_the_model_has_the_trained_weights(fast: Any, data: Dataset) -> None:
    """What is told of the validation is true of the model that was given."""
    trained, notes = model(data), Notes()
    spec = TrainSpec(epochs=3, batch_size=8)
    before = trained.get_weights()
    made(fast, trained, spec).fit(data, ROWS[:50], ROWS[50:], spec, notes)
    assert not np.allclose(before[0], trained.get_weights()[0])
    trained.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    rows = ROWS[50:]
    loss, accuracy = trained.evaluate(data.images.images[rows], data.images.labels[rows], verbose=0)
    assert loss == pytest.approx(notes.epochs[-1]["val_loss"], rel=1e-4)
    assert accuracy == pytest.approx(notes.epochs[-1]["val_accuracy"])


def test_an_epoch_is_that_of_keras(fast: Any, data: Dataset) -> None:
    """The same images in the same order give the same loss, batch by batch."""
    from core.train import feed

    spec = TrainSpec(epochs=1, batch_size=8, learning_rate=0.01, optimizer="sgd", seed=3)
    ours, theirs, notes = model(data), model(data), Notes()
    theirs.set_weights(ours.get_weights())
    made(fast, ours, spec).fit(data, ROWS[:50], ROWS[50:], spec, notes)
    keras = backend.start()
    theirs.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    rows = feed.order(ROWS[:50], 3, 0)
    images, labels = data.images.images[rows], data.images.labels[rows]
    told = theirs.fit(images, labels, batch_size=8, shuffle=False, verbose=0).history
    assert notes.epochs[0]["loss"] == pytest.approx(told["loss"][0], rel=1e-3)
    assert notes.epochs[0]["accuracy"] == pytest.approx(told["accuracy"][0], abs=0.03)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-4)


def test_the_pace_grows_to_the_pause(fast: Any) -> None:
    """The first step is alone; then twice as many each time, up to a quarter of a second's worth."""
    pace = fast._Pace(8)
    sizes = []
    for _ in range(8):
        sizes.append(pace.images() // 8)
        pace.learn(sizes[-1], 0.02 * sizes[-1])
    assert sizes == [1, 2, 4, 8, 12, 12, 12, 12]
    pace.learn(12, 12.0)
    assert pace.images() == 8


def test_batches_of_tests_are_those_of_the_estimates(
    fast: Any, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images are tested in batches of the size by which cost is told."""
    sizes = []
    monkeypatch.setattr(
        "core.design.cost._EVALUATION_PIXELS", 2 * 4 * data.shape[0] * data.shape[1]
    )
    assert evaluation_batch(data.shape) == 2
    engine = made(fast, model(data), TrainSpec())
    run = engine._evaluation.run

    def noted(images: Any, labels: Any) -> Any:
        sizes.append(len(images))
        return run(images, labels)

    monkeypatch.setattr(engine._evaluation, "run", noted)
    loss, accuracy = engine.evaluate(data, np.arange(5))
    assert sizes == [2, 2, 1]
    assert loss > 0
    assert accuracy * 5 == pytest.approx(round(accuracy * 5))
