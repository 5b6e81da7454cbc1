"""A run as it is put together on the command line: its flags, and the RunSpec that they make."""

from __future__ import annotations

import argparse

from core.cli.settings import add_settings, assignments, given, sections
from core.data import catalogue
from core.design import designs
from core.specs import AugmentSpec, DataSpec, RunSpec, TrainSpec


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of a run."""
    parser.add_argument("--data", required=True, help="a set's name, a folder or a zip")
    parser.add_argument("--design", required=True, help="a preset's name or a JSON file")
    add_settings(parser, TrainSpec)
    add_settings(parser, AugmentSpec)
    add_settings(parser, DataSpec)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SPEC.KEY=VALUE",
        help="any setting by its full name, such as train.learning_rate=0.001",
    )
    parser.add_argument(
        "--tag", action="append", default=[], metavar="KEY=VALUE", help="file the run under a tag"
    )


def compose(options: argparse.Namespace) -> RunSpec:
    """The run that the flags ask for; raises InputError."""
    chosen = sections(options.set)
    tags = assignments(options.tag, "--tag", "lab=gear")
    design = designs.read(options.design)
    train = {**design.train, **given(options, TrainSpec), **chosen["train"]}
    data = {**given(options, DataSpec), **chosen["data"]}
    train_spec = TrainSpec.parse(train)
    augment = {**design.augment, **given(options, AugmentSpec), **chosen["augment"]}
    data_spec = DataSpec.parse({**data, "source": catalogue.locate(options.data)})
    return RunSpec.parse(
        {
            "model": design.model,
            "data": data_spec,
            "train": train_spec,
            "augment": AugmentSpec.parse(augment),
            "tags": tags,
        }
    )
