"""The verbs lr-range, sweep, ladder and variants: find better settings by trying them."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

from core import words
from core.cli.compose import add_run, compose
from core.cli.settings import Verbs, add_settings, assignments, given
from core.data.dataset import load
from core.runs import queue
from core.runs.status import State
from core.specs import TuneSpec
from core.terminal import decoding, err, out, print_table, progress_bar
from core.train import range_tests, speed
from core.tune import axes, climber, climbs, estimate, group, ladder, sweep, variants
from core.tune.group import Group, Member
from core.tune.ranking import ranked, verdict


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
        load(spec.data, progress)
    range_tests.start(spec)
    try:
        with progress_bar("{task.fields[words]}") as bar:
            task = bar.add_task("", total=1.0, words="starting")
            while (test := range_tests.find(spec)) is not None and test.running:
                bar.update(task, completed=test.progress, words=test.phase)
                time.sleep(0.1)
    except KeyboardInterrupt:
        range_tests.stop(spec)
        raise
    if test is None:  # stopped by another
        raise KeyboardInterrupt
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
    found = _follow(found, lambda now: now.active, group.cancel)
    known = group.images(found.members[0].run)
    text = sweep.verdict(found, known[1]) if known else "None of them was trained."
    names = [f"rate {words.rate(item.spec.train.learning_rate)}" for item in found.members]
    return _end(options, found, names, text)


def _ladder(options: argparse.Namespace) -> int:
    spec, tune = compose(options), TuneSpec.parse(given(options, TuneSpec))
    with decoding() as progress:
        found = climber.start(spec, tune.shrink, tune.steps, progress)

    def going(now: Group) -> bool:
        climbs.ensure()
        return climbs.climbing(now.id) or now.active

    found = _follow(found, going, climber.stop)
    if (problem := climbs.failure(found.id)) is not None:
        raise problem
    steps = ladder.steps(found)
    best = ladder.kept(steps)
    found = Group(found.id, found.kind, tuple(step.member for step in steps))
    names = [step.name for step in steps]
    text = ladder.verdict(found, climbing=False)
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
    return _end(options, found, names, text, **extra)


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
    seconds = [
        None if known is None else estimate.seconds(item.spec, data, known)
        for item in made.variants
    ]
    if options.list:
        return _list(options, made, seconds)
    several = words.several(len(made.variants), "run")
    if known is not None:
        total = sum(value or 0.0 for value in seconds) + len(seconds) * estimate.beside()
        err.print(f"{several}, about {words.duration(total)}")
    found = _follow(variants.order(made.variants), lambda now: now.active, group.cancel)
    names = [variants.name(member) for member in found.members]
    return _end(options, found, names, verdict(found.members, names))


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
    several = words.several(len(pairs), "run")
    out.print(f"{several} of {words.several(made.combinations, 'combination')}")
    return 0


def _follow(found: Group, going: Callable[[Group], bool], stop: Callable[[Group], None]) -> Group:
    """Show a group's progress until it ends; Ctrl-C stops it, a second one leaves it."""
    err.print(f"Group {found.id}", markup=False)
    stopping = False
    with progress_bar("{task.fields[words]}") as bar:
        task = bar.add_task("", total=1.0, words="queued")
        while True:
            try:
                found = group.find(found.id)
                if not going(found):
                    return found
                bar.update(task, completed=_share(found), words=_now(found))
                queue.ensure()
                time.sleep(0.3)
            except KeyboardInterrupt:
                if stopping:
                    raise
                stopping = True
                stop(found)
                err.print("Stopping; press Ctrl-C again to leave without waiting.")


def _share(found: Group) -> float:
    done = [
        1.0 if member.status.state.final else member.status.progress for member in found.members
    ]
    return sum(done) / len(done)


def _now(found: Group) -> str:
    ended = sum(member.status.state.final for member in found.members)
    return f"{ended} of {words.several(len(found.members), 'run')} done"


def _end(
    options: argparse.Namespace, found: Group, names: list[str], text: str, **extra: Any
) -> int:
    """Tell how a group ended; returns the exit code."""
    known = {member.run.id: name for member, name in zip(found.members, names, strict=True)}
    best = ranked(found.members)[0]
    if options.json:
        result = {
            "group": found.id,
            "kind": found.kind,
            "verdict": text,
            "best": best.run.id if best.score is not None else None,
            "runs": [_result(member, known[member.run.id]) for member in ranked(found.members)],
            **extra,
        }
        print(json.dumps(result))
    else:
        print_table(
            ("Rank", "Run", "Variant", "Status", "Validation", "Parameters"),
            (
                (
                    str(place),
                    member.run.id,
                    known[member.run.id],
                    str(member.status.state),
                    words.percent(member.score),
                    words.count(member.status.parameters),
                )
                for place, member in enumerate(ranked(found.members), start=1)
            ),
        )
        out.print(text, markup=False)
    return 0 if any(member.status.state is State.DONE for member in found.members) else 1


def _result(member: Member, name: str) -> dict[str, Any]:
    status = member.status
    return {
        "run": member.run.id,
        "name": name,
        "tags": member.tags,
        "status": str(status.state),
        "val_accuracy": status.val_accuracy,
        "test_accuracy": status.test_accuracy,
        "parameters": status.parameters,
        "seconds": status.seconds,
    }
