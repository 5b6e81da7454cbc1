"""A network's blocks are all of it, in a row, and nothing passes by where one ends."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.transfer import graph, lite0
from core.transfer.graph import Block, blocks

pytestmark = pytest.mark.tensorflow
SIZE = 64


def images(count: int = 2, size: int = SIZE) -> np.ndarray:
    """Noise as a network takes it, float32 [count, size, size, 3]."""
    drawn = np.random.default_rng(0).normal(0, 0.5, (count, size, size, 3))
    return drawn.astype(np.float32)


def require_whole(network: keras.Model, found: tuple[Block, ...]) -> None:
    """Every layer but the input is in one block, and each block has a name of its own."""
    layers = [layer.name for block in found for layer in block.layers]
    assert layers == [layer.name for layer in network.layers[1:]]
    assert len({block.name for block in found}) == len(found)
    assert sum(block.parameters for block in found) == network.count_params()


def require_cuts(network: keras.Model, found: tuple[Block, ...], places: list[int]) -> None:
    """What is behind a block makes of its output alone what the network makes of the images."""
    wanted = np.asarray(network(images(), training=False))
    for place in places:
        front = keras.Model(network.inputs[0], found[place].output)
        back = keras.Model(found[place].output, network.outputs[0])
        again = np.asarray(back(front(images(), training=False), training=False))
        np.testing.assert_allclose(again / wanted.max(), wanted / wanted.max(), atol=1e-4)
    assert wanted.std() > 0.01 * wanted.max() > 0  # else it would say nothing


def test_of_the_bundled_network() -> None:
    """A stem, sixteen inverted residuals and a head."""
    network = lite0.build()
    found = blocks(network)
    names = [graph.STEM, *(f"block{number}" for number in range(1, 17)), graph.HEAD]
    assert [block.name for block in found] == names
    require_whole(network, found)
    require_cuts(network, found, [0, 5, 16])


def test_of_a_network_of_keras() -> None:
    """Its names tell its blocks, those with a way past them and those without."""
    network = keras.applications.MobileNetV2(
        alpha=0.35, include_top=False, weights=None, input_shape=(None, None, 3)
    )
    found = blocks(network)
    names = ["expanded_conv", *(f"block_{number}" for number in range(1, 17))]
    assert [block.name for block in found] == [graph.STEM, *names, graph.HEAD]
    require_whole(network, found)
    require_cuts(network, found, [3])


def test_without_names() -> None:
    """Each layer with a kernel begins a block, but where something passes by it."""
    keras.utils.set_random_seed(0)
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 3, padding="same", name="first")(image)
    x = before = keras.layers.ReLU(name="bent")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", name="second")(x)
    x = keras.layers.ReLU(name="inside")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", name="third")(x)
    x = keras.ops.add(x, before)  # an operation that is no layer
    x = keras.layers.Conv2D(4, 1, name="fourth")(x)
    network = keras.Model(image, keras.layers.ReLU(name="end")(x))
    found = blocks(network)
    assert [[layer.name for layer in block.layers] for block in found] == [
        ["first", "bent"],
        ["second", "inside", "third"],
        ["fourth", "end"],
    ]
    assert [block.name for block in found] == ["first", "second", "fourth"]
    require_cuts(network, found, [0, 1])


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("block3_conv", "block3"),
        ("block_12_expand", "block_12"),
        ("block4b_se_reduce", "block4b"),
        ("expanded_conv_depthwise", "expanded_conv"),
        ("expanded_conv_7_project", "expanded_conv_7"),
        ("conv4_block16_2_conv", "conv4_block16"),
        ("convnext_tiny_stage_2_block_8_layer_scale", "convnext_tiny_stage_2_block_8"),
        ("conv_dw_11", "block_11"),
        ("conv_pw_11_bn", "block_11"),
        ("conv1_pad", ""),
        ("Conv_1_bn", ""),
        ("pool2_conv", ""),
    ],
)
def test_names(name: str, block: str) -> None:
    """Of the layers of Keras Applications."""
    image = keras.Input((4, 4, 3))
    first = keras.layers.Conv2D(3, 1, name="block0_first")(image)
    other = keras.layers.Conv2D(3, 1, name=name)(first)
    found = blocks(keras.Model(image, other))
    assert [one.name for one in found] == ["block0", block or graph.HEAD]
