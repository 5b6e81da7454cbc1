"""core.train.layers: what Keras's layers do, faster."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.train import backend

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def layers() -> Any:
    """The module, imported once TensorFlow has been started."""
    backend.start()
    from core.train import layers

    return layers


def draw(layers: Any, step: int = 0, seed: int = 0) -> Any:
    """What random numbers depend on, at some step."""
    import tensorflow as tf

    return layers.Draw(seed, tf.Variable(step, dtype=tf.int64))


@pytest.mark.parametrize("shape", [(8, 5, 6, 3), (1, 4, 4, 2), (9, 7)])
@pytest.mark.parametrize("momentum", [0.99, 0.5])
def test_normalization_is_that_of_keras(layers: Any, shape: Any, momentum: float) -> None:
    """Outputs, gradients and moving statistics, over three batches."""
    import keras
    import tensorflow as tf

    ours = layers.FusedBatchNormalization(momentum=momentum, epsilon=0.01)
    theirs = keras.layers.BatchNormalization(momentum=momentum, epsilon=0.01)
    rng = np.random.default_rng(0)
    factors = tf.constant(rng.normal(size=shape).astype("float32"))
    ours.build(shape)
    theirs.build(shape)
    start = [rng.normal(size=shape[-1:]) for _ in range(3)] + [rng.random(shape[-1:]) + 0.5]
    ours.set_weights(start)
    theirs.set_weights(start)
    for _ in range(3):
        images = tf.constant((3.0 + 2.0 * rng.normal(size=shape)).astype("float32"))
        made = []
        for layer in (ours, theirs):
            with tf.GradientTape() as tape:
                tape.watch(images)
                output = layer(images, training=True)
                loss = tf.reduce_sum(output * factors)
            watched = [images, layer.gamma.value, layer.beta.value]
            made.append([output, *tape.gradient(loss, watched), *layer.get_weights()])
        for one, other in zip(*made, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(ours(images), theirs(images), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_dropout_has_its_rate_and_keeps_the_mean(layers: Any, rate: float) -> None:
    """What stays is scaled so that nothing changes on average."""
    values = np.ones((100, 10, 10, 20), np.float32)  # 200,000: a standard error of 0.0011 at most
    layer = layers.CheapDropout(rate, draw(layers), 3, spatial=False)
    made = np.asarray(layer(values, training=True))
    assert np.mean(made == 0) == pytest.approx(rate, abs=0.005)
    assert made.max() == pytest.approx(1 / (1 - rate), rel=1e-3)
    assert made.mean() == pytest.approx(1.0, abs=0.02)
    assert (np.asarray(layer(values, training=False)) == 1).all()


def test_dropout_of_whole_channels(layers: Any) -> None:
    """A channel of an image goes or stays as a whole."""
    layer = layers.CheapDropout(0.5, draw(layers), 0, spatial=True)
    made = np.asarray(layer(np.ones((50, 4, 5, 30), np.float32), training=True))
    channels = made.reshape(50, 20, 30)
    assert (channels == channels[:, :1]).all()
    assert np.mean(channels[:, 0] == 0) == pytest.approx(0.5, abs=0.06)


def test_odd_numbers_of_values(layers: Any) -> None:
    """Two values share one random number; the last may be alone."""
    layer = layers.CheapDropout(0.5, draw(layers), 0, spatial=False)
    assert np.asarray(layer(np.ones((3, 7), np.float32), training=True)).shape == (3, 7)


def test_the_same_step_draws_the_same(layers: Any) -> None:
    """Seed, step, layer and tower make the mask, and nothing else does."""
    values = np.ones((4, 50), np.float32)

    def mask(step: int = 0, seed: int = 0, number: int = 0, tower: int = 0) -> list[bool]:
        source = draw(layers, step, seed)
        source.tower = tower
        layer = layers.CheapDropout(0.5, source, number, spatial=False)
        return list((np.asarray(layer(values, training=True)) > 0).ravel())

    assert mask() == mask()
    others = [mask(step=1), mask(seed=1), mask(number=1), mask(tower=1)]
    assert all(other != mask() for other in others)
    assert others[0] != others[1] != others[2] != others[3]


@pytest.mark.parametrize(
    ("side", "size", "bias"), [(4, 3, True), (7, 2, False), (1, 3, True), (3, 5, False)]
)
def test_a_narrow_convolution_is_that_of_keras(side: int, size: int, bias: bool) -> None:
    """Values and all gradients are those of Keras's convolution."""
    keras = backend.start()
    import tensorflow as tf

    from core.train.layers import NarrowConv2D

    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(size=(5, side, side, 3)), tf.float32)
    towards = tf.constant(rng.normal(size=(5, side, side, 4)), tf.float32)
    ours, theirs = (
        kind(4, size, padding="same", use_bias=bias, activation="tanh")
        for kind in (NarrowConv2D, keras.layers.Conv2D)
    )
    theirs.build(images.shape)
    ours.build(images.shape)
    ours.set_weights([rng.normal(size=weight.shape) for weight in theirs.weights])
    theirs.set_weights(ours.get_weights())
    found = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            tape.watch(images)
            made = layer(images)
            sum_ = tf.reduce_sum(made * towards)
        found.append((made, *tape.gradient(sum_, [images, *layer.trainable_variables])))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@settings(max_examples=12)
@example(side=(8, 8), kernel=(3, 3), bias=True)
@example(side=(5, 2), kernel=(4, 2), bias=False)
@example(side=(2, 3), kernel=(5, 5), bias=True)
@example(side=(1, 1), kernel=(2, 2), bias=False)
@given(
    side=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    kernel=st.integers(1, 5).map(lambda size: (size, size)),
    bias=st.booleans(),
)
def test_a_narrow_depthwise_convolution_is_that_of_keras(
    side: tuple[int, int], kernel: tuple[int, int], bias: bool
) -> None:
    """Values and all gradients, for odd and even kernels, also those larger than the image."""
    keras = backend.start()
    import tensorflow as tf

    from core.train.layers import NarrowDepthwiseConv2D

    rng = np.random.default_rng(0)
    images, towards = (tf.constant(rng.normal(size=(3, *side, 4)), tf.float32) for _ in range(2))
    ours, theirs = (
        kind(kernel, padding="same", use_bias=bias, activation="tanh")
        for kind in (NarrowDepthwiseConv2D, keras.layers.DepthwiseConv2D)
    )
    theirs.build(images.shape)
    ours.build(images.shape)
    ours.set_weights([rng.normal(size=weight.shape) for weight in theirs.weights])
    theirs.set_weights(ours.get_weights())
    found = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            tape.watch(images)
            made = layer(images)
            sum_ = tf.reduce_sum(made * towards)
        found.append((made, *tape.gradient(sum_, [images, *layer.trainable_variables])))
    assert len(found[0]) == 3 + bias
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_normalization_that_is_frozen(layers: Any) -> None:
    """As training it keeps its statistics and uses them, as in predicting."""
    rng = np.random.default_rng(0)
    values = rng.normal(2.0, 3.0, (4, 5, 5, 3)).astype(np.float32)
    layer = layers.FusedBatchNormalization(trainable=False)
    layer.build(values.shape)
    kept = [rng.random(3).astype(np.float32) + 0.5 for _ in layer.weights]
    layer.set_weights(kept)
    made = np.asarray(layer(values, training=True))
    for one, other in zip(layer.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(made, layer(values, training=False), rtol=1e-6)
    gamma, beta, mean, variance = kept
    wanted = (values - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta
    np.testing.assert_allclose(made, wanted, rtol=1e-4, atol=1e-4)
