"""The estimated peak memory of a training against the real one, for every preset.

    python -m benchmarks.memory [--sizes 32 64] [--batches 32 256] [--designs starter vgg-mini]

Every case is a run of one epoch on the built-in sketches by a worker of its own, from its start to its
exported model; Linux tells its peak. Nothing else needs to rest meanwhile.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile

from benchmarks.common import show
from core import words, workspace
from core.data.dataset import load
from core.design.analysis import analyse
from core.design.cost import training_memory
from core.design.presets import PRESETS, preset
from core.errors import RunError
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import DataSpec, RunSpec, TrainSpec


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 256])
    parser.add_argument("--designs", nargs="+", default=[item.name for item in PRESETS])
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["LAYERWISE_HOME"] = home
        for name in options.designs:
            for size in options.sizes:
                for batch in options.batches:
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
