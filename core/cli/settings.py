"""Settings given on the command line: flags made of the specs' declarations, and KEY=VALUE."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from core.errors import SpecError
from core.specs import AugmentSpec, DataSpec, Spec, TrainSpec, TransferSpec, TuneSpec
from core.specs.spec import expectation

# what argparse's add_subparsers returns, which has no public name
Verbs = Any


_TITLES: dict[type[Spec], str] = {
    TrainSpec: "training settings",
    AugmentSpec: "changes of images",
    DataSpec: "image settings",
    TuneSpec: "settings of the search",
    TransferSpec: "settings of the transfer",
}


def add_settings(
    parser: argparse.ArgumentParser, spec: type[Spec], names: Sequence[str] = ()
) -> None:
    """A flag for each declared setting, or for those `names`; values are checked by the spec, not by
    argparse."""
    group = parser.add_argument_group(_TITLES[spec])
    for name, field in spec.model_fields.items():
        if not field.description or (names and name not in names):
            continue
        help_text = f"{field.description} ({expectation(field)}; default {'automatic' if field.default is None else field.default})"
        group.add_argument(
            f"--{name.replace('_', '-')}", metavar="VALUE", help=help_text.replace("%", "%%")
        )


def given(options: argparse.Namespace, spec: type[Spec]) -> dict[str, Any]:
    """The settings of `spec` given as flags."""
    fields = spec.model_fields.items()
    values = {name: getattr(options, name, None) for name, field in fields if field.description}
    return {name: value for name, value in values.items() if value is not None}


def assignments(items: Sequence[str], flag: str, example: str) -> dict[str, str]:
    """KEY=VALUE items as pairs; raises SpecError that names the flag."""
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


def sections(items: Sequence[str]) -> dict[str, dict[str, Any]]:
    """--set data.size=64 --set train.epochs=3 as {"data": {...}, "train": {...}, "augment": {}}."""
    found: dict[str, dict[str, Any]] = {"data": {}, "train": {}, "augment": {}}
    for key, value in assignments(items, "--set", "train.learning_rate=0.001").items():
        section, _, name = key.partition(".")
        if section not in found or not name or key == "data.source":
            raise SpecError(
                f"--set {key} is not a known setting",
                expected="data.KEY, train.KEY or augment.KEY; the images are chosen with --data",
                received=repr(key),
                remedy="See python -m core train --help for the keys",
            )
        try:
            found[section][name] = json.loads(value)
        except ValueError:
            found[section][name] = value
    return found
