"""How much a training is slowed by photos that its best weights so far classify meanwhile.

    python -m benchmarks.watching [--rounds 8] [--every 10] [--design keras-cifar10]

A run on the built-in sketches at 32 px trains in a worker of its own; this process classifies a
photo as the page does (core.predict.interim), the weights read anew for each. Spans with and
without take turns, the first and the second of a round in turns too. Images a second by the clock,
over everything that a training does, and by the worker's processor time, which other programs on a
busy machine disturb less.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.common import show, spread
from core.data.dataset import load
from core.design.presets import preset
from core.predict.interim import Interim
from core.runs import queue
from core.runs.run import Run
from core.specs import DataSpec, RunSpec, TrainSpec

SIZE = (1600, 1200)  # of the photo, pixels


def photo() -> bytes:
    """A photo as a telephone makes it: a JPEG of smooth colours."""
    coarse = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


def trained(run: Run) -> float:
    """Images trained so far."""
    status = run.saved_status
    share = status.step / status.steps if status.steps else 0.0
    return (status.epoch + share) * (status.train_images or 0)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two photos")
    parser.add_argument("--photos", type=int, default=2, help="in each span")
    parser.add_argument("--design", default="keras-cifar10")
    options = parser.parse_args()
    spec = RunSpec(
        model=preset(options.design).model,
        data=DataSpec(source="sketches", size=32),
        train=TrainSpec(epochs=1000),
    )
    content, took, used = photo(), [], []
    speeds: dict[bool, list[float]] = {False: [], True: []}
    worked: dict[bool, list[float]] = {False: [], True: []}
    own = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAYERWISE_HOME"] = str(Path(folder))
        load(spec.data)
        run = queue.submit(spec)
        try:
            while run.status.epoch < 3:
                time.sleep(0.1)
            worker = psutil.Process(run.status.pid)
            for span in range(2 * options.rounds):
                asked = span % 4 in (1, 2)
                begun, before = time.perf_counter(), trained(run)
                busy = sum(worker.cpu_times()[:2])
                for number in range(options.photos):
                    if asked:
                        start, cpu = time.perf_counter(), sum(own.cpu_times()[:2])
                        Interim(run).classify_photo(content)
                        took.append(1000 * (time.perf_counter() - start))
                        used.append(1000 * (sum(own.cpu_times()[:2]) - cpu))
                    end = begun + (number + 1) * options.every
                    time.sleep(max(0.0, end - time.perf_counter()))
                done = trained(run) - before
                speeds[asked].append(done / (time.perf_counter() - begun))
                worked[asked].append(done / (sum(worker.cpu_times()[:2]) - busy))
        finally:
            queue.cancel(run)
            while not run.status.state.final:
                time.sleep(0.1)
    rows = []
    for name, found in (("by the clock", speeds), ("by the worker's processor time", worked)):
        ratios = [a / b for a, b in zip(found[True], found[False], strict=True)]
        rows.append((name, *(spread(found[key], "") for key in (False, True)), spread(ratios, "")))
    show(
        f"Images a second of {options.design} at 32 px, a photo every {options.every:g} s",
        ("images/s", "without", "with photos", "ratio"),
        rows,
    )
    share = statistics.mean(used) / 1000 / options.every / (os.cpu_count() or 1)
    show(
        "One photo by the best weights so far",
        ("by the clock", "processor time", "share of this machine"),
        [(spread(took, "ms"), spread(used, "ms"), f"{share:.2%}")],
    )


if __name__ == "__main__":
    main()
