"""core.train.examiner: what a training leaves of its health, and how sure its answers are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import files
from core.data.dataset import load
from core.health import record, views
from core.predict.classifier import Classifier
from core.runs.resume import resume
from core.runs.run import Run, create
from core.runs.status import State
from core.train import backend, watcher
from core.train.worker import work
from tests.conftest import small_spec
from tests.core.health.conftest import every_view

pytestmark = pytest.mark.tensorflow
Examining = Callable[[], tuple[Run, Any, watcher.Tested]]


def test_every_epoch_leaves_its_answers(trained_run: Run) -> None:
    """The confusion after each epoch is of all validation images, and has its accuracy."""
    told = every_view(trained_run)
    lines = trained_run.metrics("epoch")
    assert [view.epoch for view in told] == [line["epoch"] for line in lines]
    for view, line in zip(told, lines, strict=True):
        counts = views.matrix(view, 3)
        assert counts.sum() == trained_run.status.validation_images
        assert counts.trace() / counts.sum() == pytest.approx(line["val_accuracy"])
        assert np.sum(view.samples, axis=1) == pytest.approx(1, abs=1e-3)


def test_the_handful_has_the_models_own_probabilities(trained_run: Run) -> None:
    """What is told of the handful after the best epoch is what the saved model says of it."""
    kept = views.handful(trained_run)
    assert kept is not None
    best = every_view(trained_run)[(trained_run.status.best_epoch or 0) - 1]
    found = Classifier(trained_run).classify(kept.pixels)
    assert np.array(best.samples) == pytest.approx(
        np.array([prediction.probabilities for prediction in found]), abs=2e-3
    )
    data = load(trained_run.spec.data)
    rows = data.split(trained_run.spec.train.validation_share).validation
    assert sorted(kept.labels) == sorted(data.images.labels[rows].tolist())  # all six of them


def test_health_is_told_of_data_epochs_and_layers(trained_run: Run) -> None:
    """The first and the last epoch are looked at, each layer with what it has."""
    health = record.read(trained_run)
    assert health.data is not None
    assert health.data.train_shares == pytest.approx((1 / 3,) * 3, abs=0.01)
    assert 0 < health.data.mean < 1  # pixels are rescaled
    assert 1 < health.data.batch_classes <= 3
    assert [epoch.epoch for epoch in health.epochs] == list(range(1, 13))
    looked = [epoch.epoch for epoch in health.looked]
    assert looked[0] == 1
    assert looked[-1] == 12
    for epoch in health.looked:
        layers = {layer.title: layer for layer in epoch.layers}
        assert 0 <= (layers["Conv2D"].dead or 0) < 1
        assert layers["Conv2D"].saturated is None
        assert layers["Output"].dead is None
        for layer in epoch.layers:
            assert layer.gradient
            assert layer.update
            assert 1e-7 < layer.update < 1
    for epoch in health.epochs:
        assert sum(epoch.answers) == pytest.approx(1, abs=1e-4)


def test_a_resumed_run_goes_on_with_its_lines(
    home: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Added epochs are told after the others, also where the last line was torn by a kill."""
    monkeypatch.setattr("core.runs.queue.ensure", lambda: None)  # it is trained here
    run = create(small_spec(str(examples), epochs=2))
    assert work(run) is State.DONE
    for name in (record.NAME, views.NAME):
        with (run.folder / name).open("ab") as file:
            file.write(b'{"epoch": 3, "conf')
    resume(run, 1)
    assert work(run) is State.DONE
    assert [epoch.epoch for epoch in record.read(run).epochs] == [1, 2, 3]
    assert [view.epoch for view in every_view(run)] == [1, 2, 3]
    assert record.read(run).looked[-1].epoch == 3


def test_what_is_wrong_is_a_sign_while_it_trains(
    home: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told after the epoch that shows it, once, also where the run is trained on."""
    monkeypatch.setattr("core.runs.queue.ensure", lambda: None)  # it is trained here
    spec = small_spec(str(examples), epochs=2)
    unscaled = spec.model.layers[0].changed(scale="0 to 255")
    layers = (unscaled, *spec.model.layers[1:])
    run = create(spec.changed(model=spec.model.changed(layers=layers)))
    assert work(run) is State.DONE
    (sign,) = [sign for sign in run.status.signs if sign.fault == "inputs not scaled"]
    assert sign.epoch == 1
    assert "on average" in sign.evidence
    lines = run.metrics("epoch")
    assert lines[0]["time"] <= sign.time <= lines[1]["time"]
    resume(run, 1)
    assert work(run) is State.DONE
    assert [one for one in run.status.signs if one.fault == sign.fault] == [sign]


@pytest.fixture
def examining(home: Path, examples: Path) -> Examining:
    """A run of five epochs, the examiner of its untrained model, and what a validation comes to."""

    def begin() -> tuple[Run, Any, watcher.Tested]:
        keras = backend.start()
        from core.design.build import build
        from core.train.examiner import Examiner

        keras.utils.set_random_seed(0)
        run = create(small_spec(str(examples), epochs=5))
        data = load(run.spec.data)
        split = data.split(run.spec.train.validation_share)
        model = build(run.spec.model, data.shape, 3)
        examiner = Examiner(run, run.spec, model, data, split, last=5)
        chances = np.asarray(model(data.images.images[split.validation], training=False))
        samples = chances[examiner.samples]
        tested = watcher.Tested(1.0, 0.5, chances.argmax(1), chances.max(1), samples)
        return run, examiner, tested

    return begin


def test_an_epoch_without_a_look_has_its_answers(examining: Examining) -> None:
    """Where looking would take too long, the epoch is told without its layers."""
    run, examiner, tested = examining()
    assert examiner.looks(1)  # whatever it takes
    examiner.after_epoch(1.0, tested, (), look=True)
    examiner.after_epoch(2.0, tested, (), look=False)
    assert examiner.looks(5)
    health = record.read(run)
    assert [bool(epoch.layers) for epoch in health.epochs] == [True, False]
    assert all(layer.update is None for layer in health.epochs[0].layers)  # no changes were given
    assert health.epochs[1].answers
    assert [view.epoch for view in every_view(run)] == [1, 2]
    assert len(files.read_json_lines(run.folder / record.NAME)) == 3


def test_a_model_without_numbers_names_no_class(examining: Examining) -> None:
    """Where probabilities are no numbers there are no answers, not all of the first class."""
    run, examiner, tested = examining()
    examiner.after_epoch(1.0, tested, (), look=False)
    lost = watcher.Tested(
        loss=np.nan,
        accuracy=0.0,
        answers=np.zeros_like(tested.answers),
        sureness=np.full_like(tested.sureness, np.nan),
        samples=np.full_like(tested.samples, np.nan),
    )
    examiner.after_epoch(2.0, lost, (), look=True)
    assert [view.epoch for view in every_view(run)] == [1]
    health = record.read(run)
    assert [bool(epoch.answers) for epoch in health.epochs] == [True, False]
    assert health.epochs[1].sureness.right is None


answers = st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=40)


@given(answers)
def test_sureness_is_as_counted_by_hand(told: list[tuple[bool, float]]) -> None:
    """Means of the right and of the wrong answers, and how often the right one of a pair is surer."""
    backend.start()
    from core.train.answers import sureness

    right = np.array([good for good, _ in told])
    chances = np.array([chance for _, chance in told], np.float32)
    found = sureness(right, chances)
    good, bad = chances[right].tolist(), chances[~right].tolist()
    pairs: list[Any] = [(a > b) + (a == b) / 2 for a in good for b in bad]
    assert found.right == (pytest.approx(np.mean(good), abs=1e-6) if good else None)
    assert found.wrong == (pytest.approx(np.mean(bad), abs=1e-6) if bad else None)
    assert found.ranking == (pytest.approx(np.mean(pairs), abs=1e-6) if pairs else None)


def test_sureness_of_no_numbers_is_not_known() -> None:
    """A model that diverged is sure of nothing."""
    backend.start()
    from core.train.answers import sureness

    found = sureness(np.array([True, False]), np.array([np.nan, 0.5], np.float32))
    assert (found.right, found.wrong, found.ranking) == (None, None, None)
