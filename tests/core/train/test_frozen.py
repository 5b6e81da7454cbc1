"""A run on a frozen backbone, from its order to its tested model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from core.data.dataset import load
from core.errors import SpecError
from core.health import case, record, views
from core.health.doctor import diagnose
from core.predict.classifier import Classifier
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import (
    AugmentSpec,
    Backbone,
    DataSpec,
    Dense,
    FineTuneSpec,
    Flatten,
    GlobalAveragePooling2D,
    HeadSpec,
    Input,
    ModelSpec,
    Output,
    RunSpec,
    TrainSpec,
    TransferSpec,
)
from core.train import memory, order
from core.train.worker import work
from core.transfer.compose import compose
from core.transfer.head import macro_recall

pytestmark = pytest.mark.tensorflow
SIZE = 64


@pytest.fixture(scope="module")
def shared(backbones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace for all tests of this file, whose backbone is prepared."""
    folder = tmp_path_factory.mktemp("transfer")
    shutil.copytree(backbones / "datasets", folder / "datasets")
    return folder


@pytest.fixture(autouse=True)
def home(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It, as LAYERWISE_HOME."""
    monkeypatch.setenv("LAYERWISE_HOME", str(shared))
    return shared


def transfer(**settings: object) -> RunSpec:
    """Of the built-in drawings, few pixels each."""
    data = DataSpec(source="sketches", test_share=0.2)
    return compose(TransferSpec.parse({"size": SIZE, **settings}), data)


def trained(spec: RunSpec) -> Run:
    """A run that was worked at to its end."""
    run = create(spec)
    assert work(run) is State.DONE, run.status.error
    return run


def require_figures_of_the_saved_model(run: Run) -> None:
    """What the status tells of the test is what Predict answers."""
    data = load(run.spec.data)
    rows = data.split(run.spec.train.validation_share).test
    found = Classifier(run).classify(np.asarray(data.images.images[rows]))
    answers = np.array([data.classes.index(one.top(1)[0][0]) for one in found])
    labels = data.images.labels[rows]
    assert float((answers == labels).mean()) == pytest.approx(run.status.test_accuracy)
    assert macro_recall(labels, answers) == pytest.approx(run.status.macro_recall)


def test_a_transfer_is_an_ordinary_run() -> None:
    """With curves, answers, labels, both models, figures of the model as saved, and its stages."""
    run = trained(transfer())
    status, lines = run.status, run.metrics("epoch")
    assert status.test_accuracy is not None
    assert status.test_accuracy > 0.9
    assert status.epoch == status.epochs == len(lines)
    best = lines[(status.best_epoch or 0) - 1]
    assert best["val_loss"] == min(line["val_loss"] for line in lines) == status.val_loss
    assert best["val_accuracy"] == status.val_accuracy
    told = views.Views(run.folder / views.NAME)
    assert told.look() == (float(status.best_epoch or 0),)
    view = told.view(float(status.best_epoch or 0))
    assert view is not None
    counted = views.matrix(view, 12)
    assert counted.trace() / counted.sum() == pytest.approx(status.val_accuracy)
    assert record.read(run).epochs[0].sureness.right is not None
    assert diagnose(case.of(run)) == []  # solving fits ever closer, which is no fault
    names = [line["name"] for line in run.metrics("stage")]
    assert names[0] == "preparing the backbone"
    assert names[-1] == "testing"
    require_figures_of_the_saved_model(run)


def test_the_saved_models_agree_and_the_design_is_told() -> None:
    """model.keras takes photos of any size; design.json says whether there is a hidden layer."""
    import keras

    run = trained(transfer(head="hidden", units=16))
    built = ModelSpec.parse(json.loads((run.folder / "design.json").read_bytes()))
    (hidden,) = (layer for layer in built.layers if isinstance(layer, Dense))
    assert hidden.on
    assert hidden.units == 16
    whole = keras.models.load_model(run.folder / "model.keras", compile=False)
    images = np.asarray(load(run.spec.data).images.images[:8])
    session = onnxruntime.InferenceSession(str(run.folder / "model.onnx"))
    onnx = session.run(None, {"image": images})[0]
    np.testing.assert_allclose(whole(images, training=False), onnx, atol=1e-3)
    larger = images.repeat(2, axis=1).repeat(2, axis=2)
    assert whole(larger, training=False).shape == (8, 12)
    assert len(run.metrics("epoch")) == 8
    linear = trained(transfer(head="linear"))
    built = ModelSpec.parse(json.loads((linear.folder / "design.json").read_bytes()))
    assert not any(layer.on for layer in built.layers if isinstance(layer, Dense))


def test_features_are_computed_once(home: Path) -> None:
    """A second run reads them; mirror images are others, and so are averaged answers."""
    first = trained(transfer())
    kept = {
        path: path.stat().st_mtime_ns for path in (home / "datasets/.cache/features").rglob("*.bin")
    }
    again = trained(transfer())
    assert kept
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    assert first.status.val_loss == pytest.approx(again.status.val_loss)
    flipped = trained(transfer(flips=True).changed(augment=AugmentSpec(mirror=True)))
    assert flipped.status.test_accuracy is not None
    assert flipped.status.val_loss != again.status.val_loss
    session = onnxruntime.InferenceSession(str(flipped.folder / "model.onnx"))
    images = np.asarray(load(flipped.spec.data).images.images[:4])
    plain = session.run(None, {"image": images})[0]
    mirrored = session.run(None, {"image": images[:, :, ::-1]})[0]
    np.testing.assert_allclose(plain, mirrored, atol=1e-4)


def test_it_stops_when_asked() -> None:
    """Before there is a model: without one."""
    run = create(transfer())
    (run.folder / "cancel").touch()
    assert work(run) is State.STOPPED
    assert not run.has_model


def test_a_design_of_ones_own_behind_a_backbone() -> None:
    """It is trained by the engine on the features, and is an ordinary run too."""
    layers = (
        *(Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D()),
        *(Dense(units=16), Output()),
    )
    spec = RunSpec(
        model=ModelSpec(layers=layers),
        data=DataSpec(source="sketches", size=SIZE, color="rgb"),
        train=TrainSpec(epochs=2, batch_size=64, precision="float32"),
    )
    run = trained(spec)
    assert run.status.epoch == 2
    assert run.status.test_accuracy is not None
    assert run.status.test_accuracy > 0.8
    require_figures_of_the_saved_model(run)


def test_what_cannot_be_is_refused_before_a_run_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed images, since each is looked at once; and a head of another kind."""
    layers = (Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D(), Output())
    data = DataSpec(source="sketches", size=SIZE, color="rgb")
    changed = RunSpec(
        model=ModelSpec(layers=layers), data=data, augment=AugmentSpec(flip="horizontal")
    )
    with pytest.raises(SpecError, match="cannot be changed"):
        order.order(changed)
    monkeypatch.setattr(memory, "total", lambda: 2**27)
    flat = RunSpec(
        model=ModelSpec(layers=(*layers[:2], Flatten(), Output())), data=data.changed(size=256)
    )
    with pytest.raises(SpecError, match="makes of the images does not fit"):
        order.order(flat)
    odd = (*layers[:3], Dense(activation="tanh"), Output())
    with pytest.raises(SpecError, match="cannot be solved for"):
        order.order(RunSpec(model=ModelSpec(layers=odd), data=data, head=HeadSpec()))
    linear = RunSpec(model=ModelSpec(layers=layers), data=data, finetune=FineTuneSpec())
    with pytest.raises(SpecError, match="behind a head that was solved for"):
        order.order(linear)
    mirrored = transfer(finetune="last-2-blocks").changed(augment=AugmentSpec(mirror=True))
    with pytest.raises(SpecError, match="cannot be changed"):
        order.order(mirrored)
