"""The verb backbones: which pretrained networks there are, and what of them is on this machine."""

from __future__ import annotations

import argparse
import json

from core import words
from core.cli.settings import Verbs
from core.terminal import out, print_table
from core.transfer import kept
from core.transfer.offers import Offer, offers


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "backbones", parents=[common], help="list the pretrained networks that transfer can use"
    )
    parser.set_defaults(verb=_list)


def _list(options: argparse.Namespace) -> int:
    found = offers()
    if options.json:
        print(json.dumps([_told(one) for one in found]))
        return 0
    print_table(
        ("Name", "Input", "Parameters", "ImageNet", "Speed"),
        (
            (
                one.layer.network,
                f"{one.facts.size} px",
                words.large(one.facts.parameters),
                words.percent(one.facts.accuracy),
                one.speed if one.ready else "its weights are missing",
            )
            for one in found
        ),
        whole=("Name",),
    )
    for one in found:
        if not one.ready:
            out.print(f"{one.facts.title}: {one.where}", markup=False)
    if trained := kept.offered():
        names = ", ".join(run.id for run in trained)
        out.print(f"Trained runs, with --backbone run --run NAME: {names}", markup=False)
    return 0


def _told(one: Offer) -> dict[str, object]:
    return {
        "name": one.layer.network,
        "title": one.facts.title,
        "size": one.facts.size,
        "parameters": one.facts.parameters,
        "imagenet_accuracy": one.facts.accuracy,
        "milliseconds": one.milliseconds,
        "ready": one.ready,
        "where": one.where,
    }
