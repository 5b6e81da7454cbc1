"""Photos learned from scratch beside the transfer: accuracy on test images, and the seconds that it takes.

    python -m benchmarks.scratch --gear FOLDER [--design fast] [--seeds 3] [--shares 100]

The runs are those of *Compare with a CNN of my own* on the Transfer page, with its settings: for each
seed, of the split and of the training, the transfer and the design on the same images, one after the
other, each by a worker of its own. Seconds count from the worker's start to its end: TensorFlow's start,
training, the test and the model for predicting. Goal: 92% on average, in less than 5 minutes each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import show, spread
from core.design import designs
from core.draft import Draft
from core.runs import queue
from core.runs.run import Run
from core.runs.status import State
from core.specs import DataSpec, TransferSpec
from core.transfer.compose import compose
from core.tune import comparison
from core.tune.comparison import Row


def main() -> None:
    """Train and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gear", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--design", default="fast", help="a preset's name or a JSON file")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shares", default="100", help="percentages of the training images")
    options = parser.parse_args()
    os.environ["LAYERWISE_WARM"] = "0"
    found: dict[tuple[str, float], list[Row]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAYERWISE_HOME"] = folder
        for seed in range(options.seeds):
            for row in compared(options, seed):
                found.setdefault((row.title, row.share), []).append(row)
        show(
            f"{options.gear.name}, {options.seeds} seeds",
            ("way", "training images", "mean accuracy", "each seed", "mean of the classes", "took"),
            [(title, *figures(rows)) for (title, _), rows in found.items()],
        )


def compared(options: argparse.Namespace, seed: int) -> list[Row]:
    """The rows of one seed's comparison."""
    data = DataSpec(source=str(options.gear.resolve()), split_seed=seed)
    transfer = queue.submit(compose(TransferSpec(), data, train={"seed": seed}))
    wait(transfer)
    item = designs.read(options.design)
    for spec in comparison.plan(transfer, item, comparison.shares(options.shares), Draft()):
        wait(queue.submit(spec))
    rows = comparison.rows(transfer)
    for row in rows:
        status = row.member.status
        told = f"{row.title}, {row.share:.0%}: {row.accuracy:.1%}, epoch {status.best_epoch} of {status.epoch}"
        print(seed, told, f"{status.seconds:.0f} s", file=sys.stderr, flush=True)
    return rows


def wait(run: Run) -> None:
    """Until it is done."""
    while not (status := run.status).state.final:
        time.sleep(0.1)
    assert status.state is State.DONE, run.log_tail()


def figures(rows: list[Row]) -> tuple[str, ...]:
    """A line of the table: of one way on one share, with each seed."""
    shares = [row.accuracy or 0.0 for row in rows]
    recalls = [100 * (row.member.status.macro_recall or 0.0) for row in rows]
    return (
        f"{rows[0].images:,}",
        f"{statistics.mean(shares):.1%}",
        ", ".join(f"{share:.1%}" for share in shares),
        spread(recalls, "%"),
        spread([row.member.status.seconds or 0.0 for row in rows]),
    )


if __name__ == "__main__":
    main()
