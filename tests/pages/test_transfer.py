"""Transfer."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from core import draft
from core.data.collection import LEAST, Collection
from core.design.cost import KINDS, Speed
from core.runs import queue
from core.runs.run import Run, all_runs, create
from core.runs.status import State
from core.specs import Backbone, DataSpec, FineTuneSpec, TransferSpec
from core.specs.layers.pretrained import TITLES
from core.train import speed
from core.transfer import offers, weights
from core.transfer.compose import compose
from core.transfer.kept import keep
from tests.pages.conftest import OpenPage, errors

PAGE = "pages/transfer.py"
PHOTO = "image/png"


def photo(seed: int) -> bytes:
    """A PNG of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def train(app: AppTest) -> object:
    """The button that starts it."""
    return next(button for button in app.button if button.label == "Train")


def given(app: AppTest) -> TextInput:
    """The field for a file of weights."""
    return next(item for item in app.text_input if item.label == "File of weights")


def told(app: AppTest) -> str:
    """All captions."""
    return "\n".join(str(item.value) for item in app.caption)


def filled(*names: str) -> Collection:
    """Classes with just enough photos."""
    own = Collection()
    for number, name in enumerate(names):
        own.add_class(name)
        for seed in range(LEAST):
            own.add(name, photo(100 * number + seed))
    return own


def test_it_begins_with_two_empty_classes(open_page: OpenPage) -> None:
    """It says what to do; nothing is kept before anything is done."""
    app = open_page(PAGE)
    assert "Give two or more classes some photos" in app.info[0].value
    assert [item.value for item in app.text_input] == ["Class 1", "Class 2"]
    assert f"Add {LEAST} photos to Class 1." in told(app)
    assert train(app).disabled
    assert not Collection().folder.exists()


def test_photos_are_uploaded_class_by_class(open_page: OpenPage) -> None:
    """One that cannot be read is told and holds up no other; with enough of each it can train."""
    app = open_page(PAGE)
    files = [(f"{seed}.png", photo(seed), PHOTO) for seed in range(LEAST - 1)]
    app.file_uploader[0].set_value([*files, ("broken.png", b"no image", PHOTO)]).run()
    assert not app.exception
    assert "1 photo could not be read" in told(app)
    assert "Add 1 more photo to Class 1." in told(app)
    app.file_uploader[0].set_value([("last.png", photo(99), PHOTO)]).run()
    assert f"Add {LEAST} photos to Class 2." in told(app)
    assert train(app).disabled
    more = [(f"{seed}.png", photo(seed), PHOTO) for seed in range(50, 50 + LEAST)]
    app.file_uploader[1].set_value(more).run()
    assert not app.exception
    assert {name: len(found) for name, found in Collection().classes.items()} == {
        "Class 1": LEAST,
        "Class 2": LEAST,
    }
    assert not train(app).disabled


def test_classes_are_named_added_and_deleted(open_page: OpenPage) -> None:
    """A name that cannot be is refused under its field, and nothing is lost."""
    own = filled("cat", "dog")
    app = open_page(PAGE)
    app.text_input(key="class-cat").set_value("lynx").run()
    assert list(own.classes) == ["dog", "lynx"]
    app.text_input(key="class-dog").set_value("Lynx").run()
    assert list(own.classes) == ["dog", "lynx"]
    assert "There is a class lynx already" in told(app)
    next(button for button in app.button if button.label == "Add a class").click().run()
    assert list(own.classes) == ["Class 1", "dog", "lynx"]
    app.button(key="remove-Class 1").click().run()  # an empty one goes at once
    assert list(own.classes) == ["dog", "lynx"]
    assert app.button(key="remove-dog").disabled
    own.add_class("cow")
    app.run()
    app.button(key="remove-lynx").click().run()
    assert f"**lynx** with its {LEAST} photos" in "\n".join(item.value for item in app.markdown)
    assert "lynx" in own.classes
    app.button(key="remove-cow").click().run()
    app.button(key="undo-lynx").click().run()
    assert len(own.classes["lynx"]) == LEAST - 1
    next(button for button in app.button if button.label == "Start over").click().run()
    assert f"{2 * LEAST - 1} photos in 2 classes" in "\n".join(item.value for item in app.markdown)
    assert list(own.classes) == ["dog", "lynx"]  # it only asks; the browser test presses the second
    assert not app.exception


def test_train_queues_one_run(open_page: OpenPage) -> None:
    """Of the photos as they are, with the settings of the page; the run is shown by its address."""
    filled("cat", "dog")
    app = open_page(PAGE)
    train(app).click().run()
    assert not app.exception, errors(app)
    (run,) = all_runs()
    try:
        assert run.spec == compose(draft.load().transfer, run.spec.data.changed(size=None))
        assert run.spec.data.source == Collection().name
        assert run.spec.data.together == "copies"
        assert app.query_params["run"] in (run.id, [run.id])
        assert any(item.value == run.id for item in app.subheader)
        app.run()
        assert len(all_runs()) == 1
    finally:
        queue.cancel(run)


def test_a_set_of_images(open_page: OpenPage) -> None:
    """One that is here is chosen; a setting out of its bounds is explained, and Train is off."""
    app = open_page(PAGE)
    app.segmented_control(key="transfer-way").set_value("A set of images").run()
    assert app.selectbox(key="transfer-data").value == "sketches"
    assert not train(app).disabled
    app.number_input(key="transfer.units").set_value(3).run()
    assert train(app).disabled
    assert any("Hidden units: expected" in item.value for item in app.markdown)
    app.number_input(key="transfer.units").set_value(64).run()
    assert not train(app).disabled
    assert draft.load().transfer.units == 64


def test_what_of_the_network_learns_on(open_page: OpenPage) -> None:
    """Its last blocks are chosen, with the time that takes here; they are listed, the last one first."""
    speed.save(Speed(**dict.fromkeys(KINDS, 1e-9)))
    weights.prepared(Backbone()).mkdir(parents=True)
    offers.keep_speed(Backbone(), 0.002, "int8")
    app = open_page(PAGE)
    app.segmented_control(key="transfer-way").set_value("A set of images").run()
    field = app.selectbox(key="transfer.finetune")
    assert field.value == "none"
    assert len(field.options) == 19
    assert field.options[0] == "Nothing: only the head learns"
    assert field.options[2].startswith("The last 2 blocks · about ")
    field.set_value("last-2-blocks").run()
    assert not app.exception, errors(app)
    blocks = app.dataframe[0].value
    assert list(blocks["Block"][:3]) == ["head", "block16", "block15"]
    assert list(blocks["Learns"]) == [True, True] + [False] * 16
    assert "1.03 million of 3.41 million parameters" in told(app)
    app.number_input(key="transfer.epochs").set_value(2).run()
    train(app).click().run()
    (run,) = all_runs()
    try:
        assert run.spec.finetune == FineTuneSpec(blocks=2)
        assert run.spec.train.epochs == 2
    finally:
        queue.cancel(run)


@pytest.mark.parametrize("name", ["gone-7", "../secret"])
def test_a_run_that_is_not_there(open_page: OpenPage, name: str) -> None:
    """Is said to be none."""
    app = open_page(PAGE, run=name)
    assert "There is no run" in errors(app)


@pytest.mark.parametrize(
    "tuning", [{}, {"finetune": "all", "epochs": 3, "learning_rate": 0.001, "decay": 0.5}]
)
def test_settings_are_used_again(open_page: OpenPage, tuning: dict[str, Any]) -> None:
    """Those of a run, its images and its way of learning."""
    transfer = TransferSpec(head="linear", units=64, size=96, flips=True, **tuning)
    spec = compose(transfer, DataSpec(source="sketches"))
    run = create(spec)
    app = open_page(PAGE, again=run.id)
    assert not app.exception, errors(app)
    assert draft.load().transfer == transfer
    assert draft.load().data == spec.data
    assert app.segmented_control(key="transfer-way").value == "A set of images"
    assert app.selectbox(key="transfer-data").value == "sketches"
    train(app).click().run()
    again = next(other for other in all_runs() if other.id != run.id)
    try:
        assert again.spec == spec
    finally:
        queue.cancel(again)


def test_what_is_shown_is_what_is_learned_from(open_page: OpenPage) -> None:
    """Also where the draft's images are not among those offered."""
    own = filled("cat", "dog")
    draft.change(data={"source": own.name})
    app = open_page(PAGE)
    app.segmented_control(key="transfer-way").set_value("A set of images").run()
    assert app.selectbox(key="transfer-data").value == "sketches"
    train(app).click().run()
    (run,) = all_runs()
    try:
        assert run.spec.data.source == "sketches"
    finally:
        queue.cancel(run)


def test_networks_that_are_not_here(open_page: OpenPage) -> None:
    """The bundled one is offered first; of another it says what Train does, and which file to put where."""
    app = open_page(PAGE)
    choice = app.selectbox(key="transfer.backbone")
    assert choice.value == "efficientnet_lite0"
    assert choice.options[0] == "EfficientNet-Lite0"
    assert choice.options[1:] == [f"{one} (not here yet)" for one in list(TITLES.values())[1:]]
    assert not any(item.label == "File of weights" for item in app.text_input)
    choice.set_value("resnet50_v2").run()
    assert not app.exception
    assert draft.load().transfer.backbone == "resnet50_v2"
    file = "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5"
    explained = "\n".join(item.value for item in app.info)
    assert "Train downloads them, about 94.3 MB" in explained
    assert file in explained.replace("\\", "")
    assert str(weights.folder()) in explained.replace("\\", "")
    listed = app.dataframe[0].value
    assert list(listed["Network"]) == list(TITLES.values())
    assert listed["Weights"][0] == "Comes with Layerwise"
    assert all(str(weights.folder()) in told for told in listed["Weights"][1:])


def test_networks_that_are_here(open_page: OpenPage) -> None:
    """Come before those that are not, and their speed is told once it was measured."""
    layer = Backbone(network="densenet121")
    path = weights.path(layer)
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    weights.prepared(layer).mkdir(parents=True)
    offers.keep_speed(layer, 0.0421, "int8")
    app = open_page(PAGE)
    choice = app.selectbox(key="transfer.backbone")
    assert choice.options[:2] == ["EfficientNet-Lite0", "DenseNet121"]
    assert "not measured here yet" in told(app)
    choice.set_value("densenet121").run()
    assert "42.1 ms an image here" in told(app)
    assert list(app.dataframe[0].value["Network"])[1] == "DenseNet121"


def test_a_file_of_weights(open_page: OpenPage, tmp_path: Path) -> None:
    """One that is not there is explained, and Train is off; another network begins without one."""
    draft.change(transfer={"backbone": "mobilenet_v2"})
    app = open_page(PAGE)
    app.segmented_control(key="transfer-way").set_value("A set of images").run()
    given(app).set_value(str(tmp_path / "mine.h5")).run()
    assert "The file of weights is not there" in errors(app)
    assert train(app).disabled
    (tmp_path / "mine.h5").write_bytes(b"weights")
    app.run()
    assert not app.error
    assert not train(app).disabled
    assert draft.load().transfer.weights == str(tmp_path / "mine.h5")
    given(app).set_value("").run()
    assert draft.load().transfer.weights is None
    given(app).set_value(str(tmp_path / "mine.h5")).run()
    app.selectbox(key="transfer.backbone").set_value("mobilenet").run()
    assert draft.load().transfer.weights is None


def test_a_trained_run(open_page: OpenPage, trained_run: Run) -> None:
    """Comes after the networks, says how good it is, and is what is learned on top of; gone, it is told."""
    app = open_page(PAGE)
    app.segmented_control(key="transfer-way").set_value("A set of images").run()
    choice = app.selectbox(key="transfer.backbone")
    assert choice.options[-1] == f"Your run {trained_run.id}"
    choice.set_value(f"run {trained_run.id}").run()
    assert not app.exception, errors(app)
    assert draft.load().transfer.run == trained_run.id
    assert "Trained here on examples, where it names" in told(app)
    assert not any(item.label == "File of weights" for item in app.text_input)
    train(app).click().run()
    assert not app.exception, errors(app)
    made = next(run for run in all_runs() if run.id != trained_run.id)
    try:
        assert made.spec.model.layers[1] == keep(trained_run.id)
        shutil.rmtree(trained_run.folder)
        app.run()
        assert f"There is no run {trained_run.id}" in errors(app)
        assert train(app).disabled
        again = open_page(PAGE, again=made.id)
        assert not again.exception
        assert not errors(again)
        assert not train(again).disabled
    finally:
        queue.cancel(made)


@pytest.mark.parametrize(("model", "what"), [(False, "there was a model"), (True, "it was tested")])
def test_what_one_should_know_is_told(open_page: OpenPage, model: bool, what: str) -> None:
    """Notes of the run, and how far it was when it was stopped."""
    run = create(compose(TransferSpec(), DataSpec(source="sketches")))
    note = "The network has seen these."
    run.write_status(run.status.model_copy(update={"state": State.STOPPED, "notes": (note,)}))
    if model:
        (run.folder / "model.keras").touch()
    app = open_page(PAGE)
    told = [str(item.value) for item in app.info]
    assert told[:2] == [f"Stopped before {what}.", note]
