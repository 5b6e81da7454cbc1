"""Tests that a design's weights are those with which Keras starts, or those a run has learned."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import workspace
from core.design.analysis import Analysis, analyse
from core.design.forward import forward
from core.design.presets import PRESETS, Preset, preset
from core.design.weights import expected, initial, trained
from core.errors import ModelError
from core.runs.run import Run
from core.specs import (
    Activation,
    BatchNormalization,
    Bottleneck,
    Conv2D,
    ConvBlock,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GroupNormalization,
    InceptionBlock,
    Input,
    InvertedResidual,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    SeparableConv2D,
    SqueezeExcitation,
)

EVERYTHING: tuple[Layer, ...] = (
    Input(),
    Conv2D(filters=64, kernel_size=5, padding="same"),
    DepthwiseConv2D(kernel_size=7, depth_multiplier=4, padding="same"),
    Conv2D(filters=32, kernel_size=1, use_bias=False),
    SeparableConv2D(filters=48, kernel_size=5, depth_multiplier=2, padding="same"),
    MaxPooling2D(),
    BatchNormalization(),
    LayerNormalization(),
    GroupNormalization(),
    ConvBlock(filters=32),
    ResidualBlock(filters=40, strides=2, normalization="group"),
    Bottleneck(filters=64, normalization="layer"),
    InvertedResidual(filters=16, normalization="none"),
    Dropout(),
    SqueezeExcitation(reduction=2),
    DenseBlock(repeat=2),
    InceptionBlock(filters=32),
    Flatten(),
    Dense(units=200),
    Dense(units=100, use_bias=False),
    Activation(),
    Output(),
)


def analysed(*layers: Layer) -> Analysis:
    """A design of these layers, for images of 12 × 12 pixels and 3 classes."""
    return analyse(ModelSpec(name="mine", layers=layers), (12, 12, 3), 3)


def built(analysis: Analysis, **options: Any) -> Any:
    """The Keras model of a design."""
    from core.train import backend

    backend.start()
    from core.design.build import build

    return build(analysis.model, analysis.shape, analysis.classes, **options)


def count(analysis: Analysis) -> list[int]:
    """The number of numbers that each node's weights should have."""
    found = expected(analysis)
    return [
        sum(math.prod(weight.shape) for weight in found.get(node.name, ()))
        for node in analysis.nodes
    ]


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_presets_have_their_parameters(item: Preset) -> None:
    """The weights of each layer are as many numbers as the design's table says."""
    analysis = analyse(item.model, (32, 32, 3), 10)
    assert count(analysis) == [node.parameters for node in analysis.nodes]


def test_every_layer_has_its_parameters() -> None:
    """The same for a design with every kind of layer that has weights."""
    analysis = analysed(*EVERYTHING)
    assert count(analysis) == [node.parameters for node in analysis.nodes]
    assert set(expected(analysis)) == {node.name for node in analysis.nodes if node.parameters}


@pytest.mark.tensorflow
def test_starts_like_keras() -> None:
    """Initial weights have the shapes, the bounds and the spread of those that Keras draws."""
    analysis = analysed(*EVERYTHING)
    model = built(analysis)
    start = initial(analysis, 3)
    compared = 0
    for name, ours in start.items():
        theirs = model.get_layer(name).get_weights()
        assert [array.shape for array in ours] == [array.shape for array in theirs], name
        for mine, wanted in zip(ours, theirs, strict=True):
            assert mine.dtype == np.float32
            if mine.ndim == 1:  # zeros and ones
                assert (mine == wanted).all(), name
                continue
            limit = math.sqrt(3) * wanted.std()  # of a uniform distribution with that deviation
            slack = 6 / math.sqrt(mine.size)
            assert np.abs(mine).max() <= limit * (1 + slack), name
            assert np.abs(mine).max() >= limit * (1 - slack) * (1 - 20 / mine.size), name
            assert mine.std() == pytest.approx(wanted.std(), rel=slack), name
            assert abs(mine.mean()) <= 6 * mine.std() / math.sqrt(mine.size), name
            compared += mine.size > 2000  # where 6 deviations are within 14%
    assert compared >= 8


def test_glorot_bounds() -> None:
    """Kernels are uniform within Glorot's limit: the window counts for both of its fans."""
    start = initial(analysed(*EVERYTHING))
    for name, number, inputs, outputs in (
        ("conv2d_1", 0, 25 * 3, 25 * 64),
        ("depthwise_conv2d_1", 0, 49 * 64, 49 * 4),
        ("separable_conv2d_1", 0, 25 * 32, 25 * 2),
        ("separable_conv2d_1", 1, 64, 48),
        ("dense_2", 0, 200, 100),
    ):
        limit = math.sqrt(6 / (inputs + outputs))
        kernel = start[name][number]
        assert limit * 0.98 < np.abs(kernel).max() <= limit, name
        assert kernel.std() == pytest.approx(limit / math.sqrt(3), rel=0.05), name


def test_seeds() -> None:
    """A seed gives the same weights every time, and another one others."""
    analysis = analysed(*EVERYTHING)
    one, same, other = initial(analysis, 1), initial(analysis, 1), initial(analysis, 2)
    for name in one:
        assert all((a == b).all() for a, b in zip(one[name], same[name], strict=True))
        assert all((a == b).all() for a, b in zip(one[name], one[name], strict=True))
    assert (one["conv2d_1"][0] != other["conv2d_1"][0]).all()


def test_layers_differ() -> None:
    """Two layers of the same shape start with different weights."""
    start = initial(analysed(Input(), Flatten(), *[Dense(units=9)] * 3, Output()))
    assert (start["dense_2"][0] != start["dense_3"][0]).all()


def test_edits_elsewhere() -> None:
    """A layer keeps its initial weights when others are changed, added behind it or removed."""
    before = initial(analysed(Input(), Conv2D(), Conv2D(), Flatten(), Output()))
    after = initial(analysed(Input(), Conv2D(), Conv2D(filters=5), Activation(), Dropout()))
    assert (before["conv2d_1"][0] == after["conv2d_1"][0]).all()


def test_mapping() -> None:
    """The initial weights are a mapping of the nodes with weights; others have none."""
    start = initial(analysed(Input(), Conv2D(), Flatten(), Output()))
    assert list(start) == ["conv2d_1", "output_1"]
    assert len(start) == 2
    assert "flatten_1" not in start
    with pytest.raises(KeyError):
        start["flatten_1"]


def test_nothing_is_drawn_too_early() -> None:
    """A layer of gigabytes costs nothing until its weights are asked for."""
    huge = analysed(Input(), Flatten(), *[Dense(units=65536)] * 9, Output())
    assert len(initial(huge)) == 10


@pytest.mark.tensorflow
@pytest.mark.parametrize("mirror", [False, True])
def test_trained_as_keras(tmp_path: Path, mirror: bool) -> None:
    """Weights read from a file that Keras saved are those of the model, for every kind of layer."""
    analysis = analysed(*EVERYTHING)
    model = built(analysis, resize="pad", mirror=mirror)
    random = np.random.default_rng(0)
    model.set_weights([random.random(array.shape, np.float32) for array in model.get_weights()])
    model.save(tmp_path / "model.keras")
    found = trained(tmp_path, analysis)
    assert list(found) == list(expected(analysis))
    for name, arrays in found.items():
        wanted = model.get_layer(name).get_weights()
        assert all((a == b).all() for a, b in zip(arrays, wanted, strict=True)), name


@pytest.mark.tensorflow
def test_trained_run(trained_run: Run) -> None:
    """With a run's weights, a design gives each photo the probabilities that the run predicts."""
    from core.data.dataset import load
    from core.predict.classifier import Classifier

    spec = trained_run.spec
    data = load(spec.data)
    analysis = analyse(spec.model, data.shape, len(data.classes))
    weights = trained(trained_run.folder, analysis)
    images = np.asarray(data.images.images[::6])
    for image, wanted in zip(images, Classifier(trained_run).classify(images), strict=True):
        found = forward(analysis, weights, image)["output_1"]
        assert np.allclose(found, wanted.probabilities, atol=1e-5)


def refusal(folder: Path, analysis: Analysis) -> ModelError:
    """The error with which a run's weights are refused; every part of it is filled in."""
    with pytest.raises(ModelError) as caught:
        trained(folder, analysis)
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.remedy
    return caught.value


STARTER = preset("starter").model


def starter(**changes: Any) -> Analysis:
    """The starter design, as the trained run has it but for the changes."""
    return analyse(**{"model": STARTER, "shape": (24, 24, 3), "classes": 3, **changes})


@pytest.mark.tensorflow
def test_foreign_designs(trained_run: Run) -> None:
    """Weights of another design, image size or number of classes are refused with both shapes."""
    folder = trained_run.folder
    assert trained(folder, starter())
    error = refusal(folder, starter(classes=4))
    assert error.expected == "weights 2,304 × 4 and 4 for output_1"
    assert error.received.startswith("weights 2,304 × 3 and 3, in ")
    assert "flatten" not in refusal(folder, starter(shape=(32, 32, 3))).expected
    error = refusal(folder, starter(model=preset("keras-cifar10").model))
    assert "for conv2d_2" in error.expected
    error = refusal(folder, starter(model=preset("resnet-mini").model))
    assert error.received.startswith("no weights of that name")


@pytest.mark.tensorflow
def test_layers_left_out(trained_run: Run) -> None:
    """A design without some of the run's layers is another one, even if all it has would fit."""
    layers = tuple(layer for layer in STARTER.layers if layer.KIND != "output")
    analysis = starter(model=ModelSpec(name="mine", layers=layers))
    assert list(trained(trained_run.folder, analysis)) == ["conv2d_1", "conv2d_2"]  # has an error
    shorter = ModelSpec(name="mine", layers=(*layers[:3], Flatten(), Output()))
    error = refusal(trained_run.folder, starter(model=shorter, shape=(16, 18, 3)))
    assert error.expected == "the 2 layers with weights that the design has, and no others"
    assert error.received.startswith("conv2d_2 too, in ")


@pytest.mark.tensorflow
def test_curves_may_change(trained_run: Run) -> None:
    """A run's weights can be looked at in a design with other curves, dropout and poolings."""
    layers = [
        layer.changed(activation="tanh") if isinstance(layer, Conv2D) else layer
        for layer in STARTER.layers
    ]
    model = ModelSpec(name="mine", layers=(*layers[:3], Dropout(), *layers[3:]))
    assert trained(trained_run.folder, starter(model=model))


@pytest.mark.tensorflow
def test_damaged(trained_run: Run, tmp_path: Path) -> None:
    """A real model.keras that is cut off anywhere, or missing, is refused with a clear error."""
    content = (trained_run.folder / "model.keras").read_bytes()
    for share in (0.0, 0.1, 0.5, 0.9, 0.999):
        (tmp_path / "model.keras").write_bytes(content[: int(len(content) * share)])
        assert "cannot be read" in refusal(tmp_path, starter()).what
    (tmp_path / "model.keras").unlink()
    assert refusal(tmp_path, starter()).received == "no such file"


@pytest.mark.tensorflow
def test_flipped_bits(trained_run: Run, tmp_path: Path) -> None:
    """A model.keras with a changed byte in its weights is refused, not shown as if it were whole."""
    path = tmp_path / "model.keras"
    shutil.copy(trained_run.folder / "model.keras", path)
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("model.weights.h5")
    content = bytearray(path.read_bytes())
    content[member.header_offset + member.file_size // 2] ^= 0xFF
    path.write_bytes(content)
    assert "CRC" in refusal(tmp_path, starter()).received


@pytest.mark.tensorflow
def test_without_tensorflow(trained_run: Run) -> None:
    """Reading a run's weights brings neither TensorFlow nor Keras."""
    code = f"""if True:
        import sys
        from pathlib import Path
        from core.design import analysis, presets, weights
        found = analysis.analyse(presets.preset("starter").model, (24, 24, 3), 3)
        assert weights.trained(Path({str(trained_run.folder)!r}), found)
        assert not {{"tensorflow", "keras", "scipy"}} & set(sys.modules)
        """
    subprocess.run([sys.executable, "-c", code], cwd=workspace.CHECKOUT, check=True)
