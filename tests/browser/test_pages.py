"""Every page as it looks: cold deep links, both themes, a phone's width."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.runs.run import Run
from tests.browser.conftest import SHOTS, App, settled

pytestmark = pytest.mark.browser

PAGES = {
    "home": "/",
    "data": "/data",
    "design": "/design",
    "transfer": "/transfer",
    "train": "/train?run=examples-starter-1",
    "runs": "/runs",
    "run": "/runs?run=examples-starter-1",
    "tune": "/tune",
    "variants": "/tune?tool=Variants",
    "predict": "/predict?run=examples-starter-1",
    "learn": "/learn",
    "lesson": "/learn?lesson=overfitting&step=1",
}


def test_every_page_in_both_themes_and_on_a_phone(
    chromium: Browser, app: App, workspace: Path
) -> None:
    """Each page draws without an error box, and nothing overflows at 390 pixels."""
    SHOTS.mkdir(exist_ok=True)
    for theme in ("light", "dark"):
        for width in (1280, 390):
            context = chromium.new_context(
                color_scheme=theme, viewport={"width": width, "height": 900}
            )
            context.set_default_timeout(30_000)
            page = context.new_page()
            for name, path in PAGES.items():
                page.goto(app.url + path)
                settled(page)
                page.wait_for_timeout(400)
                assert page.get_by_test_id("stAlertContentError").count() == 0, name
                assert page.get_by_test_id("stException").count() == 0, name
                wider = page.evaluate(
                    "() => { const m = document.querySelector('[data-testid=stMain]');"
                    " return m.scrollWidth - m.clientWidth }"
                )
                assert wider <= 1, f"{name} overflows by {wider} px at {width} px"
                page.screenshot(path=SHOTS / f"{name}-{theme}-{width}.png", full_page=True)
            context.close()


def test_cold_deep_link(app: App, workspace: Path, page: Page) -> None:
    """The address of a run works as the very first page that a server is asked for."""
    page.goto(f"{app.url}/runs?run=examples-starter-1")
    expect(page.get_by_role("heading", name="examples-starter-1")).to_be_visible()
    expect(page.get_by_role("link", name="Predict", exact=True)).to_be_visible()


def test_delete_a_run(app: App, trained_run: Run, page: Page) -> None:
    """Deleting asks once and then removes the run's folder."""
    page.goto(f"{app.url}/runs?run={trained_run.id}")
    settled(page)
    page.get_by_role("button", name="Delete run").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There are no runs yet.")).to_be_visible()
    assert not trained_run.folder.exists()
