"""What a model answers as it learns: views.jsonl and the fixed handful of images of a run."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import NonNegativeInt, ValidationError

from core import files
from core.data.dataset import Dataset
from core.data.splits import Indices
from core.runs.run import Run
from core.specs.spec import Spec

NAME = "views.jsonl"
CHOSEN, PIXELS = "samples.json", "samples.png"
HANDFUL = 12


class View(Spec):
    """Answers on the validation images after an epoch.

    `confusion` has [class, answer, number of images] for each pair that occurs.
    """

    epoch: float
    confusion: tuple[tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt], ...]
    samples: tuple[tuple[float, ...], ...]  # probabilities [image of the handful][class]


@dataclass(frozen=True)
class Handful:
    """The images that are shown with every epoch's answers.

    Attributes:
        pixels: uint8 [n, height, width, channels].
        labels: their classes.
        names: where they come from.
    """

    pixels: NDArray[np.uint8]
    labels: tuple[int, ...]
    names: tuple[str, ...]


def choose(data: Dataset, rows: Indices) -> Indices:
    """Positions in `rows` of the handful: of all classes in turn, evenly spread over each."""
    labels = data.images.labels[rows]
    classes = np.unique(labels)
    if len(classes) > HANDFUL:
        classes = classes[np.linspace(0, len(classes) - 1, HANDFUL).round().astype(int)]
    each = -(-HANDFUL // len(classes))
    found: list[list[int]] = []
    for label in classes:
        places = np.flatnonzero(labels == label)
        picks = np.unique(np.linspace(0, len(places) - 1, each).round().astype(int))
        found.append(places[picks].tolist())
    turns = [place for turn in range(each) for mine in found for place in mine[turn : turn + 1]]
    return np.array(sorted(turns[:HANDFUL], key=lambda place: int(labels[place])), np.int64)


def keep(run: Run, data: Dataset, rows: Indices) -> None:
    """Keep the handful with the run, so that it can be shown without the set."""
    names, chosen = data.images.names, np.asarray(data.images.images[rows])
    picture = io.BytesIO()
    # one below the other; a gray image is one without a last axis to Pillow
    Image.fromarray(np.concatenate(chosen).squeeze()).save(picture, "PNG")
    files.write_bytes(run.folder / PIXELS, picture.getvalue())
    files.write_json(
        run.folder / CHOSEN,
        {
            "labels": data.images.labels[rows].tolist(),
            "names": [names[row] for row in rows] if names else [],
        },
    )


def handful(run: Run) -> Handful | None:
    """The images that were kept; None where there are none."""
    try:
        kept: dict[str, Any] = json.loads((run.folder / CHOSEN).read_bytes())
        labels, names = tuple(kept["labels"]), tuple(kept["names"])
        with Image.open(run.folder / PIXELS) as picture:
            pixels = np.asarray(picture)
        channels = pixels.shape[2] if pixels.ndim > 2 else 1
        shape = len(labels), -1, pixels.shape[1], channels
        return Handful(pixels.reshape(shape), labels, names)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read(run: Run) -> tuple[View, ...]:
    """The views of a run, by epoch; lines that make no sense are passed over."""
    found: dict[int, View] = {}  # a later line is of a sitting that went through it anew
    for line in files.read_json_lines(run.folder / NAME):
        try:
            view = View.model_validate(line)
        except ValidationError:
            continue
        found[math.ceil(view.epoch)] = view
    return tuple(found[number] for number in sorted(found))


def pairs(labels: NDArray[Any], answers: NDArray[Any], classes: int) -> list[list[int]]:
    """Confusion as [class, answer, number of images], of the pairs that occur."""
    counts = np.bincount(labels.astype(np.int64) * classes + answers, minlength=1)
    places = np.flatnonzero(counts)
    return [[int(at // classes), int(at % classes), int(counts[at])] for at in places]


def matrix(view: View, classes: int) -> NDArray[np.int64]:
    """Numbers of images [class, answer]."""
    made = np.zeros((classes, classes), np.int64)
    for label, answer, count in view.confusion:
        made[label, answer] = count
    return made
