"""Train."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import draft
from core.runs import queue
from core.runs.run import Run, all_runs
from core.runs.status import State
from core.specs import AugmentSpec, TrainSpec
from tests.conftest import small_spec
from tests.pages.conftest import OpenPage, errors


def sent(app: AppTest) -> dict[str, Any]:
    """What the component that draws the curves of the run was sent."""
    protos = [item.proto for item in app.get("bidi_component")]
    (drawn,) = [proto for proto in protos if proto.component_name == "layerwise-curves"]
    content: dict[str, Any] = json.loads(drawn.json)
    return content


@pytest.mark.parametrize(("optimizer", "schedule"), [("sgd", "step"), ("adam", "cosine")])
def test_every_setting_that_counts_is_on_the_form(
    open_page: OpenPage, examples: Path, optimizer: str, schedule: str
) -> None:
    """The form shows all settings that change something, so none can be set only elsewhere."""
    train = {"optimizer": optimizer, "schedule": schedule}
    draft.change(data={"source": str(examples)}, train=train)
    app = open_page("pages/train.py")
    app.session_state["train-fold"] = True
    app.session_state["augment-fold"] = True
    app.run()
    drawn = {item.key for kind in ("number_input", "selectbox", "toggle") for item in app.get(kind)}
    wanted = {f"train.{name}" for name in set(TrainSpec.model_fields) - draft.load().train.idle}
    wanted |= {f"augment.{name}" for name in AugmentSpec.model_fields}
    assert {key for key in drawn if key.startswith(("train.", "augment."))} == wanted


def test_a_folded_setting_is_changed_and_told(open_page: OpenPage, examples: Path) -> None:
    """What is not as usual stands in the title of its fold."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/train.py")
    app.session_state["augment-fold"] = True
    app.run()
    app.selectbox(key="augment.flip").select("horizontal").run()
    assert draft.load().augment.flip == "horizontal"
    assert any(item.label == "Change the images: flip" for item in app.expander)


def test_form_starts_from_the_draft_and_changes_it(open_page: OpenPage, examples: Path) -> None:
    """A changed setting is kept for the next visit."""
    draft.change(data={"source": str(examples)}, train={"epochs": 7})
    app = open_page("pages/train.py")
    assert app.number_input(key="train.epochs").value == 7
    app.number_input(key="train.batch_size").set_value(16).run()
    assert draft.load().train.batch_size == 16
    again = open_page("pages/train.py")
    assert again.number_input(key="train.batch_size").value == 16


def test_start_queues_exactly_one_run(open_page: OpenPage, examples: Path) -> None:
    """Start training orders the draft once and shows the run by its address."""
    draft.change(data={"source": str(examples), "size": 24})
    app = open_page("pages/train.py")
    start = next(button for button in app.button if button.label == "Start training")
    start.click().run()
    assert not app.exception
    (run,) = all_runs()
    try:
        assert run.spec == draft.load().order()
        assert app.query_params["run"] in (run.id, [run.id])
        app.run()
        assert len(all_runs()) == 1
    finally:
        queue.cancel(run)


def test_opening_it_gets_a_worker_ready(
    open_page: OpenPage, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page has a worker started for the run that is likely to come; a wrong setting is told."""
    draft.change(data={"source": str(examples)})
    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(queue, "warm_up", lambda: asked.append(True))
        open_page("pages/train.py")
    assert asked == [True]
    monkeypatch.setenv("LAYERWISE_WARM", "soon")
    assert "minutes from 0 to 1440" in errors(open_page("pages/train.py"))


def test_unusable_settings_are_explained(
    open_page: OpenPage, trained_run: Run, examples: Path
) -> None:
    """Values out of bounds are explained under their fields, Start is off, the run stays in view."""
    draft.change(data={"source": str(examples)}, train={"epochs": 7})
    app = open_page("pages/train.py")
    app.number_input(key="train.learning_rate").set_value(0.0).run()
    app.number_input(key="train.epochs").set_value(100_000).run()
    assert not app.exception
    reasons = [item.value for item in app.markdown if item.value.startswith(":red[")]
    assert any("Learning rate: expected a number greater than 0" in reason for reason in reasons)
    assert any("Epochs: expected a whole number" in reason for reason in reasons)
    start = next(button for button in app.button if button.label == "Start training")
    assert start.disabled
    assert (draft.load().train.learning_rate, draft.load().train.epochs) == (0.001, 7)
    assert any(item.value == trained_run.id for item in app.subheader)


def test_a_second_tab_overwrites_nothing(open_page: OpenPage, examples: Path) -> None:
    """What another tab chose is taken over by a tab that is merely drawn again."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/train.py")
    draft.change(train={"optimizer": "rmsprop", "learning_rate": 0.0001})
    app.run()
    assert draft.load().train.optimizer == "rmsprop"
    assert {item.label: item.value for item in app.selectbox}["Optimizer"] == "rmsprop"
    assert {item.label: item.value for item in app.number_input}["Learning rate"] == 0.0001


def test_images_that_are_gone_do_not_hide_the_run(open_page: OpenPage, trained_run: Run) -> None:
    """Where the draft's images are gone, the page says so and still shows the run."""
    draft.change(data={"source": "/no/such/folder"})
    app = open_page("pages/train.py")
    assert "There is no folder /no/such/folder" in errors(app)
    assert any(item.value == trained_run.id for item in app.subheader)


def test_shows_a_finished_run(open_page: OpenPage, trained_run: Run) -> None:
    """The latest run is shown with its figures, curves and the way to Predict."""
    app = open_page("pages/train.py")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Test accuracy"].endswith("%")
    assert any(item.value == trained_run.id for item in app.subheader)
    assert [chart["name"] for chart in sent(app)["charts"]] == ["loss", "accuracy"]


def test_unknown_run_in_the_address(open_page: OpenPage, examples: Path) -> None:
    """A run that was deleted gives a clear message instead of a traceback."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/train.py", run="gone-1")
    assert "There is no run gone-1" in errors(app)


@pytest.mark.tensorflow
def test_stop_button_stops_the_run(
    open_page: OpenPage, examples: Path, wait_for: Callable[..., None]
) -> None:
    """Stop ends a running training and keeps its best model."""
    run = queue.submit(small_spec(str(examples), epochs=900))
    try:
        wait_for(lambda: run.status.epoch >= 1, 90.0)
        app = open_page("pages/train.py", run=run.id)
        next(button for button in app.button if button.label == "Stop").click().run()
        wait_for(lambda: run.status.state.final, 60.0)
        assert run.status.state is State.STOPPED
        assert run.has_model
    finally:
        queue.cancel(run)
