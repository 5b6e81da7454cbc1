"""The verbs of ``python -m core queue``: who is next, a pause, how many train at once."""

from __future__ import annotations

import argparse
import json
from typing import Any, get_args

from core import words
from core.cli.settings import Verbs
from core.errors import RunError, SpecError
from core.runs import queue, turns
from core.runs import run as runs
from core.runs.run import Run, all_runs
from core.runs.status import State
from core.runs.turns import Where
from core.terminal import out, print_table


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Declare the verbs; without one the queue is listed."""
    main = verbs.add_parser("queue", parents=[common], help="the runs that wait, and their order")
    main.set_defaults(verb=_list)
    # a verb's own --json must not undo the one before the verb
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print one JSON value as the last line",
    )
    inner = main.add_subparsers(metavar="VERB")

    def declare(name: str, verb: Any, about: str, *, run: bool = False) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = inner.add_parser(name, parents=[common], help=about)
        if run:
            parser.add_argument("run", metavar="RUN", help="a run's id or folder")
        parser.set_defaults(verb=verb)
        return parser

    declare("list", _list, "list the runs that train and that wait")
    declare("pause", _pause, "start nothing new; what trains goes on")
    declare("resume", _resume, "go on after a pause")
    move = declare("move", _move, "change a waiting run's place", run=True)
    move.add_argument("where", choices=get_args(Where))
    declare(
        "run-now", _run_now, "start a waiting run beside what trains; both are slower", run=True
    )
    declare("cancel", _cancel, "take a run out of the queue, or stop it", run=True)
    slots = declare("slots", _slots, "how many runs may train at once")
    slots.add_argument("number", metavar="N", nargs="?", help=f"from 1 to {turns.MOST}")


def _list(options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(_result()))
        return 0
    training, waiting = _training(), turns.queued()
    if training or waiting:
        print_table(
            ("Place", "Run", "Created"),
            (
                *(("trains", run.id, words.ago(run.status.created)) for run in training),
                *(
                    (str(place), run.id, words.ago(run.status.created))
                    for place, run in enumerate(waiting, start=1)
                ),
            ),
        )
    state = "paused: nothing new starts" if turns.paused() else "not paused"
    out.print(
        f"{words.several(len(waiting), 'run')} waiting; {words.several(turns.slots(), 'slot')}; "
        f"the queue is {state}"
    )
    return 0


def _pause(options: argparse.Namespace) -> int:
    queue.pause()
    return _done(options, "The queue is paused. What trains goes on, and nothing new starts.")


def _resume(options: argparse.Namespace) -> int:
    queue.resume()
    return _done(options, "The queue goes on.")


def _move(options: argparse.Namespace) -> int:
    run = runs.locate(options.run)
    order = turns.move(run, options.where)
    place = turns.require(run, order) + 1
    return _done(options, f"{run.id} is number {place} of {len(order)} in the queue.")


def _run_now(options: argparse.Namespace) -> int:
    run = runs.locate(options.run)
    beside = ", ".join(item.id for item in _training())
    queue.run_now(run)
    slower = f", beside {beside}: each is slower meanwhile" if beside else ""
    return _done(options, f"{run.id} starts now{slower}.")


def _cancel(options: argparse.Namespace) -> int:
    run = runs.locate(options.run)
    state = run.status.state
    if state.final:
        raise RunError(
            f"The run {run.id} cannot be cancelled",
            expected="a run that waits or trains",
            received=f"a run that is {state}",
            remedy="There is nothing to do",
        )
    queue.cancel(run)
    if state is State.QUEUED:
        return _done(options, f"{run.id} is out of the queue.")
    return _done(options, f"{run.id} stops after its current batch; its best model is kept.")


def _slots(options: argparse.Namespace) -> int:
    if options.number is not None:
        if not options.number.isdecimal():
            raise SpecError(
                f"{options.number} slots are not possible",
                expected=f"a whole number from 1 to {turns.MOST}",
                received=repr(options.number),
                remedy="Choose one for each run that may train at once",
            )
        queue.set_slots(int(options.number))
    fixed = ", by LAYERWISE_SLOTS" if turns.slots_fixed() else ""
    return _done(options, f"{words.several(turns.slots(), 'run')} may train at once{fixed}.")


def _done(options: argparse.Namespace, text: str) -> int:
    if options.json:
        print(json.dumps(_result()))
    else:
        out.print(text, markup=False)
    return 0


def _training() -> list[Run]:
    return [run for run in all_runs()[::-1] if run.status.state is State.RUNNING]


def _result() -> dict[str, Any]:
    return {
        "paused": turns.paused(),
        "slots": turns.slots(),
        "training": [run.id for run in _training()],
        "waiting": [run.id for run in turns.queued()],
    }
