"""The weights in a model.keras file, read without TensorFlow.

The file is a zip of config.json, the layers in their order, and model.weights.h5. In the latter a
layer goes by its class and a count in that order: layers/conv2d, layers/conv2d_1 (keras.src.saving).
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from core.design.operations import Values
from core.errors import ModelError

# what a file can make zipfile, json and h5py raise
_DAMAGE = (
    AttributeError, EOFError, KeyError, LookupError, NotImplementedError, OSError, RuntimeError,
    TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read(run_folder: Path) -> dict[str, tuple[Values, ...]]:
    """Each layer's weights by the layer's name, in the order of Keras; () for those without.

    Raises:
        ModelError: there is no model.keras, or it cannot be read.
    """
    path = run_folder / "model.keras"
    try:
        content = path.read_bytes()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise ModelError(
            f"The run {run_folder.name} has no saved weights",
            expected=f"model.keras in {run_folder}",
            received="no such file" if missing else str(error)[:200],
            remedy="It is there after the first epoch; choose another run, or train this one again",
        ) from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            config = json.loads(archive.read("config.json"))
            weights = archive.read("model.weights.h5")  # whole, so that its checksum is checked
        return _arrays(_groups(config), weights)
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise ModelError(
            f"The model of the run {run_folder.name} cannot be read",
            expected=f"a whole model.keras in {run_folder}",
            received=f"a file of {len(content):,} bytes: {type(error).__name__}: {reason}",
            remedy="Train the run again, or put the whole file back",
        ) from error


def _groups(config: dict[str, Any]) -> dict[str, str]:
    """Each layer's name and the name of its group in the weights."""
    counts: dict[str, int] = {}
    groups: dict[str, str] = {}
    for layer in config["config"]["layers"]:
        kind = _snake_case(layer["class_name"])
        number = counts[kind] = counts.get(kind, -1) + 1
        groups[layer["config"]["name"]] = f"{kind}_{number}" if number else kind
    return groups


def _snake_case(name: str) -> str:
    """As keras.src.utils.naming does it: Conv2D is conv2d, BatchNormalization gets a line."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _arrays(groups: dict[str, str], content: bytes) -> dict[str, tuple[Values, ...]]:
    import h5py  # type: ignore[import-untyped]  # here, since it takes 50 ms

    with h5py.File(io.BytesIO(content), "r") as file:
        layers = file["layers"]
        found: dict[str, tuple[Values, ...]] = {}
        for name, group in groups.items():
            stored = layers[group].get("vars", {}) if group in layers else {}
            numbers = range(len(stored))
            found[name] = tuple(np.asarray(stored[str(i)], np.float32) for i in numbers)
    return found
