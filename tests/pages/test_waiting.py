"""The queue on the Train page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import draft
from core.runs import queue, turns
from core.runs.run import Run, create
from core.runs.status import State
from pages.shared import waiting
from tests.conftest import small_spec
from tests.pages.conftest import OpenPage


@pytest.fixture
def runs(home: Path, examples: Path) -> list[Run]:
    """Three runs that wait in a paused queue."""
    draft.change(data={"source": str(examples)})
    queue.pause()
    return [queue.submit(small_spec(str(examples))) for _ in range(3)]


def button(app: AppTest, start: str) -> Any:
    """The button whose label or alternative text begins so."""
    return next(item for item in app.button if item.label.removeprefix("![").startswith(start))


def labels(app: AppTest) -> str:
    """All buttons' labels."""
    return "\n".join(item.label for item in app.button)


def captions(app: AppTest) -> str:
    """All captions."""
    return "\n".join(item.value for item in app.caption)


def test_nothing_is_shown_where_nothing_waits(open_page: OpenPage, examples: Path) -> None:
    """An idle queue takes no place on the page."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/train.py")
    assert all(item.value != "Queue" for item in app.subheader)
    assert "Pause queue" not in labels(app)


def test_runs_are_moved_and_cancelled(open_page: OpenPage, runs: list[Run]) -> None:
    """The buttons of a row move its run, or take it out of the queue."""
    first, second, third = runs
    app = open_page("pages/train.py")
    assert "the queue is paused" in captions(app)
    assert button(app, f"Move up: {first.id}").disabled
    assert button(app, f"Run next: {first.id}").disabled
    assert button(app, f"Move down: {third.id}").disabled
    button(app, f"Run next: {third.id}").click().run()
    assert turns.queued() == [third, first, second]
    button(app, f"Move down: {third.id}").click().run()
    assert turns.queued() == [first, third, second]
    button(app, f"Move up: {second.id}").click().run()
    assert turns.queued() == [first, second, third]
    button(app, f"Cancel: {first.id}").click().run()
    assert not app.exception
    assert turns.queued() == [second, third]
    assert first.status.state is State.STOPPED


def test_a_row_that_has_started_meanwhile_is_explained(
    open_page: OpenPage, runs: list[Run]
) -> None:
    """A click on a run that another tab cancelled says that it does not wait, and harms nothing."""
    app = open_page("pages/train.py")
    queue.cancel(runs[1])
    button(app, f"Move up: {runs[1].id}").click().run()
    assert not app.exception
    assert "does not wait" in app.toast[0].value
    assert turns.queued() == [runs[0], runs[2]]


def test_the_queue_is_paused_and_resumed(
    open_page: OpenPage, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one button pauses and resumes, and the page says which it is."""
    monkeypatch.setattr(queue, "ensure", lambda: None)
    app = open_page("pages/train.py")
    assert "Nothing new starts until you resume the queue." in captions(app)
    button(app, "Resume queue").click().run()
    assert not turns.paused()
    assert "3 runs waiting; one trains at a time." in captions(app)
    button(app, "Pause queue").click().run()
    assert turns.paused()


def test_an_empty_paused_queue_can_be_resumed(open_page: OpenPage, runs: list[Run]) -> None:
    """A pause shows while nothing waits, so that it cannot be forgotten."""
    for run in runs:
        queue.cancel(run)
    app = open_page("pages/train.py")
    button(app, "Resume queue").click().run()
    assert not turns.paused()
    assert "Resume queue" not in labels(app)


def test_run_now(open_page: OpenPage, runs: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run now warns that both will be slower, marks the run, and the row says that it starts."""
    monkeypatch.setattr(queue, "ensure", lambda: None)
    busy = create(small_spec("sketches"))
    values = {"state": State.RUNNING, "host": "elsewhere", "heartbeat": time.time() + 600}
    busy.write_status(busy.saved_status.model_copy(update=values))
    app = open_page("pages/train.py")
    now = button(app, f"Run now: {runs[2].id}")
    assert now.help == "Run now, beside what trains: both will be slower"
    now.click().run()
    assert runs[2].hurried
    assert "Starts now" in captions(app)


def test_training_above_the_slots_is_told(open_page: OpenPage, examples: Path) -> None:
    """While more train than there are slots, the page says that each is slower."""
    draft.change(data={"source": str(examples)})
    for _ in range(2):
        run = create(small_spec("sketches"))
        values = {"state": State.RUNNING, "host": "elsewhere", "heartbeat": time.time() + 600}
        run.write_status(run.saved_status.model_copy(update=values))
    app = open_page("pages/train.py")
    assert "2 runs train at once, each slower than alone." in captions(app)


def test_slots_are_chosen(
    open_page: OpenPage, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of slots is changed on the page, unless the environment fixes it."""
    app = open_page("pages/train.py")
    app.number_input(key="queue-slots").set_value(3).run()
    assert turns.slots() == 3
    turns.set_slots(2)  # another tab
    app.run()
    shown = next(item for item in app.number_input if item.label == "Runs that train at once")
    assert shown.value == 2
    assert turns.slots() == 2
    monkeypatch.setenv("LAYERWISE_SLOTS", "4")
    app.run()
    shown = next(item for item in app.number_input if item.label == "Runs that train at once")
    assert shown.disabled
    assert shown.value == 4
    assert "Fixed by the environment variable LAYERWISE_SLOTS." in captions(app)


def test_a_long_queue_is_cut_short_until_asked_for(
    open_page: OpenPage, runs: list[Run], examples: Path
) -> None:
    """A few rows are shown; a button shows all of them."""
    more = [create(small_spec(str(examples))) for _ in range(waiting.FEW)]
    app = open_page("pages/train.py")
    assert more[-1].id not in labels(app)
    button(app, f"Show all {3 + waiting.FEW}").click().run()
    assert more[-1].id in labels(app)
    button(app, "Show fewer").click().run()
    assert more[-1].id not in labels(app)
