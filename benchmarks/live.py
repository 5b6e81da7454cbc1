"""What a training costs to watch: bytes to the browser, time of the server, and of the browser.

    python -m benchmarks.live [--lines 1000 10000 50000] [--seconds 30] [--tabs 2]

A run that this process pretends to train has so many batch lines and an epoch line for every hundred,
and grows by four lines a second. Tabs of Chromium show it on Train. Counted are the bytes that come
over the websocket of one tab, the processor's time of the server for each of its redraws (one a
second and tab), and the time for which the browser's main thread of one tab was busy. Before that, the
curves' own part of a redraw alone: reading what was added, and the message about it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, CDPSession, sync_playwright

from benchmarks.app import PORT, ROOT, serving
from benchmarks.common import show, spread
from core.design.presets import preset
from core.runs.curves import VALUES, Curves
from core.runs.history import History
from core.runs.parcels import KEPT, Sent, parcel
from core.runs.run import Run, create, process_identity
from core.runs.status import State
from core.specs import DataSpec, RunSpec, TrainSpec

EPOCH = 100  # batch lines
DRAWN = ".curves svg, .js-plotly-plot"  # the latter in versions before this benchmark


class Pretended:
    """A run that grows line by line, in the hands of this process."""

    def __init__(self, lines: int) -> None:
        self.wanted = lines // EPOCH + 20
        train = TrainSpec(epochs=min(self.wanted, 1000))
        self.run: Run = create(
            RunSpec(model=preset("starter").model, data=DataSpec(source="sketches"), train=train)
        )
        self.number = 0
        self.path = self.run.folder / "metrics.jsonl"
        self.begun = time.time() - lines / 2
        self.path.write_text("".join(self.next() for _ in range(lines)))
        self.beat()

    def next(self) -> str:
        """The next batch line, and that of its epoch where it is the last."""
        self.number += 1
        epoch, way = self.number / EPOCH, self.number / (EPOCH * self.wanted)
        loss = 0.2 + 2.1 * math.exp(-3 * way) + random.gauss(0, 0.04)
        common = {"time": self.begun + self.number / 2, "epoch": round(epoch, 4)}
        values = {"loss": loss, "accuracy": 1 - 0.4 * loss, "images_per_second": 4000.0}
        line = json.dumps({"event": "batch", **common, **values}) + "\n"
        if self.number % EPOCH == 0:
            values |= {"val_loss": loss + 0.1, "val_accuracy": 0.95 - 0.4 * loss}
            values |= {"seconds": 50.0, "learning_rate": 0.001}
            line += json.dumps({"event": "epoch", **common, **values}) + "\n"
        return line

    def beat(self) -> None:
        """The status as the worker writes it every second."""
        update = {
            **process_identity(os.getpid()),
            "state": State.RUNNING,
            "phase": "training",
            "started": self.begun,
            "heartbeat": time.time(),
            "epoch": self.number // EPOCH,
            "epochs": self.wanted,
            "step": self.number % EPOCH,
            "steps": EPOCH,
            "best_epoch": max(1, self.number // EPOCH - 3),
            "val_accuracy": 0.8,
            "train_images": 1000,
        }
        self.run.write_status(self.run.saved_status.model_copy(update=update))

    def grow(self, end: threading.Event) -> None:
        """Four lines and a beat each second."""
        while not end.wait(0.25):
            with self.path.open("a") as file:
                file.write(self.next())
            if self.number % 4 == 0:
                self.beat()


def busy(session: CDPSession) -> float:
    """Seconds for which a tab's main thread has been busy."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def alone(lines: int) -> list[str]:
    """The curves' own part of a redraw, in this process: milliseconds and bytes."""
    pretended = Pretended(lines)
    curves = Curves(History(pretended.path), "epoch", 0.0)
    curves.look()
    names = [f"{event} {key}" for event, keys in VALUES.items() for key in keys]
    seconds, sizes, sent = [], [], list[Sent]()
    for _ in range(40):
        with pretended.path.open("a") as file:
            file.write("".join(pretended.next() for _ in range(4)))
        begun = time.process_time()
        curves.look()
        content, now = parcel(curves, names, sent)
        size = len(json.dumps(content))
        seconds.append(1000 * (time.process_time() - begun))
        sizes.append(size / 1000)
        sent = [*sent, now][-KEPT:]
    pretended.run.write_status(pretended.run.saved_status.model_copy(update={"state": State.DONE}))
    later = sizes[KEPT:]
    return [f"{lines:,}", spread(seconds, "ms"), f"{sizes[0]:.1f} kB", spread(later, "kB")]


def server() -> psutil.Process:
    """The process of the app."""
    return next(
        child
        for child in psutil.Process().children(recursive=True)
        if "streamlit" in " ".join(child.cmdline()) and str(PORT) in child.cmdline()
    )


def watch(browser: Browser, lines: int, seconds: float, tabs: int) -> list[str]:
    """One row of the table."""
    pretended, end = Pretended(lines), threading.Event()
    received: list[int] = []
    grower = threading.Thread(target=pretended.grow, args=(end,))
    with serving(ROOT / "streamlit_app.py", Path(os.environ["LAYERWISE_HOME"])):
        pages = [browser.new_page() for _ in range(tabs)]
        pages[0].on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda data: received.append(len(data))),
        )
        for page in pages:
            page.goto(f"http://localhost:{PORT}/train?run={pretended.run.id}")
            page.wait_for_selector(DRAWN)
        session = pages[0].context.new_cdp_session(pages[0])
        session.send("Performance.enable")
        grower.start()
        pages[0].wait_for_timeout(5000)
        received.clear()
        process = server()
        cpu, main = sum(process.cpu_times()[:2]), busy(session)
        parts = []
        for _ in range(round(seconds / 5)):
            before = sum(received)
            pages[0].wait_for_timeout(5000)
            parts.append((sum(received) - before) / 5)
        spent = sum(process.cpu_times()[:2]) - cpu
        main = busy(session) - main
        end.set()
        grower.join()
        for page in pages:
            page.close()
    status = pretended.run.saved_status
    pretended.run.write_status(status.model_copy(update={"state": State.DONE}))
    return [
        f"{lines:,}",
        f"{statistics.median(parts) / 1000:.1f} kB ({min(parts) / 1000:.1f} to {max(parts) / 1000:.1f})",
        f"{1000 * spent / (seconds * tabs):.0f} ms",
        f"{1000 * main / seconds:.0f} ms",
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--tabs", type=int, default=2)
    options = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no Chromium found: install it with apt-get install chromium")
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["LAYERWISE_HOME"] = folder
        own = [alone(lines) for lines in options.lines]
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        rows = [watch(browser, n, options.seconds, options.tabs) for n in options.lines]
        browser.close()
    show(
        "The curves alone",
        ("batch lines", "processor's time of a redraw", "the first message", "each later one"),
        own,
    )
    show(
        f"A training watched in {options.tabs} tabs",
        (
            "batch lines",
            "websocket of a tab, each second",
            "server's processor, each redraw",
            "browser's main thread, each second",
        ),
        rows,
    )


if __name__ == "__main__":
    main()
