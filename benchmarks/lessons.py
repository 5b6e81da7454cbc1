"""Whether the lessons show what they tell: each fault named first, each mended run better, in time.

    python -m benchmarks.lessons [NAME ...] [--seeds 0 1 2] [--kept FOLDER]

Trains every run of the lessons with each seed, one after the other in one process. Seconds are those of a
run from its start to its model for predicting, with TensorFlow loaded, as after the first on the page.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import show
from core.lessons import catalogue, progress
from core.lessons.lesson import Lesson


def main() -> None:
    """Train and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", default=[one.name for one in catalogue.LESSONS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "lessons")
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    os.environ["LAYERWISE_HOME"] = str(options.kept.absolute())
    rows = [
        (lesson.name, number, *trained(lesson, number, seed))
        for lesson in map(catalogue.find, options.names)
        for seed in options.seeds
        for number in lesson.trainings
    ]
    kept = sum(told == named for _, _, _, told, named, *_ in rows)
    show(
        f"Lessons that show what they tell: {kept} of {len(rows)} trainings",
        ("lesson", "step", "seed", "told", "named first", "validation accuracy", "seconds"),
        rows,
    )


def trained(lesson: Lesson, number: int, seed: int) -> tuple[Any, ...]:
    """Seed, fault that is told, fault that is named, best validation accuracy, seconds."""
    from core.health import case
    from core.health.doctor import diagnose
    from core.runs.run import create
    from core.train import backend
    from core.train.worker import work

    keras = backend.start()
    spec, training = progress.prepare(lesson, number), lesson.trainings[number]
    run = create(spec.changed(train=spec.train.changed(seed=seed)))
    begun = time.perf_counter()
    work(run)
    seconds = time.perf_counter() - begun
    found = diagnose(case.of(run))
    keras.backend.clear_session()
    told = str(training.fault or "nothing")
    named = str(found[0].fault) if found else "nothing"
    accuracy = f"{run.status.val_accuracy or 0.0:.3f}"
    print(training.short, seed, told, "->", named, accuracy, f"{seconds:.1f} s", flush=True)
    return seed, told, named, accuracy, f"{seconds:.1f}"


if __name__ == "__main__":
    main()
