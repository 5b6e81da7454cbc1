"""The verbs lr-range, sweep, ladder and variants: find better settings by trying them."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from core import words
from core.cli.compose import add_run, compose
from core.cli.group import follow, tell
from core.cli.settings import Verbs, add_settings, assignments, given
from core.data.dataset import load
from core.errors import RunError
from core.runs import turns
from core.specs import TuneSpec
from core.terminal import decoding, err, out, print_table, progress_bar
from core.train import range_tests, speed
from core.train.order import require
from core.tune import axes, climber, climbs, estimate, group, ladder, summary, sweep, variants
from core.tune.group import Group


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Declare the verbs."""

    def declare(name: str, verb: Any, about: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = verbs.add_parser(name, parents=[common], help=about)
        add_run(parser)
        parser.set_defaults(verb=verb)
        return parser

    declare("lr-range", _lr_range, "the loss against the learning rate, and which to take")
    rates = declare("sweep", _sweep, "the same network at several learning rates")
    rates.add_argument("--rates", nargs="+", metavar="RATE", help="default 1e-6 0.01 1")
    steps = declare("ladder", _ladder, "grow a small network as long as that makes it better")
    add_settings(steps, TuneSpec, ("shrink", "steps"))
    varied = declare("variants", _variants, "a run in many variants")
    varied.add_argument(
        "--vary",
        action="append",
        default=[],
        required=True,
        metavar="NAME=VALUE,VALUE",
        help=f"what differs: {', '.join(axes.AXES)}; NAME=usual takes the usual values",
    )
    add_settings(varied, TuneSpec, ("most",))
    varied.add_argument(
        "--list", action="store_true", help="only list the runs, with their estimated time"
    )


def _lr_range(options: argparse.Namespace) -> int:
    spec = compose(options)
    with decoding() as progress:
        require(spec, load(spec.data, progress))
    range_tests.start(spec)
    try:
        with progress_bar("{task.fields[words]}") as bar:
            task = bar.add_task("", total=1.0, words="starting")
            while (test := range_tests.find(spec)) is not None and test.running:
                bar.update(task, completed=test.progress, words=test.phase)
                time.sleep(0.1)
    except KeyboardInterrupt:
        range_tests.stop(range_tests.digest(spec))
        raise
    if test is None:
        raise RunError(
            "The range test was stopped",
            expected="a step of training at each learning rate",
            received="a test that somebody ended",
            remedy="Test again",
        )
    if (problem := test.failure) is not None:
        raise problem
    curve = test.curve
    if options.json:
        result = {
            "suggestion": curve.suggestion,
            "steepest": curve.steepest,
            "lowest": curve.lowest,
            "tenth_of_lowest": curve.tenth,
            "exploded": curve.exploded,
            "words": curve.words,
            "rates": curve.rates,
            "losses": curve.losses,
            "smoothed": curve.smoothed,
        }
        print(json.dumps(result))
    else:
        out.print(curve.words, markup=False)
    return 0


def _sweep(options: argparse.Namespace) -> int:
    spec = compose(options)
    tune = TuneSpec.parse({"rates": tuple(options.rates)} if options.rates else {})
    with decoding() as progress:
        found = sweep.order(spec, tune.rates, progress)
    found = follow(found, lambda now: now.active, group.cancel)
    names = [f"rate {summary.name(found, member)}" for member in found.members]
    return tell(options, found, names, summary.verdict(found))


def _ladder(options: argparse.Namespace) -> int:
    spec, tune = compose(options), TuneSpec.parse(given(options, TuneSpec))
    with decoding() as progress:
        found = climber.start(spec, tune.shrink, tune.steps, progress)

    def going(now: Group) -> bool:
        climbs.ensure()
        return climbs.climbing(now.id) or now.active

    found = follow(found, going, climber.stop)
    if (problem := climbs.failure(found.id)) is not None:
        raise problem
    steps = ladder.steps(found)
    best = ladder.kept(steps)
    found = Group(found.id, found.kind, tuple(step.member for step in steps))
    extra = {
        "keep": best and {"step": best.number, "run": best.member.run.id},
        "curve": [
            {
                "step": step.number,
                "change": step.change,
                "parameters": step.member.status.parameters,
                "val_accuracy": step.member.score,
            }
            for step in steps
        ],
    }
    return tell(options, found, [step.name for step in steps], summary.verdict(found), **extra)


def _variants(options: argparse.Namespace) -> int:
    spec = compose(options)
    tune = TuneSpec.parse(given(options, TuneSpec))
    vary = {
        name: variants.axis(name).usual if text == "usual" else tuple(text.split(","))
        for name, text in assignments(options.vary, "--vary", "optimizer=adam,sgd").items()
    }
    with decoding() as progress:
        data = load(spec.data, progress)
    made = variants.template(spec, vary, tune.most, data.shape, len(data.classes))
    known = speed.load()
    split = data.split(spec.train.validation_share, spec.train.train_share)
    seconds = [
        None if known is None else estimate.seconds(item.spec, data, split, known)
        for item in made.variants
    ]
    if options.list:
        return _list(options, made, seconds)
    err.print(f"{words.several(len(made.variants), 'run')}: {made.words}", markup=False)
    if training := [value for value in seconds if value is not None]:
        err.print(estimate.told(training, turns.slots()), markup=False)
    found = follow(variants.order(made.variants), lambda now: now.active, group.cancel)
    names = [summary.name(found, member) for member in found.members]
    return tell(options, found, names, summary.verdict(found))


def _list(options: argparse.Namespace, made: variants.Template, seconds: list[float | None]) -> int:
    pairs = list(zip(made.variants, seconds, strict=True))
    if options.json:
        runs = [{**variant.tags, "seconds": value} for variant, value in pairs]
        print(
            json.dumps({"runs": runs, "combinations": made.combinations, "left_out": made.left_out})
        )
        return 0
    print_table(
        ("Variant", "Training"), ((item.name, words.duration(value)) for item, value in pairs)
    )
    out.print(f"{words.several(len(pairs), 'run')}: {made.words}", markup=False)
    return 0
