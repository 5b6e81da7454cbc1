"""Transfer: a transfer beside a CNN of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import draft, files
from core.design.presets import preset
from core.runs.run import all_runs
from core.runs.status import State
from core.tune import comparison
from tests.core.conftest import hold_slot
from tests.core.tune.conftest import Transferred, finish_test, transferred
from tests.pages.conftest import OpenPage, errors

__all__ = ["transferred"]
PAGE = "pages/transfer.py"


@pytest.fixture
def waiting(home: Path) -> Iterator[Path]:
    """A workspace in which what is ordered waits."""
    lock = hold_slot(home)
    yield home
    lock.release()


def told(app: AppTest) -> str:
    """All text, as a person reads it."""
    kinds = ("markdown", "caption", "info")
    return "\n".join(item.value for kind in kinds for item in app.get(kind)).replace("\\", "")


def press(app: AppTest, key: str) -> None:
    """Press the button of that key."""
    app.button(key=key).click().run()
    assert not app.exception, [item.value for item in app.exception]


@pytest.mark.usefixtures("waiting")
def test_one_button_trains_both(
    open_page: OpenPage, transferred: Transferred, examples: Path
) -> None:
    """A learning curve of the transfer and of the draft's design; all of it can be stopped."""
    mine = preset("tf-tutorial").model.changed(name="mine")
    draft.change(model=mine)
    run = transferred(examples)
    app = open_page(PAGE)
    assert len(app.get("plotly_chart")) == 0
    press(app, "compare-start")
    assert not errors(app)
    rows = comparison.rows(run)
    assert [row.share for row in rows] == [*comparison.CURVE, *comparison.CURVE]
    assert {row.title for row in rows} == {"EfficientNet-Lite0, pretrained", "mine, from scratch"}
    assert len(app.get("plotly_chart")) == 2
    assert len(app.dataframe[0].value) == 10
    assert any(item.value == run.id for item in app.subheader)  # not one made to compare with
    press(app, "compare-start")
    assert "All of this is trained, or on its way." in told(app)
    assert len(all_runs()) == 10
    press(app, "compare-stop")
    assert comparison.active(comparison.rows(run)) == []


@pytest.mark.usefixtures("waiting")
def test_the_design_is_chosen(
    open_page: OpenPage, transferred: Transferred, examples: Path
) -> None:
    """With all images alone; how it is trained is told before."""
    run = transferred(examples)
    app = open_page(PAGE)
    app.session_state["compare-menu"] = True
    app.run()
    assert app.selectbox(key="compare-design").value == "fast"
    assert "fast at 64 px: 19 epochs in batches of 32, adam at 0.0075" in told(app)
    app.selectbox(key="compare-design").set_value("starter").run()
    shares = app.segmented_control(key="compare-shares")
    shares.set_value("All images, the quick way").run()
    assert "starter at 64 px: 19 epochs" in told(app)
    app.session_state["compare-menu"] = False
    app.run()
    press(app, "compare-start")
    (made,) = (row for row in comparison.rows(run) if row.way == "scratch")
    assert (made.title, made.share) == ("starter, from scratch", 1.0)
    assert made.member.spec.data.size == 64
    comparison.cancel(comparison.rows(run))


@pytest.mark.usefixtures("waiting")
def test_figures_and_charts_of_what_is_done(
    open_page: OpenPage, transferred: Transferred, examples: Path
) -> None:
    """In words too, for who cannot see them."""
    run = transferred(examples)
    made = comparison.order(comparison.plan(run, preset("fast"), (0.25, 1.0), draft.load()))
    for one, accuracy, images in zip(made, (0.97, 0.9, 0.7), (300, 1200, 300), strict=True):
        finish_test(one, accuracy, images=images, seconds=70.0)
        line = {"event": "epoch", "epoch": 1, "time": 1030.0, "val_accuracy": 0.5, "val_loss": 1.0}
        files.append_json(one.folder / "metrics.jsonl", line)
    app = open_page(PAGE, run=run.id)
    assert not errors(app)
    assert "fast, from scratch: 90.0% in 1 min 10 s" in told(app)
    seconds, images = (chart.proto for chart in app.get("plotly_chart"))
    assert "fast, from scratch 90.0% after 1 min 10 s" in seconds.alt
    assert "fast, from scratch 300: 70.0%" in images.alt
    layout = json.loads(images.spec)["layout"]
    assert layout["xaxis"]["type"] == json.loads(seconds.spec)["layout"]["xaxis"]["type"] == "log"
    assert layout["xaxis"]["ticktext"] == ["300", "1,200"]
    assert layout["yaxis"]["range"][0] == pytest.approx(0.6)  # the lowest, 70%, is seen well
    looks = [
        (one["marker"]["color"], one["marker"]["symbol"]) for one in json.loads(images.spec)["data"]
    ]
    assert len({color for color, _ in looks}) == len({symbol for _, symbol in looks}) == 2
    table = app.dataframe[0].value
    assert table["Share"].tolist() == ["25%", "100%", "25%", "100%"]
    assert table["Test accuracy"].tolist() == [97.0, 99.0, 70.0, 90.0]
    assert not any(button.key == "compare-stop" for button in app.button)


def test_it_is_offered_for_a_transfer_that_is_done(
    open_page: OpenPage, home: Path, transferred: Transferred
) -> None:
    """For no other."""
    app = open_page(PAGE, run=transferred(state=State.FAILED).id)
    assert not any(button.key == "compare-start" for button in app.button)
