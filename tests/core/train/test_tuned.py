"""A run that fine-tunes: its head is solved for, then the last blocks of its backbone learn with it."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import files
from core.cli.transfer import result
from core.data.dataset import load
from core.errors import ModelError
from core.health import case, views
from core.predict.classifier import Classifier
from core.runs import checkpoints, queue
from core.runs.how_far import LOOKING
from core.runs.resume import resumable, resume
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import DataSpec, Dense, ModelSpec, RunSpec, TransferSpec
from core.train.reporter import Reporter
from core.train.worker import work
from core.transfer.compose import compose
from tests.conftest import write_examples
from tests.core.train.test_frozen import require_figures_of_the_saved_model
from tests.core.transfer import small_network

pytestmark = pytest.mark.tensorflow
SIZE, EPOCHS, BATCH, STEPS = 64, 3, 8, 6
HEAD, TUNING = "training the head", "fine-tuning"


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace for all tests of this file, with three classes of twenty images."""
    folder = tmp_path_factory.mktemp("tuned")
    write_examples(folder / "datasets" / "examples")
    with small_network.in_place(folder):
        yield folder


@pytest.fixture(autouse=True)
def no_dispatcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are trained here, when the test says so."""
    monkeypatch.setattr(queue, "ensure", lambda: None)


def spec(train: dict[str, Any] | None = None, **settings: Any) -> RunSpec:
    """A transfer to small images, whose last two blocks learn for three epochs."""
    asked = {"size": SIZE, "finetune": "last-2-blocks", "head": "linear", **settings}
    few = {"epochs": EPOCHS, "batch_size": BATCH, "precision": "float32", "patience": 0}
    data = DataSpec(source="examples")
    return compose(TransferSpec.parse(asked), data, train={**few, **(train or {})})


def trained(asked: RunSpec) -> Run:
    """A run that was worked at to its end."""
    run = create(asked)
    assert work(run) is State.DONE, run.status.error
    return run


@pytest.fixture(scope="module")
def whole(home: Path) -> Run:
    """One that nothing interrupts."""
    return trained(spec())


def figures(run: Run) -> list[dict[str, float]]:
    """What was measured of every step of the head and every epoch, but for times and speeds."""
    names = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    lines = [line for line in run.metrics("epoch") if not line.get("partial")]
    return [{name: line[name] or 0.0 for name in names} for line in lines]


def solved(run: Run) -> int:
    """How many steps the head took."""
    return int(run.status.ends[0])


def told(run: Run, event: str) -> list[dict[str, Any]]:
    """Lines of an event, also those that later ones stand for."""
    lines = files.read_json_lines(run.folder / "metrics.jsonl")
    return [line for line in lines if line["event"] == event]


def stages(run: Run, name: str) -> int:
    """How often there was a stage of that name."""
    return [line["name"] for line in told(run, "stage")].count(name)


def require_best(run: Run) -> None:
    """Of both phases it is the one with the lowest validation loss, and the models are its own."""
    best = min(figures(run), key=lambda line: line["val_loss"])
    status = run.status
    assert status.best_epoch == best["epoch"]
    assert (status.val_loss, status.val_accuracy) == (best["val_loss"], best["val_accuracy"])
    require_figures_of_the_saved_model(run)
    require_the_same_answers(run)


def require_the_same_answers(run: Run) -> None:
    """model.keras and model.onnx give the same probabilities."""
    import keras

    images = np.asarray(load(run.spec.data).images.images[:8])
    saved = keras.models.load_model(run.folder / "model.keras", compile=False)
    found = [one.probabilities for one in Classifier(run).classify(images)]
    np.testing.assert_allclose(found, saved(images, training=False), atol=1e-3)
    larger = images.repeat(2, axis=1).repeat(2, axis=2)
    assert saved(larger, training=False).shape == (8, 3)


def test_its_figures(whole: Run) -> None:
    """The epochs go on counting where the head's steps ended; a line says where that was."""
    status, steps = whole.status, solved(whole)
    assert steps > 1
    assert status.ends == (steps, steps + EPOCHS)
    assert [line["epoch"] for line in figures(whole)] == list(range(1, steps + EPOCHS + 1))
    assert status.epoch == status.epochs == steps + EPOCHS
    assert status.progress == 1.0
    (phase,) = told(whole, "phase")
    assert (phase["name"], phase["epoch"]) == (TUNING, steps)
    lines = [line["event"] for line in told(whole, "epoch") + told(whole, "phase")]
    assert lines.count("phase") == 1
    assert all(line["learning_rate"] for line in figures(whole)[steps:])
    assert status.engine.startswith("one layer on the last 2 blocks of the backbone, float32")
    assert status.parameters is not None
    assert (status.train_images, status.validation_images, status.test_images) == (42, 6, 12)


def test_its_model(whole: Run) -> None:
    """The best of both phases is what is kept, tested and asked."""
    require_best(whole)
    assert whole.status.test_accuracy is not None
    assert whole.status.test_accuracy > 0.6
    told_answers = views.Views(whole.folder / views.NAME)
    assert told_answers.look()[-EPOCHS:] == tuple(
        float(solved(whole) + number) for number in range(1, EPOCHS + 1)
    )
    seen = case.of(whole)
    assert (seen.before, seen.epochs) == (solved(whole), EPOCHS)


def test_its_stages_are_told_on_the_command_line(whole: Run) -> None:
    """With how long each took; fine-tuning is one of them."""
    seconds: Any = result(whole, whole.status)["seconds_by_phase"]
    assert list(seconds)[-2:] == [HEAD, TUNING]
    assert seconds[TUNING] > 0


def test_in_floats(whole: Run, home: Path) -> None:
    """Where 8 bits do not do, the maps are kept in half precision; it learns much the same."""
    (path,) = home.rglob("blocks-int8.tflite")
    aside, refused = path.rename(path.with_name("aside")), path.with_suffix(".refused")
    refused.write_text("{}")
    try:
        run = trained(spec())
    finally:
        refused.unlink()
        aside.rename(path)
    require_best(run)
    kinds = {item.parent.name.split("-")[2] for item in home.rglob("values.bin")}
    assert kinds == {"int8", "float"}
    assert figures(run) != figures(whole)
    assert run.status.val_loss == pytest.approx(whole.status.val_loss, abs=0.2)


def test_what_does_worse_is_not_kept() -> None:
    """The head that was found first is, in front of the blocks as they were."""
    run = trained(spec({"learning_rate": 3.0, "optimizer": "sgd"}, head="hidden", units=16))
    assert run.status.best_epoch is not None
    assert run.status.best_epoch <= solved(run) == 8
    assert run.status.epoch == 8 + EPOCHS
    require_best(run)
    assert any(note.startswith("Fine-tuning did no better") for note in run.status.notes)
    assert run.status.engine.startswith("a hidden layer on the last 2 blocks")
    built = ModelSpec.parse(json.loads((run.folder / "design.json").read_bytes()))
    assert [layer.units for layer in built.layers if isinstance(layer, Dense) and layer.on] == [16]


def test_all_of_the_backbone() -> None:
    """On the images themselves; of another size than theirs it enlarges them."""
    run = trained(spec({"epochs": 1}, finetune="all", size=32))
    require_best(run)
    assert run.status.engine.startswith("one layer on all blocks of the backbone")
    assert run.status.epoch == solved(run) + 1


def stop_at(monkeypatch: pytest.MonkeyPatch, run: Run, phase: str) -> None:
    """Press Stop as soon as it says that it does this."""
    say = Reporter.phase

    def told_phase(self: Reporter, name: str) -> None:
        say(self, name)
        if name == phase:
            queue.cancel(run)

    monkeypatch.setattr(Reporter, "phase", told_phase)


@pytest.mark.parametrize("phase", ["preparing the backbone", LOOKING])
def test_stopped_before_there_is_a_head(monkeypatch: pytest.MonkeyPatch, phase: str) -> None:
    """There is no model, and that is no error."""
    run = create(spec(size=96))
    stop_at(monkeypatch, run, phase)
    assert work(run) is State.STOPPED
    assert run.status.error is None
    assert not run.has_model


@pytest.mark.parametrize(("phase", "steps"), [(HEAD, 1), ("training", 0)])
def test_stopped_and_resumed(
    whole: Run, monkeypatch: pytest.MonkeyPatch, phase: str, steps: int
) -> None:
    """What there is by then is kept and tested; later it goes on, and no head is solved for again."""
    run = create(spec())
    with monkeypatch.context() as patch:
        stop_at(patch, run, phase)
        assert work(run) is State.STOPPED
    status = run.status
    assert status.error is None
    assert status.test_accuracy is not None
    assert solved(run) == (steps or solved(whole))
    assert status.best_epoch is not None
    assert not status.best_partial
    require_figures_of_the_saved_model(run)
    assert resumable(run, status)
    resume(run)
    assert work(run) is State.DONE, run.status.error
    assert run.status.epoch == solved(run) + EPOCHS
    assert [stages(run, name) for name in (HEAD, TUNING)] == [1, 2]
    require_best(run)
    if not steps:
        require_as_uninterrupted(run, whole)


@pytest.mark.parametrize("checkpoint", [True, False])
def test_stopped_while_it_looks_anew(
    whole: Run, home: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: bool
) -> None:
    """One that goes on, and whose features are gone, heeds Stop at once; later it goes on once more."""
    from core.train.frozen import Sitting

    run = create(spec())
    with monkeypatch.context() as patch:
        fail_before(patch, 2)
        assert work(run) is State.FAILED
    if not checkpoint:
        (run.folder / checkpoints.NAME).unlink()
    shutil.rmtree(home / "datasets" / ".cache" / "features")
    say, asked = Sitting._told, []

    def pressed(self: Sitting, done: int, count: int, known: int) -> bool:
        queue.cancel(run)
        asked.append(done)
        return say(self, done, count, known)

    before = (run.folder / "model.keras").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Sitting, "_told", pressed)
        assert work(run) is State.STOPPED
    assert asked == [0]
    assert (run.folder / "model.keras").read_bytes() == before
    (run.folder / "cancel").unlink()
    assert work(run) is State.DONE, run.status.error
    require_as_uninterrupted(run, whole)


def require_as_uninterrupted(run: Run, other: Run) -> None:
    """The curve is that of the run that nothing interrupted, and so is all else."""
    assert len(figures(run)) == len(figures(other))
    for one, wanted in zip(figures(run), figures(other), strict=True):
        assert one == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    for name in ("best_epoch", "epoch", "epochs", "ends", "test_accuracy"):
        assert getattr(run.status, name) == getattr(other.status, name), name


def fail_before(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """Have the training break off before it trains this epoch of fine-tuning."""
    from core.train.recorder import Recorder

    begin = Recorder.on_epoch_begin

    def broken(self: Recorder, progress: Any) -> None:
        if progress.epoch == self.ends[0] + epoch - 1:
            raise RuntimeError("the machine was switched off")
        begin(self, progress)

    monkeypatch.setattr(Recorder, "on_epoch_begin", broken)


def test_broken_off_in_fine_tuning(whole: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on from its checkpoint, with the head that was found."""
    run = create(spec())
    with monkeypatch.context() as patch:
        fail_before(patch, 2)
        assert work(run) is State.FAILED
    assert resumable(run, run.status)
    resume(run)
    assert work(run) is State.DONE, run.status.error
    require_as_uninterrupted(run, whole)
    assert stages(run, HEAD) == 1
    assert len(told(run, "phase")) == 1
    require_best(run)


def test_broken_off_before_a_checkpoint(whole: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head is solved for again; of the first time's lines none is shown."""
    run = create(spec())
    with monkeypatch.context() as patch:
        fail_before(patch, 1)
        assert work(run) is State.FAILED
    assert not (run.folder / checkpoints.NAME).exists()
    assert (run.status.step, run.status.steps) == (
        0,
        STEPS,
    )  # none of the images that were looked at
    assert work(run) is State.DONE, run.status.error
    require_as_uninterrupted(run, whole)
    assert stages(run, HEAD) == 2
    assert len(run.metrics("phase")) == 1


@pytest.mark.parametrize(
    ("views", "times"), [({"flips": True}, 2), ({"zooms": True, "flips": True}, 4)]
)
def test_further_views(monkeypatch: pytest.MonkeyPatch, views: dict[str, bool], times: int) -> None:
    """They are learned from too: more steps, and where it went on is told by them."""
    run = create(spec(**views))
    with monkeypatch.context() as patch:
        stop_after(patch, run, 4)
        assert work(run) is State.STOPPED
    (partial,) = (line for line in told(run, "epoch") if line.get("partial"))
    steps = (partial["epoch"] - solved(run)) * math.ceil(times * 42 / BATCH)
    assert steps == pytest.approx(round(steps), abs=1e-3)
    assert 4 <= round(steps) < math.ceil(times * 42 / BATCH)
    resume(run)
    assert work(run) is State.DONE, run.status.error
    (resumed,) = told(run, "resumed")
    assert resumed["epoch"] == partial["epoch"]
    require_best(run)


def stop_after(monkeypatch: pytest.MonkeyPatch, run: Run, steps: int) -> None:
    """Press Stop once so many steps of an epoch of fine-tuning are done."""
    from core.train.recorder import Recorder

    end = Recorder.on_steps_end

    def told_steps(self: Recorder, progress: Any) -> None:
        if progress.step >= steps:
            queue.cancel(run)
        end(self, progress)

    monkeypatch.setattr(Recorder, "on_steps_end", told_steps)


def test_stopped_again_where_it_is_tested_on_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written for predicting is tested all the same, by a sitting that found no head."""
    from core.transfer.serving import Models

    run = create(spec())

    def refuse(*_: Any) -> float:
        raise ModelError("no ONNX", expected="a file", received="none", remedy="Try again")

    with monkeypatch.context() as patch:
        stop_at(patch, run, "training")
        assert work(run) is State.STOPPED
        resume(run)
        patch.setattr(Models, "write_onnx", refuse)
        assert work(run) is State.STOPPED, run.status.error
    assert run.status.test_accuracy is not None
    assert run.has_model
