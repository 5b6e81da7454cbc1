"""A backbone and what comes behind it are one ONNX file, which does what both do by turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from scipy.special import softmax

from core.transfer.joined import join

CLASSES, OPSET = 5, 15
RNG = np.random.default_rng(0)
# an image's features are sines of sums of its pixels, so that each pixel and its place matter
SIDES = (8, 12, 20)
KERNELS = {side: RNG.normal(0, 1e-3, (side * side * 3, 7)).astype(np.float32) for side in SIDES}
WEIGHTS = RNG.normal(0, 2, (7, CLASSES)).astype(np.float32)
BIASES = RNG.normal(0, 1, CLASSES).astype(np.float32)


def write(path: Path, nodes: list[Any], given: Any, told: Any, **constants: np.ndarray) -> Path:
    """A model of these nodes."""
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, path.stem, [given], [told], tensors)
    opsets = [helper.make_opsetid("", OPSET)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(path))
    return path


def backbone(folder: Path, size: int) -> Path:
    """From pixels to features."""
    return write(
        folder / "backbone.onnx",
        [
            helper.make_node("Flatten", ["pixels"], ["row"]),
            helper.make_node("MatMul", ["row", "kernel"], ["sums"]),
            helper.make_node("Sin", ["sums"], ["features"]),
        ],
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ("n", None, None, 3)),
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ("n", 7)),
        kernel=KERNELS[size],
    )


def rest(folder: Path) -> Path:
    """From features to probabilities."""
    return write(
        folder / "rest.onnx",
        [
            helper.make_node("Gemm", ["features", "weights", "biases"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["chances"], axis=1),
        ],
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ("n", 7)),
        helper.make_tensor_value_info("chances", TensorProto.FLOAT, ("n", CLASSES)),
        weights=WEIGHTS,
        biases=BIASES,
    )


def joined(folder: Path, side: int, size: int, mirror: bool) -> onnxruntime.InferenceSession:
    """The two, for images of `side` pixels that the backbone sees at `size`."""
    path = folder / "joined.onnx"
    shape = (side, side, 3)
    join(backbone(folder, size), rest(folder), path, shape=shape, size=size, mirror=mirror)
    onnx.checker.check_model(onnx.load(str(path)))
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def by_hand(images: np.ndarray, size: int) -> np.ndarray:
    """The probabilities, in NumPy; Pillow enlarges each channel in floats."""
    pixels = images.astype(np.float32)
    if images.shape[1] != size:
        planes = np.moveaxis(pixels, 3, 1).reshape(-1, *images.shape[1:3])
        large = [
            np.asarray(Image.fromarray(plane).resize((size, size), Image.Resampling.BILINEAR))
            for plane in planes
        ]
        pixels = np.moveaxis(np.reshape(large, (len(images), 3, size, size)), 1, 3)
    features = np.sin(pixels.reshape(len(images), -1) @ KERNELS[size])
    return np.asarray(softmax(features @ WEIGHTS + BIASES, axis=1))


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize(("side", "size"), [(8, 8), (8, 12), (8, 20)])
def test_it_is_one_after_the_other(
    tmp_path: Path, side: int, size: int, mirror: bool, count: int
) -> None:
    """With and without enlarging, with and without mirror images, for any number of images."""
    images = np.random.default_rng(count).integers(0, 256, (count, side, side, 3), np.uint8)
    (found,) = joined(tmp_path, side, size, mirror).run(None, {"image": images})
    wanted = by_hand(images, size)
    if mirror:
        other = by_hand(images[:, :, ::-1], size)
        assert np.abs(wanted - other).max() > 0.01  # else it would say nothing
        wanted = (wanted + other) / 2
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("mirror", [False, True])
def test_it_takes_bytes(tmp_path: Path, mirror: bool) -> None:
    """Any number of images of the working size, and gives float probabilities of all classes."""
    session = joined(tmp_path, 8, 12, mirror)
    (given,), (told,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type) == ("image", "tensor(uint8)")
    assert given.shape == ["n", 8, 8, 3]
    assert told.type == "tensor(float)"
    assert told.shape == ["n", CLASSES]


@pytest.mark.parametrize(("side", "size"), [(23, 224), (41, 64), (88, 416), (184, 224)])
def test_enlarged_to_exactly_that_size(tmp_path: Path, side: int, size: int) -> None:
    """The backbone sees images of the size that its features were computed at."""
    measuring = write(
        tmp_path / "backbone.onnx",
        [
            helper.make_node("Shape", ["pixels"], ["shape"]),
            helper.make_node("Cast", ["shape"], ["sides"], to=TensorProto.FLOAT),
            helper.make_node("Reshape", ["sides", "row"], ["features"]),
        ],
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ("n", None, None, 3)),
        helper.make_tensor_value_info("features", TensorProto.FLOAT, (1, 4)),
        row=np.array([1, 4]),
    )
    passing = write(
        tmp_path / "rest.onnx",
        [helper.make_node("Identity", ["features"], ["chances"])],
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ("n", 4)),
        helper.make_tensor_value_info("chances", TensorProto.FLOAT, ("n", 4)),
    )
    path = tmp_path / "joined.onnx"
    join(measuring, passing, path, shape=(side, side, 3), size=size)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": np.zeros((2, side, side, 3), np.uint8)})
    assert found.tolist() == [[2, size, size, 3]]


@pytest.mark.parametrize("size", [8, 12])
def test_without_a_backbone(tmp_path: Path, size: int) -> None:
    """What takes pixels itself is given them, at the size that it sees."""
    path = tmp_path / "joined.onnx"
    alone = write(
        tmp_path / "rest.onnx",
        [
            helper.make_node("Flatten", ["pixels"], ["row"]),
            helper.make_node("MatMul", ["row", "kernel"], ["sums"]),
            helper.make_node("Sin", ["sums"], ["features"]),
            helper.make_node("Gemm", ["features", "weights", "biases"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["chances"], axis=1),
        ],
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ("n", size, size, 3)),
        helper.make_tensor_value_info("chances", TensorProto.FLOAT, ("n", CLASSES)),
        kernel=KERNELS[size],
        weights=WEIGHTS,
        biases=BIASES,
    )
    join(None, alone, path, shape=(8, 8, 3), size=size)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    (found,) = session.run(None, {"image": images})
    np.testing.assert_allclose(found, by_hand(images, size), atol=1e-4)


def test_a_backbone_of_several_outputs(tmp_path: Path) -> None:
    """Its first is what the rest takes; what only the others need is left out."""
    path = tmp_path / "joined.onnx"
    two = onnx.load(str(backbone(tmp_path, 8)))
    two.graph.node.append(helper.make_node("Exp", ["features"], ["others"]))
    two.graph.output.append(helper.make_tensor_value_info("others", TensorProto.FLOAT, ("n", 7)))
    onnx.save(two, str(tmp_path / "two.onnx"))
    join(tmp_path / "two.onnx", rest(tmp_path), path, shape=(8, 8, 3), size=8)
    assert not [node for node in onnx.load(str(path)).graph.node if node.op_type == "Exp"]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    (found,) = session.run(None, {"image": images})
    np.testing.assert_allclose(found, by_hand(images, 8), atol=1e-4)
