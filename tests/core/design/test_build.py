"""Tests that the Keras model is what analysis says, for presets and random designs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from core.design.analysis import analyse, table
from core.design.presets import PRESETS, Preset, preset
from core.errors import SpecError
from core.specs import (
    LAYERS,
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Bottleneck,
    Conv2D,
    ConvBlock,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GroupNormalization,
    InceptionBlock,
    Input,
    InvertedResidual,
    Layer,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    SeparableConv2D,
    SpatialDropout2D,
    SqueezeExcitation,
    UpSampling2D,
    ZeroPadding2D,
)
from core.specs.data import Fit
from core.train import backend
from tests.core.design.strategies import Example, designs

pytestmark = pytest.mark.tensorflow

Shape = tuple[int, int, int]


@pytest.fixture(scope="module", autouse=True)
def keras() -> Iterator[Any]:
    """Keras, started once as the worker does; what it has gathered is dropped in the end."""
    module = backend.start()
    yield module
    module.backend.clear_session()  # takes 0.3 s, so not after each of 500 designs


def built(model: ModelSpec, shape: Shape, classes: int, **options: Any) -> Any:
    """The Keras model of a design."""
    from core.design.build import build

    return build(model, shape, classes, **options)


def made(*layers: Layer, shape: Shape = (8, 8, 3)) -> Any:
    """The Keras model of these layers between Input and Output."""
    model = ModelSpec(name="mine", layers=(Input(), *layers, Output()))
    return built(model, shape, 2)


def size(weights: list[Any]) -> int:
    """Number of numbers in these weights."""
    return sum(int(np.prod(weight.shape)) for weight in weights)


def compare(model: ModelSpec, shape: Shape, classes: int) -> None:
    """Every node agrees with the Keras layer of its name, and the totals with the model."""
    made = built(model, shape, classes)
    found = analyse(model, shape, classes)
    assert found.errors == []
    by_name = {layer.name: layer for layer in made.layers}
    picks = {layer.name for layer in made.layers if layer.name.endswith("_pick")}
    assert set(by_name) - picks == {"image", *(node.name for node in found.nodes)}
    assert len(made.layers) == len(found.nodes) + 1 + len(picks)
    for node in found.nodes:
        layer = by_name[node.name]
        assert layer.output.shape[1:] == node.shape, node
        assert layer.count_params() == node.parameters, node
        assert size(layer.trainable_weights) == node.parameters - node.fixed, node
        first = by_name.get(f"{node.name}_pick", layer)
        inputs = first.input if isinstance(first.input, list) else [first.input]
        names = node.inputs or ("image",)
        sources = [by_name[name].output for name in names]
        assert all(one is other for one, other in zip(inputs, sources, strict=True)), node
    for row in found.rows:
        if row.nodes:
            assert by_name[row.nodes[-1].name].output.shape[1:] == row.output_shape, row
    assert made.count_params() == found.parameters == sum(row.parameters for row in found.rows)
    assert size(made.trainable_weights) == found.trainable
    assert made.output.shape == (None, classes)


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1), (64, 64, 3)], ids=str)
@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_presets(item: Preset, shape: Shape) -> None:
    """Each layer of a preset has in Keras the shape and the parameters of the table."""
    compare(item.model, shape, 10)


@given(designs())
@settings(deadline=None, max_examples=500)
def test_random_designs(example: Example) -> None:
    """Any design that fits has in Keras the layers, shapes and parameters of its nodes."""
    compare(*example)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in LAYERS.values() if kind.GROUP == "Blocks"],
    ids=lambda kind: kind.KIND,
)
def test_blocks_by_default(kind: type[LayerSpec]) -> None:
    """Each block as it is offered has in Keras the shapes and parameters of its nodes."""
    layers = (Input(), kind.parse({}), GlobalAveragePooling2D(), Output())
    compare(ModelSpec(name="mine", layers=layers), (9, 12, 3), 3)


@pytest.mark.parametrize("channels", [1, 3, 15])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_pixels_are_picked_before_a_small_convolution(channels: int, padding: str) -> None:
    """A 1 × 1 convolution with a stride on few channels is built of two layers, to the same effect.

    TensorFlow's library for CPUs breaks its memory when it trains such a convolution.
    """
    from keras import layers

    spec = Conv2D.parse({"kernel_size": 1, "strides": 3, "filters": 4, "padding": padding})
    wide = Conv2D(filters=channels, kernel_size=1)
    model = made(wide, spec, Flatten(), shape=(8, 11, 3))
    assert model.get_layer("conv2d_2").strides == (1, 1)
    assert model.get_layer("conv2d_2_pick").strides == (3, 3)
    plain = layers.Conv2D(4, 1, strides=3, padding=padding, activation="relu")
    images = np.random.default_rng(0).normal(size=(2, 8, 11, channels)).astype("float32")
    wanted = plain(images)
    layer = model.get_layer("conv2d_2")
    layer.set_weights(plain.get_weights())
    assert np.allclose(layer(model.get_layer("conv2d_2_pick")(images)), wanted, atol=1e-6)


def test_other_convolutions_are_one_layer() -> None:
    """On 16 channels and more, without a stride, or with a larger window, nothing is picked."""
    model = made(
        Conv2D(filters=16, kernel_size=2, strides=2),
        Conv2D(filters=3, kernel_size=1, strides=2),
        Conv2D(filters=3, kernel_size=1),
        Flatten(),
    )
    assert not [layer.name for layer in model.layers if "pick" in layer.name]
    assert model.get_layer("conv2d_2").strides == (2, 2)


def test_off_behind_the_output() -> None:
    """Layers that are switched off behind the Output are not in the model."""
    layers = (Input(), Flatten(), Output(), Dense(on=False), Dropout(on=False))
    compare(ModelSpec(name="mine", layers=layers), (4, 4, 1), 2)


def test_probabilities() -> None:
    """The model takes uint8 images and gives a probability for each class."""
    made = built(preset("starter").model, (16, 16, 3), 4)
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
    found = made.predict(images, verbose=0)
    assert found.shape == (5, 4)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert made.input.dtype == "uint8"


@pytest.mark.parametrize(
    ("scale", "low", "high"), [("0 to 1", 0, 1), ("-1 to 1", -1, 1), ("0 to 255", 0, 255)]
)
def test_scale(scale: str, low: float, high: float) -> None:
    """Pixels are brought to the range of the input layer inside the model."""
    import keras

    layers = (Input.parse({"scale": scale}), Flatten(), Output())
    made = built(ModelSpec(name="mine", layers=layers), (1, 2, 1), 2)
    scaled = keras.Model(made.input, made.get_layer("input_1").output)
    found = scaled.predict(np.array([[[[0], [255]]]], np.uint8), verbose=0)
    assert np.allclose(found.ravel(), [low, high], atol=1e-6)


def test_resizing_inside() -> None:
    """With resize, the model takes images of any size; its weights are the same either way."""
    model = preset("starter").model
    fixed, free = (built(model, (16, 16, 3), 4, resize=fit) for fit in (None, "pad"))
    free.set_weights(fixed.get_weights())
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)
    same = fixed.predict(images, verbose=0), free.predict(images, verbose=0)
    assert np.allclose(*same, atol=1e-6)
    assert free.predict(np.zeros((1, 33, 50, 3), np.uint8), verbose=0).shape == (1, 4)


@pytest.mark.parametrize("fit", [None, "pad"])
def test_mirror(fit: Fit | None) -> None:
    """With mirror, an image and its mirror image get the same: the mean of what each gets without."""
    model = preset("starter").model
    plain, both = (
        built(model, (16, 16, 3), 4, resize=fit, mirror=mirror) for mirror in (False, True)
    )
    both.set_weights(plain.get_weights())
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    mirrored = images[:, :, ::-1]
    one, other = plain.predict(images, verbose=0), plain.predict(mirrored, verbose=0)
    assert np.abs(one - other).max() > 0.01
    for some in (images, mirrored):
        assert np.allclose(both.predict(some, verbose=0), (one + other) / 2, atol=1e-5)


@given(designs())
@settings(deadline=None, max_examples=30)
def test_mirroring_leaves_the_weights(example: Example) -> None:
    """The layers, their weights and the order of these are the same with mirror."""
    plain, both = built(*example), built(*example, resize="pad", mirror=True)
    names = [layer.name for layer in plain.layers]
    added = {"to_float", "resize", "mean"}
    assert [layer.name for layer in both.layers if layer.name not in added] == names
    ours, theirs = ([(w.path, w.shape) for w in one.weights] for one in (both, plain))
    assert ours == theirs
    assert len(both.trainable_weights) == len(plain.trainable_weights)
    assert len(both.losses) == len(plain.losses)


def test_max_norm() -> None:
    """A dense layer's max norm becomes a constraint on its weights; without one there is none."""
    model = made(Flatten(), Dense(units=2, max_norm=2.0), Dense(units=2))
    assert model.get_layer("dense_1").kernel_constraint.max_value == 2.0
    assert model.get_layer("dense_2").kernel_constraint is None


@pytest.mark.parametrize(
    ("layer", "weight", "axes"),
    [
        (Conv2D(filters=4, max_norm=0.5), "kernel", (0, 1, 2)),
        (DepthwiseConv2D(depth_multiplier=2, max_norm=0.5), "kernel", (0, 1)),
        (SeparableConv2D(filters=4, max_norm=0.5), "depthwise_kernel", (0, 1)),
        (SeparableConv2D(filters=4, max_norm=0.5), "pointwise_kernel", (0, 1, 2)),
        (Dense(units=4, max_norm=0.5), "kernel", (0,)),
    ],
    ids=lambda item: item.kind if isinstance(item, LayerSpec) else str(item),
)
def test_max_norm_is_each_units_own(layer: Layer, weight: str, axes: tuple[int, ...]) -> None:
    """Max norm limits the weights of each filter or unit by themselves, and spares the short ones."""
    before = (Flatten(),) if isinstance(layer, Dense) else ()
    after = () if isinstance(layer, Dense) else (Flatten(),)
    found = made(*before, layer, *after).get_layer(f"{layer.KIND}_1")
    variable = getattr(found, weight)
    values = np.random.default_rng(0).normal(size=variable.shape).astype("float32")
    values[..., 0] *= 1e-3  # the first of the last axis is short already
    limited = np.asarray(variable.constraint(values))
    lengths = np.sqrt((values**2).sum(axis=axes))
    kept = np.sqrt((limited**2).sum(axis=axes))
    assert np.allclose(kept, np.minimum(lengths, 0.5), atol=1e-4)
    assert np.allclose(limited[..., 0], values[..., 0], rtol=1e-3)


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(filters=4, l1=0.01, l2=0.1),
        DepthwiseConv2D(depth_multiplier=2, l1=0.01, l2=0.1),
        SeparableConv2D(filters=4, l1=0.01, l2=0.1),
        Dense(units=4, l1=0.01, l2=0.1),
    ],
    ids=lambda item: item.kind,
)
def test_penalties(layer: Layer) -> None:
    """The loss has l1 times the sum of the absolute weights, and l2 times that of the squared."""
    before = (Flatten(),) if isinstance(layer, Dense) else ()
    after = () if isinstance(layer, Dense) else (Flatten(),)
    model = made(*before, layer, *after)
    kernels = [
        np.asarray(weight.value)
        for weight in model.get_layer(f"{layer.KIND}_1").trainable_weights
        if "kernel" in weight.name
    ]
    wanted = sum(0.01 * np.abs(kernel).sum() + 0.1 * (kernel**2).sum() for kernel in kernels)
    assert np.isclose(sum(float(loss) for loss in model.losses), wanted, rtol=1e-4)
    assert len(kernels) == (2 if isinstance(layer, SeparableConv2D) else 1)


def test_no_penalty() -> None:
    """Without penalties and limits there are none in Keras."""
    model = made(Conv2D(), SeparableConv2D(), DepthwiseConv2D(), Flatten(), Dense())
    assert model.losses == []
    assert all(weight.constraint is None for weight in model.trainable_weights)


def test_settings_reach_keras() -> None:
    """Rate, momentum, epsilon, strides and activation are those of the design."""
    model = made(
        Conv2D(filters=2, strides=2, activation="gelu"),
        BatchNormalization(momentum=0.5, epsilon=0.01),
        Dropout(rate=0.3),
        Flatten(),
        shape=(9, 9, 1),
    )
    assert model.get_layer("conv2d_1").strides == (2, 2)
    assert model.get_layer("conv2d_1").activation.__name__ == "gelu"
    assert model.get_layer("batch_normalization_1").momentum == 0.5
    assert model.get_layer("batch_normalization_1").epsilon == 0.01
    assert model.get_layer("dropout_1").rate == 0.3
    assert model.get_layer("output_1").activation.__name__ == "softmax"


def test_more_settings_reach_keras() -> None:
    """Every layer's other settings are those of the design too."""
    model = made(
        ZeroPadding2D(padding=3),
        UpSampling2D(size=3, interpolation="bilinear"),
        Conv2D(filters=6, kernel_size=1, use_bias=False, padding="same"),
        LayerNormalization(epsilon=0.02),
        GroupNormalization(groups=3, epsilon=0.03),
        Activation(function="silu"),
        DepthwiseConv2D(kernel_size=2, strides=2, depth_multiplier=2, activation="elu"),
        SeparableConv2D(filters=3, kernel_size=5, padding="same", depth_multiplier=3),
        SpatialDropout2D(rate=0.4),
        MaxPooling2D(pool_size=3, strides=2, padding="same"),
        AveragePooling2D(),
        Flatten(),
        Dense(units=3, activation="tanh", use_bias=False),
    )
    layer = model.get_layer
    assert layer("zero_padding2d_1").padding == ((3, 3), (3, 3))
    assert layer("up_sampling2d_1").size == (3, 3)
    assert layer("up_sampling2d_1").interpolation == "bilinear"
    assert (layer("conv2d_1").use_bias, layer("conv2d_1").padding) == (False, "same")
    assert layer("layer_normalization_1").epsilon == 0.02
    assert layer("group_normalization_1").groups == 3
    assert layer("group_normalization_1").epsilon == 0.03
    assert layer("activation_1").activation.__name__ == "silu"
    assert layer("depthwise_conv2d_1").kernel_size == (2, 2)
    assert layer("depthwise_conv2d_1").strides == (2, 2)
    assert layer("depthwise_conv2d_1").depth_multiplier == 2
    assert layer("depthwise_conv2d_1").activation.__name__ == "elu"
    assert layer("separable_conv2d_1").kernel_size == (5, 5)
    assert layer("separable_conv2d_1").padding == "same"
    assert layer("separable_conv2d_1").depth_multiplier == 3
    assert layer("spatial_dropout2d_1").rate == 0.4
    assert layer("max_pooling2d_1").pool_size == (3, 3)
    assert layer("max_pooling2d_1").strides == (2, 2)
    assert layer("max_pooling2d_1").padding == "same"
    assert layer("average_pooling2d_1").strides == (2, 2)
    assert layer("dense_1").activation.__name__ == "tanh"
    assert layer("dense_1").use_bias is False


def test_squeeze_excitation_weighs_channels() -> None:
    """Squeeze and excitation multiplies each channel of an image by one weight between 0 and 1."""
    import keras

    model = made(Conv2D(filters=4, activation="sigmoid"), SqueezeExcitation(), Flatten())
    before = model.get_layer("conv2d_1").output
    after = model.get_layer("squeeze_excitation_1_multiply_1").output
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    first, second = keras.Model(model.input, [before, after]).predict(images, verbose=0)
    weights = second / first
    assert np.allclose(weights, weights[:, :1, :1], atol=1e-4)
    assert weights.min() > 0
    assert weights.max() < 1


def test_residual_block_adds() -> None:
    """A residual block whose convolutions are 0 passes its input through the last curve alone."""
    import keras

    block = ResidualBlock(filters=3, normalization="none", activation="tanh", repeat=2)
    model = made(block, Flatten())
    for layer in model.layers:
        if "residual" in layer.name and layer.weights:
            layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    end = keras.Model(model.input, model.get_layer("residual_block_1_act_4").output)
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    assert np.allclose(end.predict(images, verbose=0), np.tanh(np.tanh(images / 255)), atol=1e-5)


REACHES: list[tuple[Layer, ...]] = [
    (Conv2D(filters=1), Conv2D(filters=1, kernel_size=5, strides=2), Conv2D(filters=1)),
    (Conv2D(filters=1, padding="same"), AveragePooling2D(), Conv2D(filters=2, padding="same")),
    (AveragePooling2D(pool_size=3, strides=2), Conv2D(filters=1, kernel_size=4), ZeroPadding2D()),
    (DepthwiseConv2D(strides=2), SeparableConv2D(filters=2, kernel_size=5)),
    (ConvBlock(filters=2, strides=2, repeat=2, normalization="none"),),
    (ResidualBlock(filters=2, normalization="none"), AveragePooling2D(), ResidualBlock(
        filters=2, strides=2, repeat=2, normalization="none")),
    (Bottleneck(filters=4, normalization="none", strides=2), Bottleneck(
        filters=4, kernel_size=5, normalization="none")),
    (InvertedResidual(filters=2, expansion=2, strides=2, repeat=3, normalization="none"),),
    (DenseBlock(repeat=3, growth=2, normalization="none"), AveragePooling2D(), Conv2D(filters=1)),
    (InceptionBlock(filters=8, repeat=2, normalization="none"),),
    (Conv2D(filters=1), UpSampling2D(), Conv2D(filters=1)),
    (AveragePooling2D(pool_size=4), UpSampling2D(size=4), Conv2D(filters=1)),
    (UpSampling2D(interpolation="bilinear"), Conv2D(filters=1), UpSampling2D()),
]  # fmt: skip


@pytest.mark.parametrize("layers", REACHES, ids=lambda item: "-".join(one.kind for one in item))
def test_reach_is_measured(layers: tuple[Layer, ...]) -> None:
    """The receptive field is as wide as the pixels from which a gradient comes."""
    import keras
    import tensorflow as tf

    straight = tuple(
        layer.changed(activation="linear") if hasattr(layer, "activation") else layer
        for layer in layers
    )
    shape = (48, 48, 1)
    model = made(*straight, GlobalAveragePooling2D(), shape=shape)
    for weight in model.weights:
        weight.assign(np.full(weight.shape, 0.1 if "kernel" in weight.name else 0.0))
    spec = ModelSpec(name="mine", layers=(Input(), *straight, GlobalAveragePooling2D(), Output()))
    row = analyse(spec, shape, 2).rows[len(layers)]
    inner = keras.Model(
        model.get_layer("input_1").output, model.get_layer(row.nodes[-1].name).output
    )
    assert row.output_shape is not None
    middle = row.output_shape[0] // 2
    pixels = tf.Variable(tf.ones((1, *shape)))
    heights, widths = set(), set()
    for at in range(middle - 2, middle + 2):  # enlarged pixels do not all see as much
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(inner(pixels)[0, at, at])
        seen = np.argwhere(tape.gradient(value, pixels).numpy()[0, :, :, 0])
        height, width = seen.max(axis=0) - seen.min(axis=0) + 1
        heights.add(int(height))
        widths.add(int(width))
    assert row.reach == max(heights) == max(widths)


def test_misfit_is_refused_in_our_words() -> None:
    """A design that does not fit is refused by the table, before Keras can stumble."""
    with pytest.raises(SpecError, match="Layer 2"):
        built(ModelSpec(name="mine", layers=(Input(), Output())), (8, 8, 3), 2)


def test_built_as_the_table_says() -> None:
    """The model's output is that of the table's last layer."""
    model = preset("mobilenet-mini").model
    rows = table(model, (32, 32, 3), 7)
    assert built(model, (32, 32, 3), 7).output.shape == (None, *(rows[-1].output_shape or ()))
