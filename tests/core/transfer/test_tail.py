"""The last blocks of a network, made ready to learn, say what they said before."""

from __future__ import annotations

from functools import cache

import keras
import numpy as np
import pytest

from core.specs import Backbone
from core.transfer import lite0, networks
from core.transfer.graph import Block, blocks
from core.transfer.tail import Tail, tail

pytestmark = pytest.mark.tensorflow
SIZE = 64
Network = tuple[keras.Model, tuple[Block, ...]]


@cache
def lite() -> Network:
    """The bundled network and its blocks."""
    made = lite0.build()
    return made, blocks(made)


@cache
def small() -> Network:
    """Two residuals of the usual layers; normalization before, behind and between convolutions."""
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 3, 2, padding="same", name="stem_conv")(image)
    for number in (1, 2):
        before, name = x, f"block{number}"
        x = keras.layers.BatchNormalization(name=f"{name}_first_bn")(x)
        x = keras.layers.Conv2D(8, 1, groups=2, use_bias=number == 1, name=f"{name}_expand")(x)
        x = keras.layers.BatchNormalization(scale=False, name=f"{name}_expand_bn")(x)
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
        x = keras.layers.DepthwiseConv2D(3, padding="same", name=f"{name}_depthwise")(x)
        x = keras.layers.BatchNormalization(center=False, name=f"{name}_depthwise_bn")(x)
        x = keras.layers.Conv2D(8, 1, activation="relu", name=f"{name}_bent")(x)
        x = keras.layers.BatchNormalization(name=f"{name}_bent_bn")(x)
        x = keras.layers.Dropout(0.5, name=f"{name}_drop")(x)
        x = keras.ops.add(x, before)
    made = drawn(keras.Model(image, x))
    return made, blocks(made)


def drawn(model: keras.Model) -> keras.Model:
    """The model with normalization that does something, whatever its images are."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            values = [
                rng.uniform(0.5, 1.5, weight.shape)
                if weight.path.endswith(("gamma", "variance"))
                else rng.normal(0, 0.3, weight.shape)
                for weight in layer.weights
            ]
            layer.set_weights(values)
    return model


def images(size: int = SIZE) -> np.ndarray:
    """Noise as a network takes it, float32 [2, size, size, 3]."""
    return np.random.default_rng(0).normal(0, 0.5, (2, size, size, 3)).astype(np.float32)


def require_the_same(network: keras.Model, made: Tail, *, training: bool = False) -> None:
    """Front and tail are the network, to 1e-4 of its largest number."""
    maps = images() if made.front is None else made.front(images(), training=False)
    found = np.asarray(made.model(maps, training=training))
    wanted = np.asarray(network(images(), training=False))
    np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())
    assert wanted.std() > 0.01  # else it would say nothing


def require_no_statistics(made: Tail) -> None:
    """Nothing of batch normalization learns, and nothing of the front does."""
    learned = {weight.path for weight in made.model.trainable_weights}
    norms = [
        weight.path
        for layer in made.model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        for weight in layer.weights
    ]
    assert learned
    assert not learned & set(norms)
    assert made.front is None or not made.front.trainable_weights


def test_of_the_bundled_network() -> None:
    """All its normalization is in kernels and biases; what comes first is frozen."""
    network, found = lite()
    made = tail(network, found, 15, SIZE)
    assert [block.name for block in made.blocks] == ["block15", "block16", "head"]
    require_the_same(network, made)
    require_no_statistics(made)
    kinds = [type(layer) for layer in made.model.layers]
    assert keras.layers.BatchNormalization not in kinds
    assert made.model.input_shape == (None, 2, 2, 192)
    assert len(made.model.trainable_weights) == 2 * 7  # kernel and bias of each convolution
    assert made.depths() == [2] * 6 + [1] * 6 + [0] * 2


def test_normalization_in_front_of_convolutions() -> None:
    """ResNet V2 has it on both sides: what cannot be put into a kernel stays, frozen."""
    keras.utils.set_random_seed(0)
    network = drawn(
        keras.applications.ResNet50V2(include_top=False, weights=None, input_shape=(None, None, 3))
    )
    found = blocks(network)
    made = tail(network, found, len(found) - 3, SIZE)
    require_the_same(network, made)
    require_no_statistics(made)
    kinds = [type(layer) for layer in made.model.layers]
    assert 0 < kinds.count(keras.layers.BatchNormalization) < 7


@pytest.mark.parametrize("first", [0, 1, 2])
def test_as_training_it_answers_as_it_predicts(first: int) -> None:
    """Its own dropout is left out and its statistics are used; from the first block on there is no front."""
    network, found = small()
    made = tail(network, found, first, SIZE)
    assert (made.front is None) == (first == 0)
    assert made.blocks == found[first:]
    require_no_statistics(made)
    require_the_same(network, made, training=True)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_depths_are_those_of_its_weights(first: int) -> None:
    """One for each, in their order: how many blocks come behind."""
    network, found = small()
    made = tail(network, found, first, SIZE)
    names = [block.name for block in reversed(made.blocks)]
    wanted = []
    for weight in made.model.trainable_weights:
        (layer,) = (
            layer
            for layer in made.model.layers
            if any(weight is own for own in layer.trainable_weights)
        )
        wanted.append(names.index(layer.name.split("_")[0]))
    assert made.depths() == wanted
    assert set(wanted) == set(range(len(names)))


def test_what_it_learns_is_its_own() -> None:
    """The network that it was cut from stays as it is."""
    network, found = small()
    before = [weight.copy() for weight in network.get_weights()]
    made = tail(network, found, 1, SIZE)
    for weight in made.model.trainable_weights:
        weight.assign(weight + 1.0)
    for one, other in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_convolution_that_others_read_keeps_its_normalization() -> None:
    """What is put into its kernel would reach all of them, layers and operations alike."""
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 1, name="block1_conv")(image)
    behind = keras.layers.BatchNormalization(name="block1_bn")(x)
    network = drawn(keras.Model(image, keras.ops.add(behind, x)))
    made = tail(network, blocks(network), 0, SIZE)
    require_the_same(network, made)


def test_a_network_around_it_lets_nothing_else_learn() -> None:
    """As the saved model holds it: the front and what is normalized stay as they are."""
    network, found = small()
    made = tail(network, found, 1, SIZE)
    before = made.depths()
    around = networks.network(Backbone(), "backbone", made)
    require_no_statistics(made)
    assert made.depths() == before
    assert made.front is not None
    assert not made.front.trainable_weights
    assert len(around.trainable_weights) == len(made.model.trainable_weights) > 0
