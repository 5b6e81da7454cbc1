"""Training speed: the compiled loop against Keras's fit and PyTorch.

    python -m benchmarks.train [--rounds 5] [--designs tf-tutorial keras-cifar10] [--torch PYTHON]

Every configuration has a process of its own, since threads are chosen once in each. They take turns,
one round after the other, of about four seconds each; the graphs are made before. The images are
noise of CIFAR-10's size, since speed does not depend on what they show. PYTHON is one that has
PyTorch, by default that of `make bench`; without it, PyTorch is left out. It always trains on the
processor, so compare on a machine without a graphics card.
"""

from __future__ import annotations

import argparse
import json
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
from core.design.analysis import analyse
from core.design.presets import PRESETS, preset
from core.specs import FixedConv2D, ModelSpec, TrainSpec
from core.train import backend

ROOT = Path(__file__).resolve().parents[1]
TORCH = ROOT / ".venv" / "torch" / "bin" / "python"  # as the Makefile makes it
IMAGES, SHAPE, CLASSES = 50_000, (32, 32, 3), 10
SECONDS = 4.0  # of training in a round, about


@dataclass(frozen=True)
class Way:
    """A way to train."""

    title: str
    batch_size: int
    towers: int = 0  # 0: Keras's fit
    precision: Any = "float32"
    torch: bool = False


WAYS = (
    Way("Keras fit, 32", 32),
    Way("Keras fit, 128", 128),
    Way("loop, 32, float32", 32, 2),
    Way("loop, 32, bfloat16", 32, 2, "bfloat16"),
    Way("loop, 128, float32", 128, 2),
    Way("loop, 128, bfloat16", 128, 2, "bfloat16"),
    Way("PyTorch, 128, float32", 128, torch=True),
    Way("PyTorch, 128, bfloat16", 128, precision="bfloat16", torch=True),
)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--designs", nargs="+", default=[item.name for item in PRESETS])
    parser.add_argument("--torch", type=Path, default=TORCH)
    parser.add_argument("--way", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way is not None:
        serve(options.designs[0], WAYS[options.way])
        return
    ways = [number for number, way in enumerate(WAYS) if not way.torch or options.torch.exists()]
    rows = []
    for name in options.designs:
        found = race(name, options.rounds, ways, options.torch)
        base = statistics.median(found[0])
        cells = [f"{told(speeds)}; {statistics.median(speeds) / base:.2f}" for speeds in found]
        rows.append((name, *cells))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    show(
        "Images a second; ratio to Keras's fit in batches of 32",
        ("design", *(WAYS[number].title for number in ways)),
        rows,
    )


def told(speeds: list[float]) -> str:
    """Median and range, in whole images."""
    return f"{statistics.median(speeds):,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f})"


def race(name: str, rounds: int, ways: list[int], torch: Path) -> list[list[float]]:
    """Images a second of each way, once a round."""
    runners = [runner(name, number, torch) for number in ways]
    found: list[list[float]] = [[] for _ in ways]
    try:
        for turn in range(rounds + 2):  # of the first two, one makes the graph and one warms up
            for process, speeds in zip(runners, found, strict=True):
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write("go\n")
                process.stdin.flush()
                speed = float(process.stdout.readline())
                if turn > 1:
                    speeds.append(speed)
    finally:
        for process in runners:
            process.kill()
            process.wait()
    return found


def runner(name: str, number: int, torch: Path) -> subprocess.Popen[str]:
    """A process that trains one way whenever a line comes in."""
    way = WAYS[number]
    command = [sys.executable, "-m", "benchmarks.train", "--designs", name, "--way", str(number)]
    if way.torch:
        command = [str(torch), str(ROOT / "benchmarks" / "pytorch.py")]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if way.torch:
        assert process.stdin is not None
        order = torch_order(
            preset(name).model, way.batch_size, bfloat16=way.precision == "bfloat16"
        )
        process.stdin.write(json.dumps({**order, "seconds": SECONDS}) + "\n")
    return process


def torch_order(model: ModelSpec, batch_size: int, *, bfloat16: bool) -> dict[str, Any]:
    """What benchmarks/pytorch.py is told: the design opened up to its layers."""
    nodes = [
        {
            "name": node.name,
            "kind": node.layer.KIND,
            "settings": {
                **node.layer.model_dump(),
                "shape": node.shape,
                "fixed": isinstance(node.layer, FixedConv2D),
            },
            "inputs": node.inputs,
        }
        for node in analyse(model, SHAPE, CLASSES).nodes
    ]
    return {
        "nodes": nodes,
        "batch_size": batch_size,
        "bfloat16": bfloat16,
        "images": (IMAGES, *SHAPE),
        "classes": CLASSES,
    }


def serve(name: str, way: Way) -> None:
    """Train some seconds for every line that comes in, and answer with images a second."""
    keras = backend.start()
    import tensorflow as tf

    if way.towers:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(way.towers)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES, *SHAPE), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, IMAGES, dtype=np.int32)
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
