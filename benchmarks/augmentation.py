"""What augmentation costs in training.

    python -m benchmarks.augmentation [--rounds 9] [--designs tf-tutorial keras-cifar10]

Loops with and without it take turns in one process, of about a second each, in batches of 128, two
parts side by side with one thread each, in bfloat16; the graphs are made before. Ratios are to the
loop without: of the best rounds, and, as medians over rounds, by the clock and by the processor's
time, which other programs on the machine disturb least. The images are noise of CIFAR-10's size.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any

import numpy as np

from benchmarks.common import show
from core.design.presets import preset
from core.specs import AugmentSpec, TrainSpec
from core.train import backend

IMAGES, SHAPE, CLASSES = 50_000, (32, 32, 3), 10
BATCH, TOWERS = 128, 2
SECONDS = 1.0  # of training in a round, about
GEOMETRY: dict[str, Any] = {"flip": "horizontal", "shift": 0.125, "rotation": 15.0, "zoom": 0.1}
WAYS = {
    "none": AugmentSpec(),
    "flip": AugmentSpec(flip="horizontal"),
    "shift 0.125": AugmentSpec(shift=0.125),
    "light: flip, shift 0.125": AugmentSpec(flip="horizontal", shift=0.125),
    "rotation 15": AugmentSpec(rotation=15),
    "zoom 0.1": AugmentSpec(zoom=0.1),
    "contrast 0.2": AugmentSpec(contrast=0.2),
    "cutout 0.25": AugmentSpec(cutout=0.25),
    "mixup 0.2": AugmentSpec(mixup=0.2),
    "cutmix 1": AugmentSpec(cutmix=1),
    "light, cutout 0.25": AugmentSpec(flip="horizontal", shift=0.125, cutout=0.25),
    "flip, shift, rotation, zoom": AugmentSpec(**GEOMETRY),
    "flip, shift, rotation, zoom, cutout": AugmentSpec(**GEOMETRY, cutout=0.25),
    "everything": AugmentSpec(**GEOMETRY, contrast=0.2, cutout=0.25, mixup=0.2, cutmix=1),
}


def main() -> None:
    """Measure and print a table for each design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--designs", nargs="+", default=["tf-tutorial", "keras-cifar10"])
    options = parser.parse_args()
    keras = backend.start()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(TOWERS)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES, *SHAPE), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, IMAGES, dtype=np.int32)
    for name in options.designs:
        keras.utils.set_random_seed(0)
        race(name, images, labels, options.rounds)


def race(name: str, images: Any, labels: Any, rounds: int) -> None:
    """Train a design every way, once a round, and print the table."""
    from core.design.build import build

    model = build(preset(name).model, SHAPE, CLASSES)
    loops = {title: augmented(model, spec) for title, spec in WAYS.items()}
    made = {}
    for title, loop in loops.items():
        begun = time.perf_counter()
        turn(loop, images, labels, 2)
        made[title] = time.perf_counter() - begun
        print(name, title, f"{made[title]:.1f} s", file=sys.stderr, flush=True)
    wall = turn(loops["none"], images, labels, 20)[0]
    steps = max(2, min(round(SECONDS * 20 / wall), len(images) // BATCH))
    times: dict[str, list[tuple[float, float]]] = {title: [] for title in WAYS}
    for _ in range(rounds):
        for title, loop in loops.items():
            times[title].append(turn(loop, images, labels, steps))
    show(
        f"Images a second, {name}",
        (
            *("augmentation", "images/s", "best rounds", "by the clock", "by processor time"),
            "first two steps",
        ),
        [row(title, times, steps * BATCH, made) for title in WAYS],
    )


def row(title: str, times: Any, images: int, made: Any) -> tuple[str, ...]:
    """A line of the table: median and range of speeds, median ratios."""
    speeds = [images / wall for wall, _ in times[title]]
    pairs = list(zip(times["none"], times[title], strict=True))
    clock, processor = (
        statistics.median(base[kind] / with_it[kind] for base, with_it in pairs) for kind in (0, 1)
    )
    best = max(speeds) * min(wall for wall, _ in times["none"]) / images
    told = f"{statistics.median(speeds):,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f})"
    return title, told, f"{best:.2f}", f"{clock:.2f}", f"{processor:.2f}", f"{made[title]:.1f} s"


def turn(loop: Any, images: Any, labels: Any, steps: int) -> tuple[float, float]:
    """Train so many steps; seconds by the clock and of the processor."""
    rows = np.random.default_rng(0).permutation(len(images))[: steps * BATCH]
    some, known = images[rows], labels[rows]
    rates = np.full(steps, 0.001, np.float32)
    begun = time.perf_counter(), time.process_time()
    loop.run(some, known, BATCH, rates)
    return time.perf_counter() - begun[0], time.process_time() - begun[1]


def augmented(model: Any, spec: AugmentSpec) -> Any:
    """A loop with these changes of its images, or with none."""
    from core.train.augmentation import Augmentation
    from core.train.loop import Loop

    augment = Augmentation(spec) if spec.active else None
    train = TrainSpec(batch_size=BATCH)
    return Loop(model, train, precision="bfloat16", towers=TOWERS, augment=augment)


if __name__ == "__main__":
    main()
