"""core.train.engine: feed and train a design."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, load
from core.design.cost import evaluation_batch
from core.design.presets import preset
from core.specs import (
    AugmentSpec,
    BatchNormalization,
    Conv2D,
    DataSpec,
    Dropout,
    Flatten,
    Input,
    ModelSpec,
    Output,
    TrainSpec,
)
from core.train import backend
from core.train.plan import Plan
from core.train.watcher import Progress, Watcher

pytestmark = pytest.mark.tensorflow

ROWS = np.arange(60)


@pytest.fixture
def engine() -> Any:
    """The module, imported once TensorFlow has been started."""
    backend.start().utils.set_random_seed(0)
    from core.train import engine

    return engine


@pytest.fixture
def data(home: Path, examples: Path) -> Dataset:
    """60 images of 16 x 16 pixels in 3 classes."""
    return load(DataSpec(source=str(examples), size=16))


def model(data: Dataset, design: ModelSpec | None = None) -> Any:
    """A Keras model for these images."""
    from core.design.build import build

    return build(design or preset("dense-100-100").model, data.shape, 3)


def made(engine: Any, model: Any, spec: TrainSpec, **more: Any) -> Any:
    """An engine for it."""
    return engine.Engine(model, spec, Plan("float32", 2), **more)


class Notes(Watcher):
    """Writes down what it is told, and stops after so many steps."""

    def __init__(self, most: int = 10**9) -> None:
        self.most, self.steps = most, 0
        self.told: list[str] = []
        self.epochs: list[dict[str, float]] = []

    def on_epoch_begin(self, progress: Progress) -> None:
        self.told.append(f"begin {progress.epoch}")
        self.last = progress.step

    def on_steps_end(self, progress: Progress) -> None:
        assert progress.step > self.last
        self.steps += progress.step - self.last
        self.last = progress.step
        self.stop = self.steps >= self.most

    def on_test_begin(self) -> None:
        self.told.append("test")

    def on_epoch_end(self, progress: Progress, logs: dict[str, float]) -> None:
        self.told.append(f"end {progress.epoch} {progress.step}")
        self.epochs.append(logs)

    def on_fallback(self, reason: str) -> None:
        self.told.append(reason)


def test_a_watcher_is_told_of_everything(engine: Any, data: Dataset) -> None:
    """Of the epochs in their order, of all their steps, and of their figures."""
    notes = Notes()
    spec = TrainSpec(epochs=2, batch_size=8)
    made(engine, model(data), spec).fit(data, ROWS[:50], ROWS[50:], notes)
    assert notes.told == ["begin 0", "test", "end 1 0", "begin 1", "test", "end 2 0"]
    assert notes.steps == 2 * 7
    names = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
    assert all(set(logs) == names for logs in notes.epochs)


def test_stop_is_obeyed_after_the_steps_that_run(engine: Any, data: Dataset) -> None:
    """The epoch is cut short, and validated as it is."""
    notes = Notes(most=1)
    spec = TrainSpec(epochs=5, batch_size=4)
    made(engine, model(data), spec).fit(data, ROWS[:50], ROWS[50:], notes)
    assert notes.told == ["begin 0", "test", "end 0 1"]
    assert notes.steps == 1
    assert np.isfinite(notes.epochs[0]["val_loss"])


def test_the_model_has_the_trained_weights(engine: Any, data: Dataset) -> None:
    """What is told of the validation is true of the model that was given."""
    trained, notes = model(data), Notes()
    spec = TrainSpec(epochs=3, batch_size=8)
    before = trained.get_weights()
    made(engine, trained, spec).fit(data, ROWS[:50], ROWS[50:], notes)
    assert not np.allclose(before[0], trained.get_weights()[0])
    trained.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    rows = ROWS[50:]
    loss, accuracy = trained.evaluate(data.images.images[rows], data.images.labels[rows], verbose=0)
    assert loss == pytest.approx(notes.epochs[-1]["val_loss"], rel=1e-4)
    assert accuracy == pytest.approx(notes.epochs[-1]["val_accuracy"])


@pytest.mark.parametrize("plan", [Plan("bfloat16", 2), Plan(plain=True)], ids=str)
def test_mirror_images_are_asked_about_in_validation_alone(
    engine: Any, data: Dataset, plan: Plan
) -> None:
    """The training is the same as without, in plain Keras too; only the validation is another."""
    from core.design.build import build

    told, start = [], model(data, RICH).get_weights()
    for augment in (None, AugmentSpec(mirror=True)):
        backend.start().utils.set_random_seed(0)  # as the worker does
        trained, notes = model(data, RICH), Notes()
        trained.set_weights(start)
        spec = TrainSpec(epochs=2, batch_size=8)
        made_engine = engine.Engine(trained, spec, plan, augment=augment)
        made_engine.fit(data, ROWS[:50], ROWS[50:], notes)
        told.append(notes.epochs)
    for one, other in zip(*told, strict=True):
        assert one["loss"] == other["loss"]
        assert one["val_loss"] != pytest.approx(other["val_loss"], rel=1e-5)
    saved = build(RICH, data.shape, 3, mirror=True)
    saved.set_weights(trained.get_weights())
    saved.compile(loss="sparse_categorical_crossentropy")
    rows = ROWS[50:]
    loss = saved.evaluate(data.images.images[rows], data.images.labels[rows], verbose=0)
    assert loss == pytest.approx(told[1][-1]["val_loss"], rel=1e-4)


def test_an_epoch_is_that_of_keras(engine: Any, data: Dataset) -> None:
    """The same images in the same order give the same loss, batch by batch."""
    from core.train import feed

    spec = TrainSpec(epochs=1, batch_size=8, learning_rate=0.01, optimizer="sgd", seed=3)
    ours, theirs, notes = model(data), model(data), Notes()
    theirs.set_weights(ours.get_weights())
    made(engine, ours, spec).fit(data, ROWS[:50], ROWS[50:], notes)
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


def test_the_pace_grows_to_the_pause(engine: Any) -> None:
    """The first step is alone; then twice as many each time, up to a quarter of a second's worth."""
    pace = engine._Pace(8)
    sizes = []
    for _ in range(8):
        sizes.append(pace.images() // 8)
        pace.learn(sizes[-1], 0.02 * sizes[-1])
    assert sizes == [1, 2, 4, 8, 12, 12, 12, 12]
    pace.learn(12, 12.0)
    assert pace.images() == 8


def test_batches_of_tests_are_those_of_the_estimates(
    engine: Any, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images are tested in batches of the size by which cost is told."""
    sizes = []
    monkeypatch.setattr(
        "core.design.cost._EVALUATION_PIXELS", 2 * 4 * data.shape[0] * data.shape[1]
    )
    assert evaluation_batch(data.shape) == 2
    tested = made(engine, model(data), TrainSpec())
    run = tested._evaluation.run

    def noted(images: Any, labels: Any) -> Any:
        sizes.append(len(images))
        return run(images, labels)

    monkeypatch.setattr(tested._evaluation, "run", noted)
    told = tested.evaluate(data, np.arange(5), samples=[4, 0, 2])
    assert sizes == [2, 2, 1]
    assert told.loss > 0
    assert told.accuracy == np.mean(told.answers == data.images.labels[:5])
    assert told.samples.argmax(axis=1).tolist() == told.answers[[4, 0, 2]].tolist()
    assert np.allclose(told.samples.max(axis=1), told.sureness[[4, 0, 2]])


RICH = ModelSpec(
    name="mine",
    layers=(
        Input(),
        Conv2D(filters=4),
        BatchNormalization(),
        Dropout(rate=0.3),
        Flatten(),
        Output(),
    ),
)
HARD = TrainSpec(
    epochs=4,
    batch_size=8,
    optimizer="sgd",
    nesterov=True,
    schedule="plateau",
    decay_epochs=1,
    label_smoothing=0.1,
    clip_norm=1.0,
    weight_decay=0.01,
    average=0.9,
)
WAYS = [Plan("float32", 2), Plan("float32", 1), Plan("bfloat16", 2), Plan(plain=True)]


@pytest.mark.parametrize("plan", WAYS, ids=str)
@pytest.mark.parametrize("stops", [(1,), (7, 9, 11), (26,)])
def test_a_resumed_training_is_the_uninterrupted_one(
    engine: Any, data: Dataset, tmp_path: Path, plan: Plan, stops: tuple[int, ...]
) -> None:
    """Stopped after some steps, kept in a file, and gone on with by another engine, again and again."""
    from core.train.checkpoint import Checkpoint

    start = model(data, RICH).get_weights()

    def fresh() -> Any:
        backend.start().utils.set_random_seed(0)  # as the worker does
        made_model = model(data, RICH)
        made_model.set_weights(start)
        return engine.Engine(made_model, HARD, plan)

    whole, told = fresh(), Notes()
    whole.fit(data, ROWS[:50], ROWS[50:], told)
    epochs: list[dict[str, float]] = []
    checkpoint = None
    for most in (*stops, 10**9):
        part, notes = fresh(), Notes(most)
        if checkpoint is not None:
            # another seed and another machine's way, which the checkpoint overrules
            backend.start().utils.set_random_seed(1)
            part = engine.Engine(part.model, HARD, Plan("float32", 3))
            part.restore(checkpoint)
        part.fit(data, ROWS[:50], ROWS[50:], notes)
        epochs += [
            logs
            for logs, end in zip(
                notes.epochs, [line for line in notes.told if "end" in line], strict=True
            )
            if end.endswith(" 0")
        ]
        part.checkpoint.save(tmp_path / "checkpoint.npz")
        checkpoint = Checkpoint.load(tmp_path / "checkpoint.npz")
    assert len(epochs) == len(told.epochs) == 4
    for one, other in zip(epochs, told.epochs, strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    for one, other in zip(part.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_one_seed_gives_one_curve(engine: Any, data: Dataset) -> None:
    """Two trainings of one seed are equal to the last digit, whatever is run together."""
    curves = []
    for pause in (0.0, 10.0):
        backend.start().utils.set_random_seed(5)
        engine._PAUSE, before = pause, engine._PAUSE
        notes = Notes()
        made(engine, model(data, RICH), HARD).fit(data, ROWS[:50], ROWS[50:], notes)
        engine._PAUSE = before
        curves.append(notes.epochs)
    assert curves[0] == curves[1]


def test_added_epochs_go_on(engine: Any, data: Dataset) -> None:
    """A training that has ended is trained on to a later end."""
    spec = TrainSpec(epochs=1, batch_size=8, schedule="one-cycle")
    trained, notes = made(engine, model(data), spec), Notes()
    trained.fit(data, ROWS[:50], ROWS[50:], notes)
    trained.fit(data, ROWS[:50], ROWS[50:], notes, ends=(1, 3))
    assert trained.progress.epoch == 3
    assert len(notes.epochs) == 3
    assert notes.epochs[0]["learning_rate"] < 0.001
    trained.fit(data, ROWS[:50], ROWS[50:], notes, ends=(1, 3))
    assert len(notes.epochs) == 3


def test_what_has_no_fast_way_is_trained_by_keras(
    engine: Any, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher is told once and why, and the training is as good."""
    import tensorflow as tf

    from core.train import loop

    run = loop.Loop.run

    def unable(self: Any, *arguments: Any) -> Any:
        if not self.plain:
            raise tf.errors.UnimplementedError(None, None, "no such kernel here")
        return run(self, *arguments)

    monkeypatch.setattr(loop.Loop, "run", unable)
    trained, notes = made(engine, model(data), TrainSpec(epochs=2, batch_size=8)), Notes()
    trained.fit(data, ROWS[:50], ROWS[50:], notes)
    assert trained.plan == Plan(plain=True)
    assert notes.told[:3] == ["begin 0", "no such kernel here", "test"]
    assert len(notes.epochs) == 2
    assert notes.epochs[1]["loss"] < notes.epochs[0]["loss"]


def test_what_xla_cannot_compile_goes_on_without_it(
    engine: Any, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever step, as for a last batch of another size: nothing of the training is lost."""
    import tensorflow as tf

    from core.train import loop

    spec = TrainSpec(epochs=2, batch_size=8, optimizer="sgd")
    start = model(data, RICH).get_weights()
    curves = []
    init, run = loop.Loop.__init__, loop.Loop.run

    def told(self: Any, *arguments: Any, xla: bool = False, **more: Any) -> None:
        init(self, *arguments, **more)
        self.pretends = xla

    def unable(self: Any, *arguments: Any) -> Any:
        if self.pretends and int(self.step) >= 3:
            raise tf.errors.InternalError(None, None, "libdevice not found")
        return run(self, *arguments)

    monkeypatch.setattr(loop.Loop, "__init__", told)
    monkeypatch.setattr(loop.Loop, "run", unable)
    for xla in (False, True):
        fresh = model(data, RICH)
        fresh.set_weights(start)
        trained = engine.Engine(fresh, spec, Plan("float32", 2, xla=xla))
        trained.fit(data, ROWS[:50], ROWS[50:], notes := Notes())
        assert trained.plan == Plan("float32", 2)
        curves.append(notes.epochs)
    assert curves[0] == curves[1]


def test_xla_belongs_to_the_machine_that_goes_on(engine: Any, data: Dataset) -> None:
    """Begun with XLA on one, a training is resumed without it on another."""
    trained = made(engine, model(data), TrainSpec(epochs=1, batch_size=8))
    begun = replace(trained.checkpoint, plan=asdict(Plan("float32", 2, xla=True)))
    trained.restore(begun)
    assert trained.plan == Plan("float32", 2)


def test_errors_of_a_training_under_way_are_not_covered_up(
    engine: Any, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first step tells what a machine cannot do."""
    import tensorflow as tf

    from core.train import loop

    trained = made(engine, model(data), TrainSpec(epochs=1, batch_size=8))
    trained.fit(data, ROWS[:50], ROWS[50:], Notes())

    def broken(*_: Any) -> Any:
        raise tf.errors.InternalError(None, None, "broken")

    monkeypatch.setattr(loop.Loop, "run", broken)
    with pytest.raises(tf.errors.InternalError):
        trained.fit(data, ROWS[:50], ROWS[50:], Notes(), ends=(2,))


def test_classes_are_weighed_by_their_rarity(engine: Any) -> None:
    """All classes add up to the same, and images weigh one on average; an empty class harms nothing."""
    labels = np.array([0] * 6 + [1] * 2)
    weights = engine.class_weights(labels, 2)
    assert weights.tolist() == pytest.approx([8 / 12, 2.0])
    assert float(np.mean(weights[labels])) == pytest.approx(1.0)
    assert np.isfinite(engine.class_weights(labels, 3)).all()


def test_sampled_images_are_spread_over_the_rows(engine: Any, data: Dataset) -> None:
    """A sample has as many images as asked for or as there are, each once."""
    assert engine.sample_images(data, ROWS, 32).shape == (32, 16, 16, 3)
    few = engine.sample_images(data, np.array([4, 9]), 32)
    assert np.array_equal(few, np.asarray(data.images.images[[4, 9]]))
