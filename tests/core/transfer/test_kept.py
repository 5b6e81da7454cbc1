"""A trained run is a backbone for others, and stays it whatever becomes of the run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import load
from core.design.analysis import analyse
from core.design.backbones import facts, kept
from core.errors import AppError, ModelError, NotFoundError, RunError, SpecError
from core.predict.classifier import Classifier
from core.runs.run import Run, create, delete
from core.runs.status import State
from core.specs import (
    Activation,
    Backbone,
    BatchNormalization,
    Conv2D,
    DataSpec,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    RunSpec,
    SeparableConv2D,
    SqueezeExcitation,
    TrainSpec,
    TransferSpec,
    UpSampling2D,
)
from core.transfer.compose import asked, compose
from core.transfer.kept import keep, offered, pinned
from tests.conftest import write_examples

pytestmark = pytest.mark.tensorflow
SIZE = 24
# of all kinds of layers that change how large an image is
UNEVEN = (
    *(Input(scale="-1 to 1"), Conv2D(filters=4, use_bias=False), BatchNormalization()),
    *(Activation(function="relu"), MaxPooling2D(pool_size=3, strides=2)),
    *(SeparableConv2D(filters=6, strides=2, padding="same"), SqueezeExcitation(reduction=2)),
    *(
        UpSampling2D(size=2),
        ResidualBlock(filters=8, strides=2),
        GlobalAveragePooling2D(),
        Output(),
    ),
)


@pytest.fixture(scope="module")
def shared(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the trained run, for all tests of this file."""
    folder = tmp_path_factory.mktemp("kept") / "home"
    shutil.copytree(trained, folder)
    return folder


@pytest.fixture(autouse=True)
def place(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It, as LAYERWISE_HOME; 8-bit integers are found by a few pictures."""
    from core.transfer import int8

    monkeypatch.setenv("LAYERWISE_HOME", str(shared))
    monkeypatch.setattr(int8, "IMAGES", 8)
    return shared


@pytest.fixture
def first(place: Path) -> Run:
    """The run that was trained from scratch."""
    return Run(place / "saved_models" / "examples-starter-1")


def worked(spec: RunSpec) -> Run:
    """A run that was worked at to its end."""
    from core.train.worker import work

    run = create(spec)
    assert work(run) is State.DONE, run.status.error
    return run


def transfer(run: str, source: str = "sketches", epochs: int = 1, **asked: Any) -> RunSpec:
    """On top of a run; `epochs` of fine-tuning, where that is asked for."""
    order = TransferSpec.parse({"backbone": "run", "run": run, "head": "linear", **asked})
    train = {"epochs": epochs, "batch_size": 32} if "finetune" in asked else None
    return compose(order, DataSpec(source=source, test_share=0.2), train=train)


def from_scratch(*layers: Any, color: str = "rgb") -> Run:
    """A run of a design of one's own on the examples, trained for an epoch."""
    return worked(
        RunSpec(
            model=ModelSpec(name="own", layers=layers),
            data=DataSpec(source="examples", size=SIZE, color=color),
            train=TrainSpec(epochs=1, batch_size=16),
        )
    )


def maps(run: Run, images: np.ndarray, last: str) -> np.ndarray:
    """What a layer of a run's saved model makes of images of the size that it works at."""
    import keras

    whole = keras.models.load_model(run.folder / "model.keras", compile=False)
    found = keras.Operation.output.fget(whole.get_layer(last))
    return np.asarray(keras.Model(whole.input, found)(images, training=False))


def pictures(size: int) -> np.ndarray:
    """Four of them, uint8 [4, size, size, 3]."""
    from core.transfer import int8

    return np.stack([int8.calibration(700 + number, size) for number in range(4)])


def require_same(layer: Backbone, wanted: np.ndarray, images: np.ndarray) -> None:
    """The layer makes these maps of the images, is as large as is said, and of the sizes said."""
    from core.transfer import networks

    network, known = networks.scaled(layer), facts(layer)
    np.testing.assert_allclose(network(images.astype(np.float32)), wanted, rtol=1e-4, atol=1e-5)
    assert network.count_params() == known.parameters
    for size in range(known.least, 50):
        shape = network.compute_output_shape((1, size, size, 3))
        assert shape == (1, known.places(size), known.places(size), known.channels)
    assert known.places(known.least - 1) == 0


def test_what_it_makes_of_images(first: Run) -> None:
    """Its last maps, of pixels that it scales itself; the classes and what leads to them are left out."""
    layer, images = keep(first.id), pictures(SIZE)
    require_same(layer, maps(first, images, "max_pooling2d_2"), images)
    known = facts(layer)
    assert (known.title, known.size, known.accuracy) == (first.id, SIZE, None)
    assert (known.stride, known.channels, known.reach) == (4, 64, 10)
    layers = (Input(scale="0 to 255"), layer, GlobalAveragePooling2D(), Output())
    found = analyse(ModelSpec(layers=layers), (SIZE, SIZE, 3), 5)
    assert found.errors == []
    before = analyse(first.spec.model, (SIZE, SIZE, 3), 3).rows
    assert found.rows[1].macs == sum(row.macs for row in before[:5])
    assert found.trainable == 65 * 5


def test_layers_of_all_kinds() -> None:
    """Also such as leave borders out, enlarge, or see all of the image; it is cut between any two."""
    from core.transfer import networks

    run = from_scratch(*UNEVEN)
    layer, images = keep(run.id), pictures(SIZE)
    require_same(layer, maps(run, images, "residual_block_1_act_2"), images)
    found = networks.blocks(layer)
    assert len(found) > 3
    assert sum(block.parameters for block in found) == facts(layer).parameters
    assert not facts(layer).int8


def test_a_run_of_grey_images() -> None:
    """Turns colours to grey first, as its images were."""
    run = from_scratch(
        *(Input(), Conv2D(filters=4), MaxPooling2D(), Flatten(), Dense(units=8), Output()),
        color="gray",
    )
    images = pictures(SIZE)
    grey = (images @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    import keras

    whole = keras.models.load_model(run.folder / "model.keras", compile=False)
    part = keras.Model(whole.get_layer("resize").output, whole.get_layer("max_pooling2d_1").output)
    require_same(keep(run.id), np.asarray(part(grey, training=False)), images)


def test_a_run_says_what_its_network_has_seen() -> None:
    """Of the images of the run's own set, divided otherwise; not of those of another one."""
    run = from_scratch(*UNEVEN)
    assert (kept(keep(run.id).run) / "learned.npy").is_file()
    again = transfer(run.id, "examples")
    other = worked(again.changed(data=again.data.changed(split_seed=7)))
    (note,) = (note for note in other.status.notes if "has seen" in note)
    assert "test images before" in note
    assert not any("has seen" in one for one in worked(transfer(run.id)).status.notes)


def test_a_transfer_outlives_the_run_that_it_stands_on(place: Path, first: Run) -> None:
    """The run is deleted, another one takes its name; all goes on as before, prediction and training."""
    copy = place / "saved_models" / "examples-starter-7"
    shutil.copytree(first.folder, copy)
    spec = transfer("examples-starter-7")
    assert spec.data.size == SIZE  # that at which the run worked
    run = worked(spec)
    assert run.status.test_accuracy is not None
    assert run.status.test_accuracy > 0.2  # of 12 classes
    delete(Run(copy))
    assert worked(spec).status.test_accuracy == run.status.test_accuracy
    data = load(spec.data)
    rows = data.split(spec.train.validation_share).test
    found = Classifier(run).classify(np.asarray(data.images.images[rows]))
    right = [data.classes.index(one.top(1)[0][0]) for one in found] == data.images.labels[rows]
    assert float(np.mean(right)) == pytest.approx(run.status.test_accuracy)
    layer = spec.model.layers[1]
    assert isinstance(layer, Backbone)
    assert layer.run is not None
    again = asked(spec)
    assert again is not None
    assert compose(again, spec.data, train=spec.train.model_dump()) == spec
    with pytest.raises(NotFoundError, match="no run examples-starter-7"):
        keep("examples-starter-7")
    assert keep(layer.run) == layer


def test_more_images_for_a_finished_run(place: Path, first: Run) -> None:
    """All of it or its last block learns on; what comes of that is a backbone again, with what it learned."""
    write_examples(place / "datasets" / "more", per_class=30)
    every = worked(transfer(first.id, "more", epochs=6, finetune="all"))
    assert "all blocks" in every.status.engine
    assert every.status.test_accuracy is not None
    assert every.status.test_accuracy > 0.8
    last = worked(transfer(every.id, "more", finetune="last-1-block"))
    assert "the last 1 block" in last.status.engine
    images = pictures(SIZE)
    for run in (every, last):
        require_same(keep(run.id), maps(run, images, "backbone_1"), images)
    known = [facts(keep(run.id)) for run in (first, every, last)]
    assert len({one.parameters for one in known}) == 1
    assert len({one.title for one in known}) == 3
    assert [run.id for run in offered()][-1] == first.id
    assert {first.id, every.id, last.id} <= {run.id for run in offered()}


def test_other_sizes(first: Run) -> None:
    """Images that are larger, and small ones that are enlarged."""
    spec = transfer(first.id, size=48)
    assert spec.data.size == 48
    run = worked(spec)
    assert run.status.test_accuracy is not None
    assert run.status.test_accuracy > 0.2


def gone(run: Run) -> None:
    """The run is not there any more."""
    shutil.rmtree(run.folder)


def damaged(run: Run) -> None:
    """Half of its model is missing."""
    path = run.folder / "model.keras"
    path.write_bytes(path.read_bytes()[:-2000])


def flat(run: Run) -> None:
    """The run is of dense layers alone."""
    path = run.folder / "spec.json"
    told = json.loads(path.read_bytes())
    layers = (Input(), Flatten(), Dense(units=8), Output())
    told["model"] = ModelSpec(layers=layers).model_dump(mode="json")
    path.write_text(json.dumps(told))


def training(run: Run) -> None:
    """The run waits for its turn."""
    run.write_status(run.status.model_copy(update={"state": State.QUEUED}))


@pytest.mark.parametrize(
    ("spoil", "kind", "what"),
    [
        (gone, NotFoundError, "There is no run"),
        (lambda run: (run.folder / "model.keras").unlink(), RunError, "has no model to build on"),
        (lambda run: (run.folder / "labels.json").unlink(), RunError, "which images it works at"),
        (damaged, ModelError, "cannot be read"),
        (flat, RunError, "makes no maps of images"),
        (training, RunError, "cannot be a backbone yet"),
    ],
)
def test_a_run_that_cannot_serve(
    trained_run: Run, spoil: Callable[[Run], None], kind: type[AppError], what: str
) -> None:
    """Is told with what was expected, what was received and what to do; nothing is kept of it."""
    spoil(trained_run)
    with pytest.raises(kind, match=what) as caught:
        transfer(trained_run.id)
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.remedy
    assert not (trained_run.folder.parent / ".backbones").exists()


def test_a_run_and_a_network_that_do_not_go_together() -> None:
    """Are asked to be named both or neither."""
    for order in (TransferSpec(backbone="run"), TransferSpec(run="examples-starter-1")):
        with pytest.raises(SpecError, match="is not clear"):
            compose(order, DataSpec(source="sketches"))


def test_what_is_kept_can_be_lost(place: Path, first: Run) -> None:
    """A design says so on its layer, an order before there is a run, a worker with the file's path."""
    from core.train import order
    from core.transfer import trained, weights

    shutil.copytree(first.folder, place / "saved_models" / "examples-starter-9")
    path = place / "saved_models" / "examples-starter-9" / "model.keras"
    path.write_bytes(path.read_bytes() + b"\\0")
    layer = keep("examples-starter-9")
    spec = transfer("examples-starter-9")
    content = kept(layer.run) / "model.keras"
    whole = content.read_bytes()
    content.unlink()
    content.write_bytes(whole[1000:-1])
    with pytest.raises(ModelError, match="cannot be read") as caught:
        trained.build(layer)
    assert str(content) in caught.value.expected
    content.unlink()
    with pytest.raises(NotFoundError, match="is not there"):
        weights.require(layer)
    shutil.rmtree(content.parent)
    (error,) = analyse(spec.model, (SIZE, SIZE, 3), 5).errors
    assert "takes a trained run that is not ready" in str(error.error)
    with pytest.raises(AppError):
        order.order(spec)


def test_a_design_may_name_the_run(first: Run) -> None:
    """What is kept of it takes its place when it is ordered."""
    layers = (Input(scale="0 to 255"), Backbone(network="run", run=first.id), Output())
    found = pinned(ModelSpec(layers=layers)).layers[1]
    assert found == keep(first.id)
    assert pinned(ModelSpec(layers=(Input(), Output()))) == ModelSpec(layers=(Input(), Output()))
