"""The app as a person waits for it, measured in Chromium.

    python -m benchmarks.app [--repeats 5]

First page: from starting `streamlit run` to the heading on the screen, against an app of one line,
interleaved. Page change: from the click on the menu to the new page drawn and its script at rest.
Shape table: pure Python, every preset. Training: from the click on Start to the first batch, and
from a metric's line in metrics.jsonl to its point in the chart.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.common import show, spread
from core.design.analysis import table
from core.design.presets import PRESETS
from core.runs import queue
from core.runs.run import Run, all_runs

ROOT = Path(__file__).resolve().parents[1]
PORT = 8599
MENU = ("Data", "Design", "Train", "Runs", "Predict", "Home")
ONE_LINE = 'import streamlit as st\nst.title("Layerwise")\n'
REST = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@contextmanager
def serving(script: Path, home: Path) -> Iterator[float]:
    """Run an app; yields the moment at which it was started."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(script)),
            *("--server.port", str(PORT), "--server.headless", "true"),
        ],
        cwd=script.parent,
        env={**os.environ, "LAYERWISE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://localhost:{PORT}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.01)
        yield begun
    finally:
        process.terminate()
        process.wait(timeout=20)


def first_page(browser: Browser, script: Path, home: Path) -> float:
    """Seconds from the start of the server to the painted heading."""
    with serving(script, home) as begun:
        page = browser.new_page()
        page.goto(f"http://localhost:{PORT}")
        page.wait_for_selector("h1")
        seconds = time.perf_counter() - begun
        page.close()
    return seconds


def page_changes(page: Page, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from a click on the menu to the page at rest, by page."""
    seconds: dict[str, list[float]] = {name: [] for name in MENU}
    for turn in range(rounds + 1):
        for name in MENU:
            heading = "Layerwise" if name == "Home" else name
            link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
            begun = time.perf_counter()
            link.click()
            page.locator("h1", has_text=heading).wait_for()
            page.wait_for_selector(REST)
            if turn:  # the first round imports what a page needs
                seconds[name].append(1000 * (time.perf_counter() - begun))
    return seconds


def training(page: Page) -> tuple[float, list[float]]:
    """Seconds from Start to the first batch, and from each epoch's line to its point on screen."""
    page.goto(f"http://localhost:{PORT}/train")
    page.wait_for_selector(REST)
    clicked = time.time()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/train?run=*")
    run: Run = all_runs()[0]
    first = 0.0
    delays: list[float] = []
    while not run.status.state.final and len(delays) < 8:
        lines = run.metrics()
        if lines and not first:
            first = lines[0]["time"]
        drawn = page.locator(".curves")
        newest = float(drawn.first.get_attribute("data-newest") or 0) if drawn.count() else 0.0
        shown = int(newest + 1e-4)  # whole epochs
        epochs = [line for line in lines if line["event"] == "epoch"]
        if shown > len(delays) and len(epochs) >= shown:
            delays.append(time.time() - epochs[shown - 1]["time"])
        time.sleep(0.02)
    queue.cancel(run)
    return first - clicked, delays


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no Chromium found: install it with apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home, one_line = Path(folder) / "home", Path(folder) / "one_line.py"
        home.mkdir()
        one_line.write_text(ONE_LINE)
        os.environ["LAYERWISE_HOME"] = str(home)
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        app = ROOT / "streamlit_app.py"
        ours, empty = [], []
        for _ in range(options.repeats):
            empty.append(first_page(browser, one_line, home))
            ours.append(first_page(browser, app, home))
        with serving(app, home):
            page = browser.new_page()
            page.goto(f"http://localhost:{PORT}")
            page.wait_for_selector("h1")
            changes = page_changes(page, options.repeats)
            begun, delays = training(page)
        browser.close()
    show(
        "First page painted",
        ("app", "seconds"),
        (
            ("Layerwise", spread(ours)),
            ("an app of one line", spread(empty)),
            ("ratio", f"{statistics.median(ours) / statistics.median(empty):.2f}"),
        ),
    )
    everything = [value for values in changes.values() for value in values]
    rows = [(name, spread(values, "ms")) for name, values in changes.items()]
    show("Page change", ("page", "milliseconds"), [*rows, ("all", spread(everything, "ms"))])
    show("Shape table of a preset", ("design", "milliseconds"), shape_tables())
    show(
        "Training, from the browser",
        ("what", "seconds"),
        (("Start pressed to first metric", f"{begun:.1f} s"), ("metric to screen", spread(delays))),
    )


def shape_tables() -> list[tuple[str, str]]:
    """Each preset's table at 64 px, 200 times."""
    rows = []
    for preset in PRESETS:
        seconds = []
        for _ in range(200):
            begun = time.perf_counter()
            table(preset.model, (64, 64, 3), 12)
            seconds.append(1000 * (time.perf_counter() - begun))
        rows.append((preset.name, spread(seconds, "ms")))
    return rows


if __name__ == "__main__":
    main()
