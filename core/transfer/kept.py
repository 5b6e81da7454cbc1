"""Trained runs as backbones: what is needed of one is kept beside the runs. Free of TensorFlow.

    saved_models/.backbones/<run>-<digest of its model>/
        model.keras    as the run had it; no room of its own on the disk as long as the run is there
        learned.npy    which images it has learned from
        facts.json     what is known of it without TensorFlow, and the layer that it ends with

A design names this folder and not the run. So it stays what it was when the run is deleted, goes on
learning or gives its name to another one. Nothing deletes the folder: designs and runs may need it.

The network is all of the run up to its last maps, [height, width, channels], with its own scaling of
the pixels, and with a backbone of its own as that is by now; not the size that such a backbone
enlarged images to, which is the new design's to say. A run of grey images turns colours to grey first.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from core import files, words
from core.design import backbones
from core.design.analysis import Row, analyse, table
from core.design.backbones import Facts, facts
from core.errors import ModelError, RunError, storing
from core.runs import run as runs
from core.runs.run import Run
from core.specs import (
    Backbone,
    GroupNormalization,
    LayerNormalization,
    LayerSpec,
    ModelSpec,
)
from core.specs.layers.pretrained import RUN
from core.transfer import learned

GREY = (0.299, 0.587, 0.114)  # of red, green and blue, as Pillow and core.data make it
_LARGEST = 1024  # pixels, of images
_MAKES_MAPS = "Convolution", "Blocks", "Pretrained"
_IN_INTEGERS = "linear", "relu"  # curves that 8-bit integers hold well


def offered() -> list[Run]:
    """The finished runs that can serve, the newest first, as far as is seen at a glance."""
    return [run for run in runs.all_runs() if _can_serve(run)]


def _can_serve(run: Run) -> bool:
    if not (run.folder / "model.keras").is_file() or not run.status.state.final:
        return False
    try:
        return any(layer.on and layer.GROUP in _MAKES_MAPS for layer in run.spec.model.layers)
    except RunError:
        return False


def keep(name: str) -> Backbone:
    """A trained run as a layer; what is needed of it is kept.

    Args:
        name: of the run, or of what is kept of one.

    Raises:
        NotFoundError: there is no such run.
        RunError: it is still training, or has no model or no maps.
        ModelError: its model is damaged.
        StorageError: there is no room.
    """
    if (backbones.kept(name) / "facts.json").is_file():
        return Backbone(network=RUN, run=name)
    run = runs.find(name)
    path = _model(run)
    now = path.stat()
    digest = _digest(path, now.st_mtime_ns, now.st_size)
    layer = Backbone(network=RUN, run=f"{run.id}-{digest}")
    folder = backbones.kept(layer.run)
    if not (folder / "facts.json").is_file():
        found = _looked_at(run)
        files.made_folder(folder, "keep a run as a backbone")
        _copy(path, folder / "model.keras")
        if (run.folder / learned.NAME).is_file():
            _copy(run.folder / learned.NAME, folder / learned.NAME)
        known = {"end": found.end, "facts": asdict(found.facts)}
        files.write_json(folder / "facts.json", known)  # last: from here on it is kept
    return layer


@cache
def _digest(path: Path, changed: int, size: int) -> str:  # noqa: ARG001
    """Of a file that changed then; a page asks for it at each drawing."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=6)).hexdigest()


def pinned(model: ModelSpec) -> ModelSpec:
    """A design with what is kept of a run where it names the run, and with whole paths of weights.

    A worker runs in another folder. For errors see `keep`.
    """

    def settled(layer: LayerSpec) -> LayerSpec:
        if not isinstance(layer, Backbone) or not layer.on:
            return layer
        if layer.weights:
            return layer.changed(weights=str(Path(layer.weights).expanduser().resolve()))
        return (
            layer.changed(run=keep(layer.run).run) if layer.network == RUN and layer.run else layer
        )

    layers = tuple(map(settled, model.layers))
    return model if layers == model.layers else model.model_copy(update={"layers": layers})


def end(layer: Backbone) -> str:
    """Name of the Keras layer whose output is the last maps. Raises ModelError."""
    path = backbones.kept(layer.run) / "facts.json"
    try:
        return str(json.loads(path.read_bytes())["end"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            "What is known of a run as a backbone cannot be read",
            expected=f"a whole file {path}",
            received=str(error)[:200],
            remedy=f"Delete {path.parent} and choose the run again",
        ) from error


def _model(run: Run) -> Path:
    """The file of a finished run's model, if it looks whole."""
    path, state = run.folder / "model.keras", run.status.state
    if not state.final:
        raise RunError(
            f"The run {run.id} cannot be a backbone yet",
            expected="a run that has ended",
            received=f"a run that is {state}",
            remedy="Wait for its end, or stop it",
        )
    if not path.is_file():
        raise RunError(
            f"The run {run.id} has no model to build on",
            expected=f"the file {path}",
            received="no such file",
            remedy="Choose a run that has trained for an epoch at least",
        )
    if not zipfile.is_zipfile(path):
        raise damaged(path, "no whole archive")
    return path


def damaged(path: Path, received: str) -> ModelError:
    """The error of a model's file that cannot be read."""
    size = f"{path.stat().st_size:,} bytes: " if path.is_file() else ""
    return ModelError(
        f"The model of the run {path.parent.name} cannot be read",
        expected=f"a whole Keras model at {path}",
        received=f"{size}{received}",
        remedy="Put the whole file back, or choose another run",
    )


@dataclass(frozen=True)
class _Look:
    """What is known of a run's network, and the name of its last layer."""

    facts: Facts
    end: str


def _looked_at(run: Run) -> _Look:
    title, classes, size, channels = _labels(run)
    model = built(run)
    rows = table(model, (size, size, channels), classes)
    maps = [row for row in rows if row.nodes and len(row.output_shape or ()) == 3]
    if not any(row.parameters for row in maps):
        raise RunError(
            f"The run {run.id} makes no maps of images",
            expected="a design with a convolution, a block or a pretrained network",
            received=", ".join(layer.TITLE for layer in model.layers)[:300],
            remedy="Choose a run of another design",
        )
    last = maps[-1]
    front = ModelSpec(layers=tuple(map(_as_they_come, model.layers[: last.number])))
    enlarged = backbones.used(model)
    usual = (enlarged.enlarge if enlarged is not None else None) or size
    places = [_places(front, pixels, channels) for pixels in range(1, _LARGEST + 1)]
    found = analyse(front, (usual, usual, channels), classes).rows
    grey = len(GREY) if channels == 1 else 0
    status = run.status
    about = f"Trained here on {title}, where it names {words.percent(status.test_accuracy)} of the test images right."
    behind = sum(row.parameters for row in rows[last.number :])
    # where it was fine-tuned its layers are fewer than the design has
    whole = status.parameters or sum(row.parameters for row in rows)
    known = Facts(
        title=run.id,
        parameters=whole - behind + grey,
        channels=(last.output_shape or ())[-1],
        reach=found[-1].reach or 0,
        macs=sum(row.macs for row in found) / usual**2 + grey,
        accuracy=None,
        about=about,
        mean=0.0,
        spread=1.0,
        stride=max(1, usual // places[usual - 1]),
        size=usual,
        int8=all(map(_in_integers, found)),
        sizes=tuple(
            pixels
            for pixels, before, now in zip(
                range(1, _LARGEST + 1), [0, *places], places, strict=False
            )
            for _ in range(now - before)
        ),
    )
    return _Look(known, last.nodes[-1].name)


def _labels(run: Run) -> tuple[str, int, int, int]:
    """Title and number of the classes, and size and channels of the images that it works at."""
    path = run.folder / "labels.json"
    try:
        told = json.loads(path.read_bytes())
        return str(told["title"]), len(told["classes"]), int(told["size"]), int(told["channels"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"The run {run.id} does not say which images it works at",
            expected=f"a whole file {path}",
            received=str(error)[:200],
            remedy="Put the file back, or choose another run",
        ) from error


def built(run: Run) -> ModelSpec:
    """The design as it was built."""
    path = run.folder / "design.json"
    return ModelSpec.parse(json.loads(path.read_bytes())) if path.is_file() else run.spec.model


def _as_they_come(layer: LayerSpec) -> LayerSpec:
    """A layer that takes images of any size."""
    return layer.changed(enlarge=None) if isinstance(layer, Backbone) else layer


def _places(front: ModelSpec, pixels: int, channels: int) -> int:
    """Height of the last maps of an image of that size; 0 where there are none."""
    shape = analyse(front, (pixels, pixels, channels), 2).rows[-1].output_shape
    return shape[0] if shape is not None else 0


def _in_integers(row: Row) -> bool:
    for node in row.nodes:
        layer = node.layer
        if isinstance(layer, Backbone):
            return facts(layer).int8
        curve = getattr(layer, "activation", getattr(layer, "function", "linear"))
        if curve not in _IN_INTEGERS or isinstance(layer, LayerNormalization | GroupNormalization):
            return False
    return True


def _copy(source: Path, path: Path) -> None:
    """The same file in another folder: a second name of it, where the disk has such."""
    with storing(path, "keep a run as a backbone"), files.replacing(path) as part:
        try:
            os.link(source, part)
        except OSError:
            shutil.copyfile(source, part)
