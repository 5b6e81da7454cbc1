"""The verbs train, resume and runs: start or go on with a training and follow it; list them."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from typing import Any

from core import errors, words
from core.cli.compose import add_run, compose
from core.cli.settings import Verbs
from core.runs import queue
from core.runs import run as runs
from core.runs.resume import resume
from core.runs.run import Run
from core.runs.status import RunStatus, State
from core.terminal import decoding, err, out, print_table, progress_bar
from core.train.order import order


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    train = verbs.add_parser("train", parents=[common], help="train a design on a set of images")
    add_run(train)
    train.set_defaults(verb=_train)
    more = verbs.add_parser(
        "resume", parents=[common], help="go on with a run that was stopped, lost or done"
    )
    more.add_argument("run", help="the run's name")
    more.add_argument("--epochs", type=int, default=0, help="epochs to add to those it was to have")
    more.set_defaults(verb=_resume)
    listing = verbs.add_parser("runs", parents=[common], help="list the runs")
    listing.set_defaults(verb=_runs)


def _train(options: argparse.Namespace) -> int:
    spec = compose(options)
    with decoding() as progress:
        run = order(spec, progress)
    return end(options, run, follow(run))


def _resume(options: argparse.Namespace) -> int:
    run = runs.find(options.run)
    resume(run, options.epochs)
    return end(options, run, follow(run))


def end(
    options: argparse.Namespace,
    run: Run,
    status: RunStatus,
    more: Mapping[str, object] | None = None,
) -> int:
    """Tell how a run ended, with `more` of it in JSON; returns the exit code."""
    if options.json:
        print(json.dumps({**_run_result(run, status), **(more or {})}))
    else:
        out.print(
            f"{run.id}: {status.state}, validation accuracy {words.percent(status.val_accuracy)}, "
            f"test accuracy {words.percent(status.test_accuracy)} "
            f"(best epoch {status.best_epoch} of {status.epochs}), "
            f"{words.duration(status.seconds)}. Model and log: {run.folder}",
            markup=False,
        )
    for note in status.notes:
        err.print(note, markup=False)
    if status.error is not None:
        error = errors.from_dict(status.error)
        err.print(f"Error: {error}", style="red", markup=False)
    return 0 if status.state is State.DONE else 1


def follow(run: Run) -> RunStatus:
    """Show a run's progress until it ends.

    Ctrl-C stops the run, keeping the best model so far; a second one leaves without waiting.
    """
    while True:
        try:
            return _watch(run)
        except KeyboardInterrupt:
            if run.cancelled:
                raise
            queue.cancel(run)
            err.print(
                "Stopping after the current batch; the best model is kept. "
                "Press Ctrl-C again to leave without waiting."
            )


def _watch(run: Run) -> RunStatus:
    if not run.cancelled:
        err.print(f"Run {run.id} in {run.folder}", markup=False)
    with progress_bar("{task.fields[words]}") as bar:
        task = bar.add_task("", total=1.0, words="queued")
        while not (status := run.status).state.final:
            bar.update(task, completed=status.progress, words=_progress_words(status))
            if status.state is State.QUEUED:
                queue.ensure()
            time.sleep(0.2)
    return status


def _progress_words(status: RunStatus) -> str:
    if status.state is not State.RUNNING or status.phase != "training":
        return status.phase or str(status.state)
    best = f", validation {words.percent(status.val_accuracy)}" if status.best_epoch else ""
    eta = f", {words.duration(status.eta)} left" if status.eta is not None else ""
    return f"epoch {min(status.epoch + 1, status.epochs)} of {status.epochs}{best}{eta}"


_MARKS = 0.7, 0.75, 0.8, 0.85, 0.9


def _seconds_to(run: Run) -> dict[str, float]:
    """Seconds of training and validation until the validation accuracy reached each mark."""
    found: dict[str, float] = {}
    passed = 0.0
    for line in run.metrics("epoch"):
        passed += line.get("seconds") or 0.0
        for mark in _MARKS:
            if (line.get("val_accuracy") or 0.0) >= mark:
                found.setdefault(f"{mark:.0%}", round(passed, 1))
    return found


def _run_result(run: Run, status: RunStatus) -> dict[str, Any]:
    result: dict[str, Any] = {
        "run": run.id,
        "folder": str(run.folder),
        "status": str(status.state),
        "epochs": status.epoch,
        "best_epoch": status.best_epoch,
        "val_accuracy": status.val_accuracy,
        "test_accuracy": status.test_accuracy,
        "images_per_second": status.images_per_second,
        "seconds": status.seconds,
        "seconds_to": _seconds_to(run),
        "engine": status.engine,
    }
    if status.notes:
        result["notes"] = list(status.notes)
    if status.error:
        result["error"] = status.error
    return result


def _runs(options: argparse.Namespace) -> int:
    found = [(run, run.status) for run in runs.all_runs()]
    if options.json:
        print(json.dumps([_run_result(run, status) for run, status in found]))
        return 0
    if not found:
        out.print("No runs so far. Start one with python -m core train.")
        return 0
    print_table(
        ("Run", "Status", "Epochs", "Validation", "Test", "Took", "Created"),
        (
            (
                run.id,
                str(status.state),
                f"{status.epoch}/{status.epochs}",
                words.percent(status.val_accuracy),
                words.percent(status.test_accuracy),
                words.duration(status.seconds),
                words.ago(status.created),
            )
            for run, status in found
        ),
    )
    return 0
