"""The verb compare: a transfer beside a design of one's own, trained from scratch on the same images."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from core import draft, words
from core.cli.settings import Verbs
from core.design import designs
from core.runs import queue, turns
from core.runs import run as runs
from core.runs.run import Run
from core.runs.status import State
from core.terminal import decoding, err, out, print_table, progress_bar
from core.train import speed
from core.tune import comparison, scratch
from core.tune.comparison import Row


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "compare", parents=[common], help="a transfer beside a design trained from scratch"
    )
    parser.add_argument("--run", required=True, metavar="RUN", help="a transfer's id or folder")
    parser.add_argument(
        "--design",
        metavar="NAME",
        help="a preset's name or a JSON file; default the one of the Design page where it is one of "
        "your own and fits, else the preset fast",
    )
    parser.add_argument(
        "--shares",
        default="5,10,25,50,100",
        metavar="PERCENT,...",
        help="shares of the training images to learn from, default 5,10,25,50,100; 100 is quick",
    )
    parser.set_defaults(verb=_compare)


def _compare(options: argparse.Namespace) -> int:
    run, mine = runs.locate(options.run), draft.load()
    shares = comparison.shares(options.shares)
    comparison.require(run)
    item = designs.read(options.design) if options.design else scratch.suggested(mine, run)
    specs = comparison.plan(run, item, shares, mine)
    took = comparison.seconds(specs, run, speed.load())
    about = (
        f", about {words.duration(took / min(turns.slots(), max(1, len(specs))))}" if took else ""
    )
    err.print(f"{words.several(len(specs), 'run')} to train{about}", markup=False)
    awaited = [row.member.run for row in comparison.active(comparison.rows(run))]
    if specs:
        with decoding() as progress:
            awaited += comparison.order(specs, progress)
    _tell(options, run, item.name, _follow(run))
    return 0 if all(one.status.state is State.DONE for one in awaited) else 1


def _follow(run: Run) -> list[Row]:
    """Show progress until all runs have ended; Ctrl-C stops them, a second one leaves them."""
    stopping = False
    with progress_bar("{task.fields[words]}") as bar:
        task = bar.add_task("", total=1.0, words="queued")
        while True:
            try:
                found = comparison.rows(run)
                if not (left := comparison.active(found)):
                    return found
                told = f"{len(found) - len(left)} of {words.several(len(found), 'run')} done"
                bar.update(task, completed=1 - len(left) / len(found), words=told)
                queue.ensure()
                time.sleep(0.3)
            except KeyboardInterrupt:
                if stopping:
                    raise
                stopping = True
                comparison.cancel(comparison.rows(run))
                err.print("Stopping; press Ctrl-C again to leave without waiting.")


def _tell(options: argparse.Namespace, run: Run, design: str, found: list[Row]) -> None:
    verdict, warnings = comparison.verdict(found), comparison.warnings(found)
    if options.json:
        rows = [_result(row) for row in found]
        print(
            json.dumps(
                {
                    "run": run.id,
                    "design": design,
                    "verdict": verdict,
                    "warnings": warnings,
                    "rows": rows,
                }
            )
        )
    else:
        print_table(
            ("Network", "Share", "Images", "Test", "Mean of classes", "Took", "Status", "Run"),
            (
                (
                    row.title,
                    f"{row.share:.0%}",
                    words.count(row.images),
                    words.percent(row.accuracy),
                    words.percent(row.member.status.macro_recall),
                    words.duration(row.member.status.seconds),
                    str(row.member.status.state),
                    row.member.run.id,
                )
                for row in found
            ),
            whole=("Network", "Run"),
        )
        out.print(verdict, markup=False)
        for warning in warnings:
            err.print(warning, markup=False)


def _result(row: Row) -> dict[str, Any]:
    status = row.member.status
    return {
        "run": row.member.run.id,
        "way": row.way,
        "title": row.title,
        "share": row.share,
        "train_images": row.images,
        "test_accuracy": row.accuracy,
        "macro_recall": status.macro_recall,
        "seconds": status.seconds,
        "status": str(status.state),
    }
