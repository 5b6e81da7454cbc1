"""One ONNX file of a backbone and of what comes behind it: from bytes to probabilities.

What is in front brings the images to the size that the backbone sees, as core.transfer.features does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from core.errors import ModelError

Shape = tuple[int, int, int]
_FRONT, _BACKBONE, _REST, _BACK = "front_", "backbone_", "rest_", "back_"


def join(
    backbone: Path | None, rest: Path, path: Path, *, shape: Shape, size: int, mirror: bool = False
) -> None:
    """Write the model that is made of them to `path`.

    Args:
        backbone: from pixels float32 [n, height, width, 3], 0 to 255, to features, its first output.
        rest: from features, float32, to probabilities [n, classes]; from pixels without a backbone.
        shape: height, width and channels of the images, which come as bytes.
        size: height and width at which the backbone sees them.
        mirror: average the probabilities of an image and of its mirror image.

    Raises:
        ModelError: the backbone's file is damaged.
    """
    end = compose.add_prefix(onnx.load(str(rest)), _REST)
    made = _front(shape, size, mirror, end)
    if backbone is not None:
        made = _chained(made, compose.add_prefix(_read(backbone), _BACKBONE))
    made = _chained(made, end)
    if mirror:
        made = _chained(made, _back(end, end))
    (told,) = made.graph.output
    classes = told.type.tensor_type.shape.dim[-1].dim_value
    made.graph.output[0].CopyFrom(
        helper.make_tensor_value_info(told.name, TensorProto.FLOAT, ("n", classes))
    )
    onnx.save(made, str(path))


def _read(path: Path) -> Any:
    """A whole model; raises ModelError."""
    try:
        found = onnx.load(str(path))
        onnx.checker.check_model(found)
        given, (told, *others) = found.graph.input, found.graph.output
        if others:  # what only they need is left out
            names = [one.name for one in given]
            found = onnx.utils.Extractor(found).extract_model(names, [told.name])
    except OSError:
        raise
    except Exception as error:  # protobuf and onnx have errors of their own
        raise ModelError(
            f"The file {path.name} cannot be read",
            expected=f"a whole ONNX model at {path}",
            received=(str(error).strip().splitlines() or [type(error).__name__])[0][:200],
            remedy=f"Delete {path}, so that it is made again",
        ) from error
    return found


def _chained(first: Any, second: Any) -> Any:
    pairs = [(first.graph.output[0].name, second.graph.input[0].name)]
    return compose.merge_models(first, second, io_map=pairs)


def _front(shape: Shape, size: int, mirror: bool, like: Any) -> Any:
    """From bytes to the pixels that the backbone takes; with mirror images behind the images."""
    nodes = [helper.make_node("Cast", ["image"], ["pixels_0"], to=TensorProto.FLOAT)]
    constants = []
    if size != shape[0]:
        nodes += [
            helper.make_node("Transpose", ["pixels_0"], ["channels"], perm=(0, 3, 1, 2)),
            helper.make_node(
                "Resize",
                ["channels", "", "scales"],
                ["larger"],
                mode="linear",
                coordinate_transformation_mode="half_pixel",
            ),
            helper.make_node("Transpose", ["larger"], ["pixels_1"], perm=(0, 2, 3, 1)),
        ]
        scales = np.array([1, 1, size / shape[0], size / shape[1]], np.float32)
        # what comes out is rounded down: a hair more, so that it is not a pixel less
        scales[2:] = np.nextafter(scales[2:], np.float32(np.inf))
        constants.append(numpy_helper.from_array(scales, "scales"))
    last = nodes[-1].output[0]
    if mirror:
        for name, value in (("start", -1), ("end", -(2**31)), ("axis", 2), ("step", -1)):
            constants.append(numpy_helper.from_array(np.array([value], np.int64), name))
        nodes += [
            helper.make_node("Slice", [last, "start", "end", "axis", "step"], ["mirrored"]),
            helper.make_node("Concat", [last, "mirrored"], ["pixels_2"], axis=0),
        ]
        last = "pixels_2"
    given = helper.make_tensor_value_info("image", TensorProto.UINT8, ("n", *shape))
    told = helper.make_tensor_value_info(last, TensorProto.FLOAT, (None, size, size, 3))
    graph = helper.make_graph(nodes, "front", [given], [told], constants)
    made = _model(graph, like)
    return compose.add_prefix(made, _FRONT, rename_inputs=False)


def _back(before: Any, like: Any) -> Any:
    """The mean of the first half of the probabilities and of the second."""
    classes = before.graph.output[0].type.tensor_type.shape.dim[-1].dim_value
    shape = numpy_helper.from_array(np.array([2, -1, classes], np.int64), "halves")
    nodes = [
        helper.make_node("Reshape", ["all", "halves"], ["pairs"]),
        helper.make_node("ReduceMean", ["pairs"], ["mean"], axes=(0,), keepdims=0),
    ]
    given = helper.make_tensor_value_info("all", TensorProto.FLOAT, (None, classes))
    told = helper.make_tensor_value_info("mean", TensorProto.FLOAT, (None, classes))
    graph = helper.make_graph(nodes, "back", [given], [told], [shape])
    return compose.add_prefix(_model(graph, like), _BACK)


def _model(graph: Any, like: Any) -> Any:
    """A model of the same versions as another one."""
    versions = [helper.make_opsetid(item.domain, item.version) for item in like.opset_import]
    return helper.make_model(graph, opset_imports=versions, ir_version=like.ir_version)
