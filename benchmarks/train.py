"""Training speed: the compiled loop against Keras's fit, on real CIFAR-10.

    python -m benchmarks.train CIFAR10.npz [--rounds 5] [--designs tf-tutorial keras-cifar10]

Every configuration has a process of its own, since threads are chosen once in each. They take turns,
one round after the other, of about four seconds each; the graphs are made before.
CIFAR10.npz has x_train, uint8 [50000, 32, 32, 3], and y_train.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import show
from core.design.presets import PRESETS, preset
from core.specs import TrainSpec
from core.train import backend

ROOT = Path(__file__).resolve().parents[1]
SHAPE, CLASSES = (32, 32, 3), 10
SECONDS = 4.0  # of training in a round, about


@dataclass(frozen=True)
class Way:
    """A way to train."""

    title: str
    batch_size: int
    towers: int = 0  # 0: Keras's fit
    precision: Any = "float32"


WAYS = (
    Way("Keras fit, 32", 32),
    Way("Keras fit, 128", 128),
    Way("loop, 32, float32", 32, 2),
    Way("loop, 32, bfloat16", 32, 2, "bfloat16"),
    Way("loop, 128, float32", 128, 2),
    Way("loop, 128, bfloat16", 128, 2, "bfloat16"),
)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--designs", nargs="+", default=[item.name for item in PRESETS])
    parser.add_argument("--way", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way is not None:
        serve(options.data, options.designs[0], WAYS[options.way])
        return
    rows = []
    for name in options.designs:
        found = race(options.data, name, options.rounds)
        base = statistics.median(found[0])
        cells = [f"{told(speeds)}; {statistics.median(speeds) / base:.2f}" for speeds in found]
        rows.append((name, *cells))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    show(
        "Images a second; ratio to Keras's fit in batches of 32",
        ("design", *(way.title for way in WAYS)),
        rows,
    )


def told(speeds: list[float]) -> str:
    """Median and range, in whole images."""
    return f"{statistics.median(speeds):,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f})"


def race(data: Path, name: str, rounds: int) -> list[list[float]]:
    """Images a second of each way, once a round."""
    runners = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.train", str(data.absolute())),
                *("--designs", name, "--way", str(number)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(len(WAYS))
    ]
    found: list[list[float]] = [[] for _ in WAYS]
    try:
        for turn in range(rounds + 2):  # of the first two, one makes the graph and one warms up
            for runner, speeds in zip(runners, found, strict=True):
                assert runner.stdin is not None
                assert runner.stdout is not None
                runner.stdin.write("go\n")
                runner.stdin.flush()
                speed = float(runner.stdout.readline())
                if turn > 1:
                    speeds.append(speed)
    finally:
        for runner in runners:
            runner.kill()
            runner.wait()
    return found


def serve(path: Path, name: str, way: Way) -> None:
    """Train some seconds for every line that comes in, and answer with images a second."""
    keras = backend.start()
    import tensorflow as tf

    if way.towers:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(way.towers)
    with np.load(path) as file:
        images, labels = file["x_train"], file["y_train"].ravel().astype(np.int32)
    keras.utils.set_random_seed(0)
    from core.design.build import build

    model = build(preset(name).model, SHAPE, CLASSES)
    spec = TrainSpec(batch_size=way.batch_size)
    if way.towers:
        from core.train.loop import Loop

        loop = Loop(model, spec, precision=way.precision, towers=way.towers)
    else:
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    count = 2 * way.batch_size
    rng = np.random.default_rng(0)
    for _ in sys.stdin:
        rows = rng.permutation(len(images))[:count]
        begun = time.perf_counter()
        if way.towers:
            rates = np.full(math.ceil(count / way.batch_size), spec.learning_rate, np.float32)
            loop.run(images[rows], labels[rows], way.batch_size, rates)
        else:
            model.fit(images[rows], labels[rows], batch_size=way.batch_size, verbose=0)
        passed = time.perf_counter() - begun
        print(count / passed, flush=True)
        # whole batches for some seconds, as far as the set goes
        wanted = SECONDS * count / passed / way.batch_size
        most = len(images) // way.batch_size
        count = way.batch_size * int(min(max(wanted, 4), most))


if __name__ == "__main__":
    main()
