"""model.keras -> model.onnx, checked against Keras: ``python -m core.train.export RUN_FOLDER``.

The worker calls `export_onnx` when a run ends. The command is the short worker that does it later
for a run that was lost.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import AppError, ModelError, storing
from core.train import backend

CHECKED_IMAGES = 32

keras = backend.start()

from core.design import onnx  # noqa: E402 - after TensorFlow's settings


def export_onnx(model: Any, path: Path, images: NDArray[np.uint8]) -> float:
    """Write `model` as ONNX to `path`, atomically, once it agrees with Keras on `images`.

    Args:
        images: uint8 [n, height, width, channels].

    Returns:
        The largest difference of a class probability.

    Raises:
        ModelError: the exported model differs by more than onnx.TOLERANCE, or cannot be exported.
        StorageError: the disk is full or the folder is gone.
    """
    with storing(path, "save the model for predicting"), files.replacing(path) as part:
        onnx.convert(_without_resizing(model), part, images[:1])
        return onnx.difference(model, part, images)


def _without_resizing(model: Any) -> Any:
    """The part of a model after its resizing, which ONNX cannot express.

    Whoever predicts with ONNX brings images to the model's size first, as core.data.decode does; an
    image of another size is refused.
    """
    if all(layer.name != "resize" for layer in model.layers):
        return model
    return keras.Model(model.get_layer("resize").output, model.output)


def main(folder: Path) -> None:
    """Export a run's model.keras, checking it on random images; raises ModelError."""
    path = folder / "model.keras"
    try:
        age = path.stat()
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        size = path.stat().st_size if path.exists() else 0
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ModelError(
            f"The model of the run {folder.name} cannot be read",
            expected=f"a whole model.keras in {folder}",
            received=f"a file of {size:,} bytes: {reason}",
            remedy="Train the run again, or put the whole file back",
        ) from error
    labels = json.loads((folder / "labels.json").read_bytes())
    shape = (CHECKED_IMAGES, labels["size"], labels["size"], labels["channels"])
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    exported = folder / "model.onnx"
    export_onnx(model, exported, images)
    # as old as what it was made from, so that a model.keras saved meanwhile is seen to be newer
    os.utime(exported, ns=(age.st_atime_ns, age.st_mtime_ns))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except AppError as error:
        print(json.dumps(error.to_dict()))
        sys.exit(error.exit_code)
