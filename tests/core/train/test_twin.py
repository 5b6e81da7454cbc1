"""core.train.twin: the same network, made for training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from core.design.presets import preset
from core.specs import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    ModelSpec,
    Output,
    SeparableConv2D,
    UpSampling2D,
    Whitening,
)
from core.train import backend
from tests.core.design.strategies import Example, designs

pytestmark = pytest.mark.tensorflow


def twins(model: Any, precision: Any = "float32") -> Any:
    """The twin of a model at step 0."""
    import tensorflow as tf

    from core.train.layers import Draw
    from core.train.twin import twin

    return twin(model, precision, Draw(0, tf.Variable(0, dtype=tf.int64)))


def softmax(logits: Any) -> Any:
    """Probabilities [n, classes] of logits."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@settings(max_examples=40, deadline=None)
@given(designs())
def test_random_designs(example: Example) -> None:
    """Softmax of its logits are the model's probabilities, with weights in the same order."""
    keras = backend.start()
    from core.design.build import build

    model = build(*example)
    images = np.random.default_rng(0).integers(0, 256, (3, *example.shape), np.uint8)
    made = twins(model)
    for one, other in zip(made.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    logits = np.asarray(made(images, training=False), np.float64)
    expected = np.asarray(model(images, training=False))
    if np.isfinite(expected).all():
        np.testing.assert_allclose(softmax(logits), expected, rtol=1e-3, atol=1e-4)
    keras.backend.clear_session()


@pytest.mark.parametrize("name", ["keras-cifar10", "resnet-mini"])
def test_half_precision_keeps_weights_and_logits_whole(name: str) -> None:
    """Sums are in bfloat16; weights and logits are not."""
    backend.start()
    from core.design.build import build

    model = build(preset(name).model, (32, 32, 3), 10)
    made = twins(model, "bfloat16")
    assert {str(weight.dtype) for weight in made.weights} == {"float32"}
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    logits = made(images, training=False)
    assert str(logits.dtype) == "<dtype: 'float32'>"
    inner = [layer.compute_dtype for layer in made.layers if layer.name.startswith("conv")]
    assert not inner or set(inner) == {"bfloat16"}
    expected = np.asarray(model(images, training=False))
    np.testing.assert_allclose(softmax(np.asarray(logits)), expected, atol=0.02)


def test_half_precision_only_where_it_is_faster() -> None:
    """What a processor is slow at in bfloat16 stays in float32."""
    backend.start()
    from core.design.build import build

    layers: dict[Layer, str] = {
        Conv2D(filters=16, padding="same"): "bfloat16",
        BatchNormalization(): "bfloat16",
        DepthwiseConv2D(padding="same"): "float32",
        SeparableConv2D(filters=8, padding="same"): "float32",
        BatchNormalization(momentum=0.5): "float32",  # of 8 channels
        Activation(function="relu"): "bfloat16",
        Activation(function="gelu"): "float32",
        MaxPooling2D(): "bfloat16",
        MaxPooling2D(strides=1): "float32",
        UpSampling2D(): "bfloat16",
        UpSampling2D(interpolation="bilinear"): "float32",
    }
    design = ModelSpec(name="mixed", layers=(Input(), *layers, Flatten(), Output()))
    made = twins(build(design, (12, 12, 3), 2), "bfloat16")
    assert [layer.compute_dtype for layer in made.layers[2:-2]] == list(layers.values())
    assert made.layers[-1].compute_dtype == "float32"


def test_few_pixels_have_a_convolution_of_their_own() -> None:
    """In half precision; not where it is strided, has many pixels or few channels, or is fixed."""
    backend.start()
    from core.design.build import build
    from core.train.layers import NarrowConv2D

    layers: dict[Layer, bool] = {
        Conv2D(filters=32, padding="same"): False,  # 16 x 16 pixels
        MaxPooling2D(): False,
        Conv2D(filters=63, padding="same"): False,  # 32 channels in, 63 out
        Conv2D(filters=64, padding="same"): True,
        Conv2D(filters=64, kernel_size=1): False,
        Conv2D(filters=64, padding="same", strides=2): False,
        Conv2D(filters=64, kernel_size=2, padding="same"): True,
        Conv2D(filters=64): False,
        Whitening(directions=40, kernel_size=2): False,
    }
    design = ModelSpec(name="narrow", layers=(Input(), *layers, Flatten(), Output()))
    model = build(design, (16, 16, 3), 2)
    for precision, wanted in (("bfloat16", list(layers.values())), ("float32", [False] * 9)):
        made = twins(model, precision).layers[2:-2]
        assert [isinstance(layer, NarrowConv2D) for layer in made] == wanted


def test_curves_inside_of_layers_are_whole() -> None:
    """A convolution of half precision has its GELU in float32, and still gives half precision."""
    backend.start()
    from core.design.build import build

    curved = (Conv2D(filters=4, activation="gelu"), Conv2D(filters=4, activation="silu"))
    design = ModelSpec(name="curved", layers=(Input(), *curved, Flatten(), Output()))
    model = build(design, (8, 8, 1), 2)
    made = twins(model, "bfloat16")
    assert {str(layer.output.dtype) for layer in made.layers[2:4]} == {"bfloat16"}
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8)
    expected = np.asarray(model(images, training=False))
    np.testing.assert_allclose(softmax(np.asarray(made(images))), expected, atol=0.02)


def test_few_pixels_have_a_depthwise_convolution_of_their_own() -> None:
    """In any precision; not where it is strided, has many pixels or makes several maps of one."""
    backend.start()
    from core.design.build import build
    from core.train.layers import NarrowDepthwiseConv2D

    layers: dict[Layer, bool] = {
        DepthwiseConv2D(padding="same"): False,  # 16 x 16 pixels
        MaxPooling2D(): False,
        DepthwiseConv2D(padding="same", kernel_size=5): True,
        DepthwiseConv2D(padding="same", kernel_size=2): True,
        DepthwiseConv2D(padding="same", strides=2): False,
        DepthwiseConv2D(padding="valid"): False,
        DepthwiseConv2D(padding="same", depth_multiplier=2): False,
    }
    design = ModelSpec(name="depthwise", layers=(Input(), *layers, Flatten(), Output()))
    model = build(design, (16, 16, 3), 2)
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    expected = np.asarray(model(images, training=False))
    for precision, apart in (("float32", 1e-5), ("bfloat16", 0.02)):
        whole = twins(model, precision)
        made = [isinstance(one, NarrowDepthwiseConv2D) for one in whole.layers[2:-2]]
        assert made == list(layers.values())
        np.testing.assert_allclose(softmax(np.asarray(whole(images))), expected, atol=apart)


def nested() -> Any:
    """A model in a model, as the last blocks of a backbone are in front of a head; some of it frozen."""
    keras = backend.start()
    keras.utils.set_random_seed(0)
    maps = keras.Input((4, 4, 16))
    x = keras.layers.Conv2D(16, 1, name="inner_conv")(maps)
    x = keras.layers.BatchNormalization(name="inner_bn", trainable=False)(x)
    x = keras.ops.relu(x)  # an operation that is no layer
    x = keras.layers.DepthwiseConv2D(3, padding="same", name="inner_depthwise")(x)
    inner = keras.Model(maps, keras.layers.Dropout(0.5, name="inner_drop")(x), name="inner")
    norm = inner.get_layer("inner_bn")
    norm.set_weights([np.full(16, value, np.float32) for value in (1.5, 0.1, 0.3, 2.0)])
    given = keras.Input((4, 4, 16))
    pooled = keras.layers.GlobalAveragePooling2D()(inner(given))
    end = keras.layers.Dense(3, activation="softmax", name="end")(pooled)
    return keras.Model(given, end)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_model_in_a_model(precision: Any) -> None:
    """Its layers are of the twin's kinds and precision, what is frozen stays so, and it says the same."""
    from core.train import layers

    model = nested()
    made = twins(model, precision)
    (inner,) = (layer for layer in made.layers if layer.name == "inner")
    kinds = {layer.name: type(layer) for layer in inner.layers}
    assert kinds["inner_bn"] is layers.FusedBatchNormalization
    assert kinds["inner_depthwise"] is layers.NarrowDepthwiseConv2D
    assert kinds["inner_drop"] is layers.CheapDropout
    for name in ("inner_conv", "inner_bn", "inner_depthwise"):
        assert inner.get_layer(name).compute_dtype == precision
    assert {str(weight.dtype) for weight in made.weights} == {"float32"}
    learned = [weight.path.split("/", 1)[-1] for weight in model.trainable_weights]
    assert len(learned) == 6
    assert [weight.shape for weight in made.trainable_weights] == [
        weight.shape for weight in model.trainable_weights
    ]
    assert not inner.get_layer("inner_bn").trainable
    values = np.random.default_rng(0).normal(size=(3, 4, 4, 16)).astype(np.float32)
    expected = np.asarray(model(values, training=False))
    apart = 1e-5 if precision == "float32" else 0.02
    np.testing.assert_allclose(softmax(np.asarray(made(values))), expected, atol=apart)
    dropped = np.asarray(made(values, training=True))
    assert np.abs(dropped - np.asarray(made(values))).max() > 1e-3


def test_of_keras_own_layers() -> None:
    """The plain twin of a model in a model says the same, and freezes the same."""
    from core.train.plain import plain_twin

    model = nested()
    made = plain_twin(model)
    values = np.random.default_rng(0).normal(size=(3, 4, 4, 16)).astype(np.float32)
    expected = np.asarray(model(values, training=False))
    np.testing.assert_allclose(softmax(np.asarray(made(values))), expected, atol=1e-5)
    names = [weight.path for weight in model.trainable_weights]
    assert [weight.path for weight in made.trainable_weights] == names
    made.layers[-1].kernel.assign(made.layers[-1].kernel + 1.0)
    np.testing.assert_array_equal(model(values, training=False), expected)
