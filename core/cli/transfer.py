"""The verb transfer: learn classes on top of a pretrained backbone."""

from __future__ import annotations

import argparse

from core.cli import train as training
from core.cli.settings import Verbs, add_settings, assignments, given
from core.data import catalogue
from core.errors import SpecError
from core.runs.run import Run
from core.runs.status import RunStatus
from core.specs import DataSpec, TrainSpec, TransferSpec
from core.specs.run import RunSpec
from core.terminal import decoding
from core.train.order import order
from core.transfer.compose import compose

_DATA = ("fit", "parts", "together", "test_share", "split_seed")
_STEPS = (  # of fine-tuning alone
    "batch_size",
    "optimizer",
    "schedule",
    "warmup",
    "label_smoothing",
    "weight_decay",
    "patience",
)
_TRAIN = ("validation_share", "train_share", "class_weights", "seed", "precision", *_STEPS)
_TUNING = ("epochs", "learning_rate", "decay", *_STEPS)


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "transfer",
        parents=[common],
        help="learn classes on top of a network that was trained on a million photos",
    )
    parser.add_argument("--data", required=True, help="a set's name, a folder or a zip")
    add_settings(parser, TransferSpec)
    add_settings(parser, TrainSpec, _TRAIN)
    add_settings(parser, DataSpec, _DATA)
    parser.add_argument(
        "--tag", action="append", default=[], metavar="KEY=VALUE", help="file the run under a tag"
    )
    parser.set_defaults(verb=_transfer)


def _spec(options: argparse.Namespace) -> RunSpec:
    transfer = TransferSpec.parse(given(options, TransferSpec))
    tuning = [name for name in _TUNING if getattr(options, name) is not None]
    if tuning and transfer.tuning is None:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in tuning)
        raise SpecError(
            f"{flags}: nothing is fine-tuned",
            expected="settings of fine-tuning where there is some",
            received="them without --finetune",
            remedy="Add --finetune last-5-blocks, or leave them out",
        )
    data = {name: value for name, value in given(options, DataSpec).items() if name in _DATA}
    return compose(
        transfer,
        DataSpec.parse({**data, "source": catalogue.locate(options.data)}),
        train={name: value for name, value in given(options, TrainSpec).items() if name in _TRAIN},
        tags=assignments(options.tag, "--tag", "lab=gear"),
    )


def _transfer(options: argparse.Namespace) -> int:
    spec = _spec(options)
    with decoding() as progress:
        run = order(spec, progress)
    status = training.follow(run)
    return training.end(options, run, status, result(run, status))


def result(run: Run, status: RunStatus) -> dict[str, object]:
    """What there is to tell of a transfer beside what any run tells."""
    stages = {str(line.get("name")): line.get("seconds") for line in run.metrics("stage")}
    return {
        "macro_recall": status.macro_recall,
        "head": status.engine,
        "seconds_by_phase": stages,
    }
