"""Home."""

from __future__ import annotations

from core.runs import queue
from core.runs.run import Run, all_runs
from tests.pages.conftest import OpenPage


def test_offers_the_demo_and_the_steps(open_page: OpenPage) -> None:
    """An empty workspace shows the demo button and says that there are no runs."""
    app = open_page()
    assert app.title[0].value == "Layerwise"
    assert [button.label for button in app.button] == ["Start the demo"]
    assert "None so far" in app.caption[-1].value


def test_demo_orders_a_tagged_run(open_page: OpenPage) -> None:
    """Start the demo queues a run of the starter design on the built-in sketches."""
    app = open_page()
    app.button[0].click().run()
    assert not app.exception
    (run,) = all_runs()
    try:
        assert run.spec.data.source == "sketches"
        assert run.spec.model.name == "starter"
        assert run.spec.tags == {"demo": "sketches"}
    finally:
        queue.cancel(run)


def test_lists_the_latest_runs(open_page: OpenPage, trained_run: Run) -> None:
    """A finished run is listed with its status and accuracy."""
    table = open_page().dataframe[0].value
    assert table["Run"].tolist() == [trained_run.id]
    assert table["Status"].tolist() == ["Done"]
    assert table["Test"].iloc[0] == 100.0 * (trained_run.status.test_accuracy or 0.0)
