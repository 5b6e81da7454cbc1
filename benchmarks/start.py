"""How long a person waits from Start to the first batch: a worker started for the run, or ahead.

    python -m benchmarks.start [--repeats 5] [--design starter]

From `core.train.order.order`, which Start calls, to the time of the first line in metrics.jsonl, on
the built-in sketches; cold and warm in turns, each in a workspace of its own. Also the memory of the
processes that wait.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import show, spread
from core import words
from core.data.dataset import load
from core.design.presets import preset
from core.runs import queue, turns
from core.specs import DataSpec, RunSpec, TrainSpec
from core.train.order import order


def started(spec: RunSpec, worker: int | None = None) -> float:
    """Seconds from the order to the first measurement, made by `worker`; the run is stopped then."""
    begun = time.time()
    run = order(spec)
    while not (lines := run.metrics()):
        if run.status.state.final:
            raise SystemExit(run.log_tail())
        time.sleep(0.01)
    if worker not in (None, run.status.pid):
        raise SystemExit("the waiting worker was not used: did the source change meanwhile?")
    queue.cancel(run)
    while not run.status.state.final:
        time.sleep(0.05)
    return float(lines[0]["time"]) - begun


@contextmanager
def waiting() -> Iterator[tuple[psutil.Process, psutil.Process]]:
    """The dispatcher and the worker that wait, once the worker has nothing more to do."""
    os.environ["LAYERWISE_WARM"] = "10"
    path = turns.folder() / "warm.json"
    while not path.exists():
        queue.warm_up()
        time.sleep(1.0)
    content = json.loads(path.read_bytes())
    dispatcher, worker = (psutil.Process(content[key]) for key in ("pid", "worker"))
    used = 0.0
    while (now := sum(worker.cpu_times()[:2])) > used or now < 1:
        used = now
        time.sleep(1.0)
    yield dispatcher, worker
    os.environ["LAYERWISE_WARM"] = "0"
    (turns.folder() / "wanted").unlink()
    while path.exists() or dispatcher.is_running():
        time.sleep(0.05)
        queue.ensure()  # reaps it


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--design", default="starter")
    options = parser.parse_args()
    spec = RunSpec(
        model=preset(options.design).model,
        data=DataSpec(source="sketches"),
        train=TrainSpec(epochs=50),
    )
    seconds: dict[str, list[float]] = {"cold": [], "warm": []}
    sizes: list[list[Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAYERWISE_HOME"] = str(Path(folder))
        load(spec.data)  # decoded once, as the page has done by the time of Start
        for repeat in range(options.repeats + 1):
            os.environ["LAYERWISE_WARM"] = "0"
            cold = started(spec)
            with waiting() as processes:
                sizes.append([process.memory_full_info() for process in processes])
                warm = started(spec, processes[1].pid)
            if repeat:  # the first round warms the disk's cache
                seconds["cold"].append(cold)
                seconds["warm"].append(warm)
    ratio = statistics.median(seconds["cold"]) / statistics.median(seconds["warm"])
    rows = [(name, spread(values)) for name, values in seconds.items()]
    show("Start to the first batch", ("worker", "seconds"), [*rows, ("ratio", f"{ratio:.2f}")])
    memory = []
    for name, column in zip(("dispatcher", "worker"), zip(*sizes, strict=True), strict=True):
        resident, own = (
            statistics.median(getattr(m, key) for m in column) for key in ("rss", "uss")
        )
        memory.append((name, words.size(resident), words.size(own)))
    show("Memory while it waits", ("process", "resident", "of it not shared"), memory)


if __name__ == "__main__":
    main()
