"""The verbs of ``python -m core design``: what a design costs, whether it fits, and its script."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from core import files, words
from core.cli.settings import Verbs, add_settings, given
from core.data import catalogue
from core.data.dataset import load
from core.design import designs
from core.design.analysis import Analysis, Row, analyse
from core.design.details import details
from core.design.script import script
from core.errors import SpecError
from core.specs import AugmentSpec, DataSpec, TrainSpec
from core.specs.arrays import ARRAY_SETS
from core.terminal import decoding, err, out, print_table

Shape = tuple[int, int, int]

_SHAPE, _CLASSES = (32, 32, 3), 10  # where nothing is said of the images: those of CIFAR-10


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    design = verbs.add_parser("design", help="designs, layer by layer").add_subparsers(
        required=True, metavar="VERB"
    )
    show = design.add_parser("show", parents=[common], help="shapes and cost of each layer")
    check = design.add_parser("check", parents=[common], help="whether the layers fit together")
    code = design.add_parser("code", parents=[common], help="a Keras script that trains it")
    for parser, verb in ((show, _show), (check, _check), (code, _code)):
        parser.add_argument("design", metavar="DESIGN", help="a preset's name or a JSON file")
        parser.set_defaults(verb=verb)
    for parser in (show, check):
        parser.add_argument("--data", help="the images: a set's name, a folder or a zip")
        parser.add_argument("--shape", help="height, width and channels (default 32x32x3)")
        parser.add_argument("--classes", help="number of classes (default 10)")
    code.add_argument("--data", help="a set's name, a folder or a zip", default="cifar10")
    code.add_argument("--output", type=Path, metavar="FILE", help="write it to this file")
    add_settings(code, TrainSpec)
    add_settings(code, DataSpec)


def _show(options: argparse.Namespace) -> int:
    design = designs.read(options.design)
    found = analyse(design.model, *_images(options))
    if options.json:
        print(json.dumps(_result(found)))
    else:
        _print(found)
    _tell([row.error for row in found.errors if row.error is not None])
    return 2 if found.errors else 0


def _check(options: argparse.Namespace) -> int:
    shape, classes = _images(options)
    try:
        model = designs.read(options.design).model
    except SpecError as problem:  # no design at all
        name, errors = options.design, [problem]
    else:
        name, rows = model.name, analyse(model, shape, classes).errors
        errors = [row.error for row in rows if row.error is not None]
    _tell(errors)
    if options.json:
        print(json.dumps({"valid": not errors, "errors": [item.to_dict() for item in errors]}))
    elif not errors:
        out.print(f"{name} fits {_words(shape, classes)}", markup=False)
    return 2 if errors else 0


def _code(options: argparse.Namespace) -> int:
    design = designs.read(options.design)
    train = TrainSpec.parse({**design.train, **given(options, TrainSpec)})
    values = {"source": catalogue.locate(options.data), **given(options, DataSpec)}
    data = DataSpec.parse(values)
    shape, classes = _known(data)
    augment = AugmentSpec.parse(design.augment)
    text = script(design.model, data, train, augment, shape=shape, classes=classes)
    if options.output is not None:
        files.write_bytes(options.output, text.encode())
    if options.json:
        result = {
            "design": design.name,
            "data": data.source,
            "shape": shape,
            "classes": list(classes),
            "output": None if options.output is None else str(options.output),
            "script": text,
        }
        print(json.dumps(result))
    elif options.output is None:
        print(text, end="")
    else:
        lines = words.several(text.count("\n"), "line")
        out.print(f"{lines} written to {options.output}", markup=False)
    return 0


def _images(options: argparse.Namespace) -> tuple[Shape, int]:
    """Shape and number of classes of the images that a design is to work on."""
    if options.data is not None:
        if options.shape is not None or options.classes is not None:
            raise SpecError(
                "--data says all of the images",
                expected="either --data, or --shape and --classes",
                received="both",
                remedy="Leave --shape and --classes out",
            )
        shape, names = _known(DataSpec(source=catalogue.locate(options.data)))
        return shape, len(names)
    return (
        _SHAPE if options.shape is None else _shape(options.shape),
        _CLASSES if options.classes is None else _count(options.classes),
    )


def _known(data: DataSpec) -> tuple[Shape, tuple[str, ...]]:
    """Working shape and classes of a set. A published one need not be on this machine for it."""
    for item in ARRAY_SETS:
        if item.name == data.source:
            size = data.size or item.size
            channels = {"rgb": 3, "gray": 1, "auto": item.channels}[data.color]
            return (size, size, channels), item.classes
    with decoding() as progress:
        found = load(data, progress)
    return found.shape, found.classes


def _shape(text: str) -> Shape:
    """32x32x3 as numbers."""
    found = re.fullmatch(r"([1-9]\d{0,3})[x×]([1-9]\d{0,3})[x×]([13])", text)
    if found is None:
        raise SpecError(
            f"--shape {text} is not valid",
            expected="height, width (1 to 9,999 pixels) and 1 or 3 channels, such as 32x32x3",
            received=repr(text),
            remedy="Write three whole numbers with an x between them",
        )
    height, width, channels = map(int, found.groups())
    return height, width, channels


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text) or int(text) < 2:
        raise SpecError(
            f"--classes {text} is not valid",
            expected="a whole number of at least 2",
            received=repr(text),
            remedy="Write how many kinds of images there are, such as 10",
        )
    return int(text)


def _words(shape: Shape, classes: int) -> str:
    return f"images of {words.shape(shape)} in {classes:,} classes"


def _tell(errors: list[SpecError]) -> None:
    for error in errors:
        err.print(f"Error: {error}", style="red", markup=False)


def _result(found: Analysis) -> dict[str, Any]:
    return {
        "design": found.model.name,
        "shape": found.shape,
        "classes": found.classes,
        "layers": [_layer(row) for row in found.rows],
        "parameters": found.parameters,
        "trainable": found.trainable,
        "multiply_adds": found.macs,
        "receptive_field": found.reach,
        "activation_values": found.values,
        "errors": [row.error.to_dict() for row in found.errors if row.error is not None],
    }


def _layer(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.layer.KIND,
        "title": row.title,
        "details": details(row.layer),
        "on": row.layer.on,
        "output_shape": row.output_shape,
        "parameters": row.parameters,
        "multiply_adds": row.macs,
        "receptive_field": row.reach,
        "activation_values": row.values,
    }


def _print(found: Analysis) -> None:
    out.print(f"{found.model.name}, for {_words(found.shape, found.classes)}", markup=False)
    columns = ("Layer", "Output", "Parameters", "Multiply-adds", "Sees")
    print_table(columns, (_cells(row) for row in found.rows), whole=columns[1:])
    out.print(
        f"In all {words.count(found.parameters)} parameters, {words.count(found.trainable)} of them "
        f"trainable; {words.count(found.macs)} multiply-adds and {words.count(found.values)} values "
        "for an image",
        markup=False,
    )


def _cells(row: Row) -> tuple[str, ...]:
    told = details(row.layer)
    first = f"{row.number} {row.title}{f': {told}' if told else ''}"
    if not row.layer.on:
        return (first, "switched off", "", "", "")
    if row.output_shape is None:
        return (first, "does not fit" if row.error else "", "", "", "")
    return (
        first,
        words.shape(row.output_shape),
        words.count(row.parameters),
        words.count(row.macs),
        "all" if row.reach is None else f"{row.reach} px",
    )
