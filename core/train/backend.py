"""Start TensorFlow and Keras, once and without what training never uses."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

# Keras imports these if it finds them, for features that the worker has no use for. They cost 4 of
# the 10 seconds that the import takes on two cores (benchmarks/imports.py).
_UNUSED = ("sklearn", "matplotlib", "pandas", "scipy", "IPython")


def start() -> ModuleType:
    """Import Keras on TensorFlow and return it. Call this before any other import of either."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    hidden = [name for name in _UNUSED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        with _quiet():
            return importlib.import_module("keras")
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what TensorFlow's C++ libraries print while loading: it says nothing of this run.

    They write to the file descriptor before any log level applies. Python errors are not affected.
    """
    if "keras" in sys.modules:
        yield
        return
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
