"""Fetch one of keras.datasets into an npz: ``python -m core.data.download KERAS_NAME PATH``.

A process of its own, because importing Keras brings TensorFlow, which the app never imports.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np

from core.files import replacing


def main(keras_name: str, path: Path) -> None:
    """Download through Keras and write x_train, y_train, x_test, y_test to `path`."""
    module = importlib.import_module(f"keras.datasets.{keras_name}")
    (x_train, y_train), (x_test, y_test) = module.load_data()
    with replacing(path) as part:
        np.savez(part, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
