"""A Keras model as an ONNX file, by tf2onnx."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def convert(model: keras.Model, path: Path, example: NDArray[Any]) -> None:
    """Write the model as it predicts to `path`; whatever tf2onnx raises goes through.

    Args:
        example: of its input, [n, ...]; the file takes any number of the same shape, or, where the
            model takes any, of any shape.
    """
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
