"""The command line: ``python -m core <verb>``. The same core as the pages, without a browser.

Exit codes: 0 done, 1 failed (or stopped, or lost), 2 bad input. With --json the last line of stdout
is one JSON value; progress and messages go to stderr.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import errors, words
from core.data import catalogue
from core.data.dataset import load
from core.design import designs
from core.errors import AppError, InputError, SpecError
from core.runs import queue
from core.runs import run as runs
from core.runs.run import Run
from core.runs.status import RunStatus, State
from core.specs import DataSpec, RunSpec, Spec, TrainSpec
from core.specs.spec import expectation
from core.terminal import decoding, err, out, print_table, progress_bar
from core.train.order import order


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.verb(options)
    except AppError as error:
        err.print(f"Error: {error}", style="red", markup=False)
        if options.json:
            print(json.dumps({"error": error.to_dict()}))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON value as the last line")
    parser = argparse.ArgumentParser(prog="python -m core", description="Layerwise's command line.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    data = verbs.add_parser("data", help="the sets of images").add_subparsers(
        required=True, metavar="VERB"
    )
    listing = data.add_parser("list", parents=[common], help="list the sets")
    listing.set_defaults(verb=_data_list)
    show = data.add_parser("show", parents=[common], help="classes, counts and sizes of a set")
    show.add_argument("data", metavar="NAME", help="a set's name, a folder or a zip")
    _add_settings(show, DataSpec)
    show.set_defaults(verb=_data_show)

    train = verbs.add_parser("train", parents=[common], help="train a design on a set of images")
    train.add_argument("--data", required=True, help="a set's name, a folder or a zip")
    train.add_argument("--design", required=True, help="a preset's name or a JSON file")
    _add_settings(train, TrainSpec)
    _add_settings(train, DataSpec)
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SPEC.KEY=VALUE",
        help="any setting by its full name, such as train.learning_rate=0.001",
    )
    train.add_argument(
        "--tag", action="append", default=[], metavar="KEY=VALUE", help="file the run under a tag"
    )
    train.set_defaults(verb=_train)

    listing = verbs.add_parser("runs", parents=[common], help="list the runs")
    listing.set_defaults(verb=_runs)

    predict = verbs.add_parser("predict", parents=[common], help="classify photos with a run")
    predict.add_argument("run", metavar="RUN", help="a run's id or folder")
    predict.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    predict.set_defaults(verb=_predict)
    return parser


def _add_settings(parser: argparse.ArgumentParser, spec: type[TrainSpec] | type[DataSpec]) -> None:
    """A flag for each declared setting; values are checked by the spec, not by argparse."""
    titles = {TrainSpec: "training settings", DataSpec: "image settings"}
    group = parser.add_argument_group(titles[spec])
    for name, field in spec.model_fields.items():
        if not field.description:
            continue
        help_text = f"{field.description} ({expectation(field)}; default {'automatic' if field.default is None else field.default})"
        group.add_argument(
            f"--{name.replace('_', '-')}", metavar="VALUE", help=help_text.replace("%", "%%")
        )


def _given(options: argparse.Namespace, spec: type[Spec]) -> dict[str, Any]:
    """The settings of `spec` given as flags."""
    values = {name: getattr(options, name, None) for name in spec.model_fields}
    return {name: value for name, value in values.items() if value is not None}


def _assignments(items: Sequence[str], flag: str, example: str) -> dict[str, str]:
    pairs = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not (key and equals and value):
            raise SpecError(
                f"{flag} {item} is not valid",
                expected=f"KEY=VALUE, such as {example}",
                received=repr(item),
                remedy="Write the key, an equals sign and the value without spaces",
            )
        pairs[key] = value
    return pairs


def _sections(items: Sequence[str]) -> dict[str, dict[str, Any]]:
    """--set data.size=64 --set train.epochs=3 as {"data": {...}, "train": {...}}."""
    sections: dict[str, dict[str, Any]] = {"data": {}, "train": {}}
    for key, value in _assignments(items, "--set", "train.learning_rate=0.001").items():
        section, _, name = key.partition(".")
        if section not in sections or not name or key == "data.source":
            raise SpecError(
                f"--set {key} is not a known setting",
                expected="data.KEY or train.KEY; the images are chosen with --data",
                received=repr(key),
                remedy="See python -m core train --help for the keys",
            )
        try:
            sections[section][name] = json.loads(value)
        except ValueError:
            sections[section][name] = value
    return sections


def _data_list(options: argparse.Namespace) -> int:
    entries = catalogue.entries()
    if options.json:
        print(json.dumps([vars(entry) for entry in entries]))
        return 0
    print_table(
        ("Name", "Title", "On this machine", "What it is"),
        ((e.name, e.title, "yes" if e.ready else "no", e.description) for e in entries),
    )
    return 0


def _data_show(options: argparse.Namespace) -> int:
    spec = DataSpec.parse({"source": catalogue.locate(options.data), **_given(options, DataSpec)})
    with decoding() as progress:
        data = load(spec, progress)
    split = data.split(TrainSpec().validation_share)
    widths, heights = data.images.sizes.min(axis=0), data.images.sizes.max(axis=0)
    result = {
        "name": spec.source,
        "title": data.title,
        "images": len(data.images.labels),
        "classes": data.counts(),
        "working_shape": data.shape,
        "smallest": widths.tolist(),
        "largest": heights.tolist(),
        "train": len(split.train),
        "validation": len(split.validation),
        "test": len(split.test),
        "copies_left_out": len(split.left_out),
        "left_out": [vars(item) for item in data.images.skipped],
    }
    if options.json:
        print(json.dumps(result))
        return 0
    out.print(
        f"{data.title}: {words.count(result['images'])} images in {len(data.classes)} classes, "
        f"worked on as {words.shape(data.shape)}",
        markup=False,
    )
    print_table(("Class", "Images"), ((k, words.count(v)) for k, v in data.counts().items()))
    for item in data.images.skipped:
        out.print(f"Left out: {item.name}: {item.reason}", markup=False)
    return 0


def _train(options: argparse.Namespace) -> int:
    sections = _sections(options.set)
    tags = _assignments(options.tag, "--tag", "lab=gear")
    design = designs.read(options.design)
    train = {**design.train, **_given(options, TrainSpec), **sections["train"]}
    data = {**_given(options, DataSpec), **sections["data"]}
    train_spec = TrainSpec.parse(train)
    data_spec = DataSpec.parse({**data, "source": catalogue.locate(options.data)})
    spec = RunSpec.parse(
        {"model": design.model, "data": data_spec, "train": train_spec, "tags": tags}
    )
    with decoding() as progress:
        run = order(spec, progress)
    status = _follow(run)
    if options.json:
        print(json.dumps(_run_result(run, status)))
    else:
        out.print(
            f"{run.id}: {status.state}, validation accuracy {words.percent(status.val_accuracy)}, "
            f"test accuracy {words.percent(status.test_accuracy)} "
            f"(best epoch {status.best_epoch} of {status.epochs}), "
            f"{words.duration(status.seconds)}. Model and log: {run.folder}",
            markup=False,
        )
    if status.error is not None:
        error = errors.from_dict(status.error)
        err.print(f"Error: {error}", style="red", markup=False)
    return 0 if status.state is State.DONE else 1


def _follow(run: Run) -> RunStatus:
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
    }
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


def _predict(options: argparse.Namespace) -> int:
    from core.predict.classifier import Classifier

    classifier = Classifier(runs.locate(options.run))
    results: list[dict[str, Any]] = []
    bad = 0
    for path in options.images:
        try:
            top = classifier.classify_photo(path).top(5)
        except InputError as error:
            bad += 1
            results.append({"image": str(path), "top": [], "error": str(error)})
            err.print(f"{path}: {error}", style="red", markup=False)
            continue
        pairs = [{"label": label, "probability": share} for label, share in top]
        results.append({"image": str(path), "top": pairs})
        if not options.json:
            line = ", ".join(f"{label} {words.percent(share)}" for label, share in top)
            out.print(f"{path}: {line}", markup=False)
    if options.json:
        print(json.dumps(results))
    return 2 if bad else 0
