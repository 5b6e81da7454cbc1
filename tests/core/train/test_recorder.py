"""core.train.recorder: metrics, the best weights, Stop and early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.data.dataset import load
from core.health import record, views
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import TrainSpec
from core.train import backend
from core.train.plan import Plan
from core.train.reporter import Reporter
from core.train.worker import work
from tests.conftest import small_spec

pytestmark = pytest.mark.tensorflow
IMAGES, BATCH, STEPS = 42, 8, 6  # the last batch holds 2 images


@pytest.fixture
def run(home: Path, examples: Path) -> Run:
    """A run on 42 training images in 6 batches, the last of 2 images."""
    return create(small_spec(str(examples), epochs=3, batch_size=BATCH))


@pytest.fixture
def every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a line after every batch but an epoch's first."""
    backend.start()
    from core.train import engine, recorder

    monkeypatch.setattr(recorder, "_INTERVAL", 1e-9)
    monkeypatch.setattr(engine, "_PAUSE", 0.0)


Fit = Callable[..., tuple[Any, Reporter]]


@pytest.fixture
def fit(run: Run) -> Fit:
    """Fit the run's design with a Recorder; returns it with its reporter."""

    def fit(**train: Any) -> tuple[Any, Reporter]:
        keras = backend.start()
        from core.design.build import build
        from core.train import engine
        from core.train.recorder import Recorder

        spec = TrainSpec(epochs=run.spec.train.epochs, batch_size=BATCH).changed(**train)
        data = load(run.spec.data)
        split = data.split(spec.validation_share)
        keras.utils.set_random_seed(0)
        model, serving = (
            build(run.spec.model, data.shape, 3, resize=resize) for resize in (None, "pad")
        )
        reporter = Reporter(run)
        recorder = Recorder(
            reporter,
            serving,
            images=IMAGES,
            batch_size=BATCH,
            ends=(spec.epochs,),
            patience=spec.patience,
        )
        trainer = engine.Engine(model, spec, Plan("float32", 2))
        trainer.fit(data, split.train, split.validation, recorder)
        return recorder, reporter

    return fit


def test_each_epoch_has_a_line(run: Run, every_batch: None) -> None:
    """An epoch's line has its number, losses, accuracies, seconds, speed and learning rate."""
    work(run)
    lines = run.metrics("epoch")
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    for line in lines:
        assert set(line) == {
            *("event", "time", "epoch", "seconds", "images_per_second", "learning_rate"),
            *("loss", "accuracy", "val_loss", "val_accuracy"),
        }
        assert line["learning_rate"] == pytest.approx(0.001)
        assert line["seconds"] > 0
        assert line["images_per_second"] > 0
    assert run.status.state is State.DONE


def test_a_batch_line_is_the_mean_since_the_line_before(run: Run, every_batch: None) -> None:
    """The lines of an epoch's batches add up to the epoch, its smaller last batch included."""
    work(run)
    lines = run.metrics("batch")
    assert len(lines) == 3 * (STEPS - 1)
    for number, epoch in enumerate(run.metrics("epoch")):
        mine = lines[number * (STEPS - 1) : (number + 1) * (STEPS - 1)]
        places = [number + step / STEPS for step in range(2, STEPS + 1)]
        assert [line["epoch"] for line in mine] == pytest.approx(places, abs=1e-4)
        sizes = [8, 8, 8, 8, 2]
        hits = [line["accuracy"] * size for line, size in zip(mine, sizes, strict=True)]
        assert hits == pytest.approx([round(hit) for hit in hits], abs=1e-3)
        losses = [line["loss"] * size for line, size in zip(mine, sizes, strict=True)]
        first = epoch["loss"] * IMAGES - math.fsum(losses)  # the first batch has no line of its own
        assert 0 < first / BATCH < 3
        assert all(line["images_per_second"] > 0 for line in mine)


def test_the_best_epoch_has_the_lowest_validation_loss(run: Run) -> None:
    """The status names the epoch with the lowest validation loss, with its loss and accuracy."""
    spec = run.spec
    wild = spec.train.changed(epochs=12, optimizer="sgd", learning_rate=0.5)
    run = create(spec.changed(train=wild.model_dump()))
    work(run)
    best = min(run.metrics("epoch"), key=lambda line: line["val_loss"])
    assert run.status.best_epoch == best["epoch"]
    assert run.status.val_loss == best["val_loss"]
    assert run.status.val_accuracy == best["val_accuracy"]
    assert best["epoch"] < 12  # the last epoch is not the best, or this would show little


def test_the_saved_weights_are_those_of_the_best_epoch(run: Run, fit: Fit) -> None:
    """model.keras scores the best epoch's validation loss, not the last one's."""
    recorder, reporter = fit(epochs=12, optimizer="sgd", learning_rate=0.5)
    keras = backend.start()
    data = load(run.spec.data)
    rows = data.split(TrainSpec().validation_share).validation
    saved = keras.models.load_model(run.folder / "model.keras", compile=False)
    saved.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    images, labels = data.images.images[rows], data.images.labels[rows]
    loss, accuracy = saved.evaluate(images, labels, verbose=0)
    assert loss == pytest.approx(recorder.best_loss, rel=1e-3)
    assert loss == pytest.approx(reporter.status.val_loss, rel=1e-3)
    assert accuracy == pytest.approx(reporter.status.val_accuracy)
    assert loss < run.metrics("epoch")[-1]["val_loss"]


def test_patience_stops_early(run: Run) -> None:
    """Training ends after as many epochs without a better validation loss as patience says."""
    spec = run.spec
    impatient = spec.train.changed(epochs=200, optimizer="sgd", learning_rate=0.5, patience=3)
    run = create(spec.changed(train=impatient.model_dump()))
    work(run)
    status = run.status
    assert status.state is State.DONE
    assert status.epoch < 200
    assert status.best_epoch == status.epoch - 3
    assert status.test_accuracy is not None


def test_an_examiner_that_fails_ends_no_training(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The epochs go on without it, to their end; the run says so, and its log why."""
    backend.start()
    from core.health.probe import Probe

    own, looks = Probe.look, []

    def look(self: Probe, *changes: Any) -> Any:
        looks.append(self)
        if len(looks) > 1:
            raise ValueError("no kernel for that")
        return own(self, *changes)

    monkeypatch.setattr(Probe, "look", look)
    assert work(run) is State.DONE
    assert [line["epoch"] for line in run.metrics("epoch")] == [1, 2, 3]
    assert run.status.test_accuracy is not None
    assert any("health is not known from here on" in note for note in run.status.notes)
    assert len(record.read(run).looked) == 1


def test_stop_ends_within_the_epoch(run: Run, fit: Fit) -> None:
    """Stop ends the fit after the current batch, and the part of an epoch is marked so."""
    (run.folder / "cancel").touch()
    recorder, reporter = fit()
    assert recorder.cancelled
    (line,) = run.metrics("epoch")
    assert line["partial"] is True
    assert line["val_loss"] is not None
    assert reporter.status.best_epoch == 1
    assert run.has_model


def test_figures_on_the_way_are_plausible(run: Run, fit: Fit, every_batch: None) -> None:
    """Steps, speed and time left are told while training, and at the end nothing is left."""
    _, reporter = fit()
    status = reporter.status
    assert (status.epoch, status.step, status.steps) == (3, 0, STEPS)
    assert status.images_per_second
    assert status.eta is not None
    assert status.eta >= 0


def test_answers_alone(run: Run) -> None:
    """What tells of the answers in an examiner's place has a line for each epoch, and no layers."""
    backend.start()
    from core.train import engine
    from core.train.answers import Answers
    from core.train.recorder import Recorder
    from core.train.subject import Whole

    data = load(run.spec.data)
    about = Whole(run.spec, data, data.split(run.spec.train.validation_share))
    recorder = Recorder(
        Reporter(run),
        about,
        images=IMAGES,
        batch_size=BATCH,
        ends=(3,),
        patience=0,
        examiner=Answers(run, data, about.split.validation),
    )
    trainer = engine.Engine(about.model, run.spec.train, Plan("float32", 1))
    trainer.fit(data, about.split.train, about.split.validation, recorder)
    answers, told = views.Views(run.folder / views.NAME), record.read(run)
    assert answers.look() == (1.0, 2.0, 3.0)
    assert [epoch.epoch for epoch in told.epochs] == [1, 2, 3]
    assert not told.looked
    view = answers.view(3.0)
    assert view is not None
    counted = views.matrix(view, 3)
    accuracy = run.metrics("epoch")[-1]["val_accuracy"]
    assert counted.trace() / counted.sum() == pytest.approx(accuracy)
