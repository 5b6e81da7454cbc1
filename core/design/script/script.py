"""A design, its images and its training as one Python script that needs nothing of Layerwise."""

from __future__ import annotations

import importlib.metadata
import re
from contextlib import suppress
from pathlib import Path

from core import workspace
from core.design.analysis import table
from core.design.script import settings, twins
from core.design.script.calls import WIDTH, literal, statement
from core.design.script.images import (
    FOLDER_CONSTANTS,
    array_functions,
    array_set,
    folder_functions,
    hashed,
)
from core.design.script.network import network
from core.design.script.training import (
    batches,
    main_function,
    mirrored_class,
    split_functions,
    whiten_function,
)
from core.design.whitening import names
from core.errors import SpecError
from core.specs import AugmentSpec, Backbone, DataSpec, ModelSpec, TrainSpec

_PACKAGES = ("tensorflow", "keras", "numpy", "pillow")


def script(
    model: ModelSpec,
    data: DataSpec,
    train: TrainSpec,
    augment: AugmentSpec | None = None,
    *,
    shape: tuple[int, int, int],
    classes: tuple[str, ...],
) -> str:
    """A Keras script that trains this design on these images as core.train does.

    First weights, split, order of the images and choice of the best epoch are the same; random numbers
    of dropout and augmentation are others, and batch normalization sees whole batches. It needs
    TensorFlow, Pillow and the images alone: a folder, or a published set that Keras can download.

    Args:
        shape: height, width and channels at which `data` is worked on.
        classes: names of the classes of `data`.

    Raises:
        SpecError: the layers do not fit together.
    """
    augment = augment or AugmentSpec()
    arrays = array_set(data)
    rows = table(model, shape, len(classes))
    for row in rows:
        if row.nodes and isinstance(row.layer, Backbone):
            raise SpecError(
                "A design with a pretrained network cannot be written as a script yet",
                expected="layers that a script can make anew",
                received=f"{row.position}, whose weights are not in a script",
                remedy="Train it, and take model.keras from the run's folder: it has all of it",
            )
    whiten = bool(names(rows))
    own_test = arrays is not None and data.parts == "own"
    functions = [
        *network(rows),
        *(array_functions(arrays, data.fit, shape) if arrays else folder_functions(data, shape)),
        *(twins.functions() if hashed(data) else []),
        *split_functions(own_test=own_test, part=train.train_share < 1.0),
        *settings.functions(train, augment),
        *([whiten_function()] if whiten else []),
        *([mirrored_class()] if augment.mirror else []),
        batches(augment, shuffle=train.shuffle),
        main_function(
            train,
            shape,
            own_classes=arrays is not None,
            whiten=whiten,
            mirror=augment.mirror,
            drawn=data.parts == "drawn",
            near_twins=hashed(data),
        ),
    ]
    constants = _constants(data, train, shape, classes)
    code = "\n\n\n".join([constants, *functions])
    return f"{_docstring(model, data)}\n\n{_imports(code)}\n\n{code}\n"


def _docstring(model: ModelSpec, data: DataSpec) -> str:
    """What the script is, what it needs and how it is run."""
    arrays = array_set(data)
    lines = [
        f'"""Train the design {model.name} on {arrays.title if arrays else "a folder of images"}, with Keras alone.',
        "",
        "Written by Layerwise, to do what its own training does: the same network and first weights,",
        "the same split and order of the images, the epoch with the lowest validation loss.",
        "",
        f"    pip install {' '.join(map(_requirement, _PACKAGES))}",
        f"    python train.py [{'FILE.npz' if arrays else 'FOLDER'}]",
    ]
    if data.source == "sketches":
        lines += ["", "Layerwise draws the images: python -m core data export sketches FOLDER"]
    return "\n".join([*lines, '"""'])


def _requirement(name: str) -> str:
    """A package at the version that is installed here: others may draw other first weights."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return f"{name}=={importlib.metadata.version(name).partition('+')[0]}"
    return name


def _constants(
    data: DataSpec, train: TrainSpec, shape: tuple[int, int, int], classes: tuple[str, ...]
) -> str:
    """What a person may want to change, then what the functions share."""
    arrays = array_set(data)
    what = "the set, if the file exists" if arrays else "the images, in a folder for each class"
    test_share = f"TEST_SHARE = {data.test_share}  # where the images bring no test of their own"
    lines = [
        f"# {what}; an argument on the command line replaces it",
        *statement("DATA = ", "Path", [literal(str(_place(data)))], "", indent=0),
        f"SIZE = {shape[0]}  # height and width of the images in the network, in pixels",
        f"CHANNELS = {shape[2]}",
        *([] if arrays and data.parts == "own" else [test_share]),
        f"VALIDATION_SHARE = {train.validation_share}  # of what is not for the test",
        *([f"TRAIN_SHARE = {train.train_share}"] if train.train_share < 1.0 else []),
        f"SPLIT_SEED = {data.split_seed}",
        "",
        f"EPOCHS = {train.epochs}",
        f"BATCH_SIZE = {train.batch_size}",
        f"LEARNING_RATE = {train.learning_rate}",
        *([f"LABEL_SMOOTHING = {train.label_smoothing}"] if train.label_smoothing else []),
        f"PATIENCE = {train.patience or 'EPOCHS'}"
        "  # epochs in a row without a lower validation loss, after which it stops",
        f"SEED = {train.seed}",
        "",
        "TRAIN, VALIDATION, TEST = range(3)",
        _list("CLASSES", classes) if arrays else FOLDER_CONSTANTS,
    ]
    return "\n".join(lines)


def _place(data: DataSpec) -> Path:
    """Where the images are; the built-in drawings have to be exported to a folder first."""
    if data.source == "sketches":
        return Path("sketches")
    if arrays := array_set(data):
        return arrays.path
    return workspace.datasets_folder() / data.source  # an absolute path stays what it is


def _list(name: str, items: tuple[str, ...]) -> str:
    texts = [literal(item) for item in items]
    whole = f"{name} = [{', '.join(texts)}]"
    if len(whole) <= WIDTH:
        return whole
    return "\n".join([f"{name} = [", *(f"    {text}," for text in texts), "]"])


def _imports(code: str) -> str:
    """The imports that the code needs, in the order that linters like."""

    def used(start: str, *names: str) -> list[str]:
        found = [name for name in names if re.search(rf"\b{name}[.(]", code)]
        if start == "import":
            return [f"import {name}" for name in found]
        return [f"{start} import {', '.join(found)}"] if found else []

    own = used("import", "hashlib", "math", "os", "sys")
    own += used("from collections", "Counter", "defaultdict")
    others = ["import keras", "import numpy as np"]
    others += ["import tensorflow as tf"] if re.search(r"\btf\.", code) else []
    others += used("from keras", "constraints", "layers", "regularizers")
    others += used("from PIL", "Image", "ImageOps")
    return "\n".join([*own, "from pathlib import Path", "", *others])
