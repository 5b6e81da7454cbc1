"""Kill workers at random moments, again and again: nothing may be lost, and the queue must go on.

    python -m benchmarks.chaos [--kills 50] [--seed 0]

A run is killed with SIGKILL while it trains, every third time in the middle of saving its model or
its checkpoint, every seventh time together with its dispatcher, and resumed. After every kill the
run's files are read, and what had been shown of its curve is looked for. Every tenth time a short run
waits in the queue and has to get its turn. At the end the curve is compared with that of a run that
nobody disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from typing import Any

import psutil

from core.runs import queue
from core.runs.resume import resume
from core.runs.run import Run
from core.runs.status import State
from core.specs import (
    ConvBlock,
    DataSpec,
    Dropout,
    Flatten,
    Input,
    ModelSpec,
    Output,
    RunSpec,
    SpatialDropout2D,
    TrainSpec,
)
from core.train.checkpoint import Checkpoint

EPOCHS = 1000
FIGURES = "epoch", "loss", "accuracy", "val_loss", "val_accuracy"


def main() -> None:
    """Kill, look, resume."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="chaos-") as home:
        os.environ |= {"LAYERWISE_HOME": home, "LAYERWISE_PRECISION": "float32"}
        run = queue.submit(spec(EPOCHS))
        counts = {"training": 0, "saving": 0, "dispatcher too": 0, "short runs": 0}
        for number in range(1, options.kills + 1):
            worker = training(run)
            saving = number % 3 == 0 and caught_saving(run)
            if not saving:
                time.sleep(rng.uniform(0.0, 3.0))
            if run.status.state is not State.RUNNING:
                sys.exit(f"the run ended before kill {number}: give it more epochs")
            shown = whole_lines(run)
            short = queue.submit(spec(1, seed=number)) if number % 10 == 0 else None
            dispatcher = worker.parent() if number % 7 == 0 else None
            if dispatcher is not None and "dispatcher" in " ".join(dispatcher.cmdline()):
                dispatcher.kill()
                counts["dispatcher too"] += 1
            worker.kill()
            counts["saving" if saving else "training"] += 1
            until(lambda: run.status.state is State.LOST, 30, "the run to be lost")
            look(run, shown)
            if short is not None:
                queue.ensure()
                done(short, 120, "the queue")
                counts["short runs"] += 1
            resume(run)
            epoch = run.saved_status.epoch
            print(f"kill {number}{' while saving' if saving else ''}: epoch {epoch}", flush=True)
        training(run)
        before = last_epoch(run)
        until(lambda: last_epoch(run) > before, 60, "another epoch")
        queue.cancel(run)
        until(lambda: run.status.state is State.STOPPED, 60, "the run to stop")
        epochs = run.saved_status.epoch
        quiet = queue.submit(spec(epochs))
        done(quiet, 600, "the undisturbed run")
        worst = compare(run, quiet, epochs)
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    print(
        f"{options.kills} kills ({told}): all {epochs} epochs are there, and differ from those of an "
        f"undisturbed run by {worst:.1e} at most"
    )


def spec(epochs: int, seed: int = 0) -> RunSpec:
    """A design with all that a resumed training has to bring back."""
    return RunSpec(
        model=ModelSpec(
            name="chaos",
            layers=(
                Input(),
                ConvBlock(filters=8, strides=2),
                SpatialDropout2D(rate=0.1),
                ConvBlock(filters=16, strides=2),
                Flatten(),
                Dropout(rate=0.3),
                Output(),
            ),
        ),
        data=DataSpec(source="sketches", size=16),
        train=TrainSpec(epochs=epochs, batch_size=128, average=0.9, learning_rate=0.003, seed=seed),
    )


def training(run: Run) -> psutil.Process:
    """Wait until the run trains; returns its worker."""

    def trains() -> bool:
        queue.ensure()
        status = run.status
        if status.state.final:
            sys.exit(f"the run is {status.state}: {status.error}")
        return status.phase == "training"

    until(trains, 120, "the run to train")
    return psutil.Process(run.saved_status.pid)


def caught_saving(run: Run) -> bool:
    """Wait for a moment at which the worker writes a model or a checkpoint."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if any(run.folder.glob(".checkpoint-*")) or any(run.folder.glob(".model-*")):
            return True
    return False


def whole_lines(run: Run) -> bytes:
    """What a reader has seen of metrics.jsonl."""
    try:
        content = (run.folder / "metrics.jsonl").read_bytes()
    except FileNotFoundError:
        return b""
    return content[: content.rfind(b"\n") + 1]


def look(run: Run, shown: bytes) -> None:
    """All files of the run can be read, and what was shown is there."""
    assert run.spec
    assert run.status.error is None or "without a word" in run.status.error["what"]
    assert whole_lines(run).startswith(shown), "a line that had been shown is gone"
    for line in shown.splitlines():
        json.loads(line)
    if (path := run.folder / "checkpoint.npz").exists():
        Checkpoint.load(path)
    if (path := run.folder / "model.keras").exists():
        with zipfile.ZipFile(path) as file:
            assert file.testzip() is None
    if run.status.best_epoch is not None:
        assert run.has_model


def last_epoch(run: Run) -> int:
    """The last whole epoch that has a line."""
    return int(max((line["epoch"] for line in run.metrics("epoch")), default=0))


def compare(run: Run, quiet: Run, epochs: int) -> float:
    """The largest difference of any figure of any epoch."""
    curves = []
    for item in (run, quiet):
        lines = [line for line in item.metrics("epoch") if not line.get("partial")]
        assert [line["epoch"] for line in lines] == list(range(1, epochs + 1))
        curves.append([[line[name] for name in FIGURES] for line in lines])
    return max(
        abs(one - other) / max(1.0, abs(other))
        for first, second in zip(*curves, strict=True)
        for one, other in zip(first, second, strict=True)
    )


def done(run: Run, seconds: float, what: str) -> None:
    """Wait until a run is done."""
    until(lambda: run.status.state is State.DONE, seconds, what)


def until(condition: Callable[[], Any], seconds: float, what: str) -> None:
    """Wait for something, or end with what was waited for in vain."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
