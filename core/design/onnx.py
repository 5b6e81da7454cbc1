"""A Keras model as an ONNX file, by tf2onnx."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

TOLERANCE = 1e-3  # largest difference of a class probability between Keras and ONNX


def convert(model: keras.Model, path: Path, example: NDArray[Any]) -> None:
    """Write the model as it predicts to `path`.

    Args:
        example: of its input, [n, ...]; the file takes any number of the same shape, or, where the
            model takes any, of any shape.

    Raises:
        ModelError: ONNX cannot express it.
        OSError: there is no room.
    """
    with _explained():
        _write(model, path, example)


def difference(model: keras.Model, path: Path, images: NDArray[np.uint8]) -> float:
    """The largest difference of a class probability between Keras and the file.

    Args:
        model: from uint8 images to probabilities.
        path: of the same in ONNX, for images of the size of these.

    Raises:
        ModelError: it is more than TOLERANCE, or onnxruntime cannot run the file.
    """
    import onnxruntime

    with _explained():
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        found = session.run(None, {session.get_inputs()[0].name: images})[0]
        wanted = np.asarray(model(images, training=False))
    apart = float(np.max(np.abs(np.asarray(found) - wanted)))
    if not apart <= TOLERANCE:
        raise ModelError(
            "The exported model does not agree with the trained one",
            expected=f"class probabilities that differ by at most {TOLERANCE}",
            received=f"a difference of {apart:.3g} on {len(images)} images",
            remedy="model.keras holds the trained model; please report this design",
        )
    return apart


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn whatever tf2onnx and onnxruntime raise into a ModelError."""
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ModelError(
            "The model cannot be exported for predicting",
            expected="layers that ONNX can express",
            received=(str(error).strip().splitlines() or [type(error).__name__])[0][:300],
            remedy="model.keras holds the trained model; please report this design",
        ) from error


def _write(model: keras.Model, path: Path, example: NDArray[Any]) -> None:
    from tf2onnx.handler import tf_op

    tf_op("Erfc")(_Complement)
    # Keras traces the call as if training where nothing says otherwise; an outer model with
    # training=False baked in exports batch normalization and dropout as they predict
    given = keras.Input(model.input_shape[1:], dtype=str(example.dtype), name="image")
    outer = keras.Model(given, model(given, training=False), name="layerwise")
    outer(example)
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf2onnx looks for np.object, which NumPy 2 warns about
        outer.export(str(path), format="onnx", verbose=False)


class _Complement:
    """1 - erf, which Keras's exact GELU is made of and tf2onnx does not know."""

    @classmethod
    def version_9(cls, graph: Any, node: Any, **_: Any) -> None:
        """Put other nodes in its place; ONNX has erf from its version 9 on."""
        from tf2onnx.utils import make_name

        shape, kind = graph.get_shape(node.output[0]), graph.get_dtype(node.output[0])
        graph.remove_node(node.name)
        one = graph.make_const(make_name("one"), np.ones((), np.float32))
        erf = graph.make_node("Erf", [node.input[0]], dtypes=[kind], shapes=[shape])
        graph.make_node(
            "Sub",
            [one.output[0], erf.output[0]],
            name=node.name,
            outputs=node.output,
            dtypes=[kind],
            shapes=[shape],
        )
