"""The peak memory of a training: the estimate against the real one, and what large sets take.

    python -m benchmarks.memory [--sizes 32 64] [--batches 32 256] [--designs starter vgg-mini]
    python -m benchmarks.memory --large 20 [--cifar10 CIFAR10.npz]

Every case is a run of one epoch by a worker of its own, from its start to its exported model; Linux
tells its peak. The first form trains all presets on the built-in sketches. The second trains a small
network on a set of so many gigabytes, black images in a sparse file, and two presets on CIFAR-10.
Nothing else needs to rest meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import show
from core import words, workspace
from core.data.dataset import load
from core.design.analysis import analyse
from core.design.cost import training_memory
from core.design.presets import PRESETS, preset
from core.errors import RunError
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import (
    AugmentSpec,
    AveragePooling2D,
    Conv2D,
    DataSpec,
    GlobalAveragePooling2D,
    Input,
    ModelSpec,
    Output,
    RunSpec,
    TrainSpec,
)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 256])
    parser.add_argument("--designs", nargs="+", default=[item.name for item in PRESETS])
    parser.add_argument("--large", type=int, help="gigabytes of a set, instead of all presets")
    parser.add_argument("--cifar10", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["LAYERWISE_HOME"] = home
        if options.large:
            large(Path(home), options.large, options.cifar10)
        else:
            presets(options)


def presets(options: argparse.Namespace) -> None:
    """All presets on small images, against the estimate."""
    found = []
    for name, size, batch in product(options.designs, options.sizes, options.batches):
        spec = order(name, size, batch)
        real, guess = peak(create(spec)), estimate(spec)
        found.append((name, size, batch, real, guess, guess / real))
        print(*found[-1][:3], words.size(real), file=sys.stderr, flush=True)
    found.sort(key=lambda row: max(row[5], 1 / row[5]))
    show(
        "Peak memory of a worker that trains",
        ("design", "working size", "batch", "measured", "estimated", "estimated / measured"),
        (
            (name, size, batch, words.size(real), words.size(guess), f"{ratio:.2f}")
            for name, size, batch, real, guess, ratio in found
        ),
    )


def large(home: Path, gigabytes: int, cifar10: Path | None) -> None:
    """A set larger than memory, and a usual one."""
    rows = []
    spec = sparse(home / "photos", gigabytes)
    rows.append((f"{gigabytes} GB of 128 px", *told(spec)))
    if cifar10 is not None:
        (home / "datasets" / "cifar10.npz").symlink_to(cifar10.absolute())
        for name, batch in (("keras-cifar10", 32), ("fast", 128)):
            item = preset(name)
            train = TrainSpec.parse({**item.train, "batch_size": batch, "epochs": 1})
            augment = AugmentSpec.parse(item.augment)
            data = DataSpec(source="cifar10")
            spec = RunSpec(model=item.model, data=data, train=train, augment=augment)
            rows.append(("CIFAR-10", *told(spec)))
    show("Peak memory of a worker", ("images", "design", "batch", "measured", "took"), rows)


def told(spec: RunSpec) -> tuple[str, ...]:
    """Train it: design, batch size, peak memory, seconds."""
    begun = time.perf_counter()
    taken = peak(create(spec))
    seconds = f"{time.perf_counter() - begun:.0f} s"
    return spec.model.name, str(spec.train.batch_size), words.size(taken), seconds


def sparse(folder: Path, gigabytes: int) -> RunSpec:
    """A run on a folder of a few images, whose cache says that there are very many."""
    for name in ("left", "right"):
        (folder / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (128, 128), (number, 0, 0)).save(folder / name / f"{number}.png")
    data = DataSpec(source=str(folder), size=128)
    cache = load(data).images.folder
    count = gigabytes * 2**30 // (128 * 128 * 3)
    os.truncate(cache / "images.bin", 0)
    os.truncate(cache / "images.bin", count * 128 * 128 * 3)
    np.savez(
        cache / "tables.npz",
        labels=np.arange(count) % 2,
        parts=np.zeros(count, np.int8),
        digests=np.arange(count, dtype=np.uint64),
        sizes=np.full((count, 2), 128, np.int32),
    )
    index = json.loads((cache / "index.json").read_bytes())
    index["names"] = [f"left/{number}.png" for number in range(count)]
    (cache / "index.json").write_text(json.dumps(index))
    layers = (
        Input(),
        AveragePooling2D(pool_size=8),
        Conv2D(filters=8),
        GlobalAveragePooling2D(),
        Output(),
    )
    model = ModelSpec(name="small", layers=layers)
    return RunSpec(model=model, data=data, train=TrainSpec(batch_size=256, epochs=1))


def order(name: str, size: int, batch: int) -> RunSpec:
    """One epoch of a preset on the sketches."""
    train = TrainSpec(**{**preset(name).train, "batch_size": batch, "epochs": 1})
    data = DataSpec(source="sketches", size=size)
    return RunSpec(model=preset(name).model, data=data, train=train)


def peak(run: Run) -> int:
    """Bytes that the worker of a run held at most."""
    command = [sys.executable, "-m", "core.train.worker", str(run.folder)]
    with (run.folder / "worker.log").open("wb") as log:
        child = subprocess.Popen(command, cwd=workspace.CHECKOUT, stdout=log, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if run.saved_status.state is not State.DONE:
        raise RunError(
            f"{run.id} did not end well",
            expected="a whole run",
            received=str(run.saved_status.error),
            remedy=f"See {run.folder / 'worker.log'}",
        )
    return int(usage.ru_maxrss) * 1024


def estimate(spec: RunSpec) -> int:
    """What the app says."""
    data = load(spec.data)
    analysis = analyse(spec.model, data.shape, len(data.classes))
    return training_memory(analysis, spec.train)


if __name__ == "__main__":
    main()
