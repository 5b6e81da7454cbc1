"""What is said of a pretrained network is so of the network that is built."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.design.analysis import analyse
from core.design.backbones import BACKBONES, Facts, facts, used
from core.design.shapes import effect
from core.specs import Backbone, GlobalAveragePooling2D, Input, ModelSpec, Output, choices

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def network() -> Any:
    """EfficientNet-Lite0 with its weights, from scaled images to maps."""
    from core.transfer import lite0

    return lite0.build()


@pytest.fixture(scope="module")
def known() -> Facts:
    """What is said of it."""
    return facts(Backbone(network="efficientnet_lite0"))


def multiply_adds(network: Any, size: int) -> int:
    """Of all convolutions, for one image of that height and width."""
    import keras

    total = 0
    sized = keras.models.clone_model(network, input_tensors=keras.Input((size, size, 3)))
    for layer in sized.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            _, height, width, _ = layer.output.shape
            total += height * width * math.prod(layer.kernel.shape)
    return total


def test_all_networks_are_known() -> None:
    """Those that a layer can name, by a title that the layer's form has too."""
    field = Backbone.model_fields["network"]
    assert set(BACKBONES) == set(choices(field))
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    assert extra["labels"] == {name: one.title for name, one in BACKBONES.items()}


def test_parameters(network: Any, known: Facts) -> None:
    """All of its numbers, learned or kept; training changes none of them."""
    assert network.count_params() == known.parameters
    made = effect(Backbone(), ((224, 224, 3),), 10)
    assert made.parameters == made.fixed == known.parameters


@pytest.mark.parametrize("size", [(32, 32), (33, 65), (64, 64), (97, 31), (100, 128), (1, 1)])
def test_maps(network: Any, known: Facts, size: tuple[int, int]) -> None:
    """Height, width and channels, at even and uneven sizes."""
    wanted = network(np.zeros((1, *size, 3), np.float32), training=False).shape[1:]
    assert effect(Backbone(), ((*size, 3),), 10).shape == tuple(wanted)
    assert wanted[-1] == known.channels
    assert wanted[0] == -(-size[0] // known.stride)


@pytest.mark.parametrize(("side", "enlarge"), [(28, 64), (32, 96), (64, 64)])
def test_enlarged_maps(network: Any, side: int, enlarge: int) -> None:
    """Shape and cost are those of the images once they are enlarged."""
    found = effect(Backbone(enlarge=enlarge), ((side, side, 3),), 10)
    whole = effect(Backbone(), ((enlarge, enlarge, 3),), 10)
    # a pixel before was several after it
    assert found.window == -(-whole.window * side // enlarge)
    assert replace(found, window=whole.window, step=whole.step) == whole
    wanted = network(np.zeros((1, enlarge, enlarge, 3), np.float32), training=False).shape[1:]
    assert found.shape == tuple(wanted)


def test_reach(network: Any) -> None:
    """What one place of a map depends on, from the kernels and strides of the layers in their way."""
    reach, step = 1, 1
    for layer in network.layers:
        if hasattr(layer, "kernel_size"):
            reach += (layer.kernel_size[0] - 1) * step
            step *= layer.strides[0]
    known = facts(Backbone())
    assert (reach, step) == (known.reach, known.stride)


@pytest.mark.parametrize("size", [64, 96, 224])
def test_cost(network: Any, size: int) -> None:
    """Multiply-adds of the convolutions, exact at multiples of the stride."""
    assert effect(Backbone(), ((size, size, 3),), 10).macs == multiply_adds(network, size)


def test_cost_at_other_sizes(network: Any) -> None:
    """Up to a quarter more than is said, as each map's last row and column count whole."""
    for size in (100, 150, 200):
        told = effect(Backbone(), ((size, size, 3),), 10).macs
        assert 0.75 < told / multiply_adds(network, size) <= 1


def test_which_a_design_has() -> None:
    """The one that is switched on, if there is one."""
    off, on = Backbone(on=False, enlarge=64), Backbone(enlarge=96)
    for layers, wanted in (((off, on), on), ((off,), None), ((), None)):
        assert used(ModelSpec(name="mine", layers=(Input(), *layers, Output()))) == wanted


def test_in_a_design(network: Any, known: Facts) -> None:
    """The totals of a design count them, and what trains is the rest."""
    layers = (Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D(), Output())
    found = analyse(ModelSpec(name="mine", layers=layers), (64, 64, 3), 7)
    head = (known.channels + 1) * 7
    assert (found.parameters, found.trainable) == (network.count_params() + head, head)
    assert found.macs == multiply_adds(network, 64) + known.channels * 7
    assert found.rows[1].reach == facts(Backbone()).reach
