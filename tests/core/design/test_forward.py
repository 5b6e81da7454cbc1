"""Tests that what NumPy computes of a design is what Keras computes, layer by layer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core import workspace
from core.design.analysis import Analysis, analyse
from core.design.forward import computable, forward, output
from core.design.presets import PRESETS, Preset, preset
from core.design.weights import initial
from core.errors import DataError
from core.specs import (
    LAYERS,
    Activation,
    AveragePooling2D,
    Backbone,
    BatchNormalization,
    Bottleneck,
    Conv2D,
    ConvBlock,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAverageMaxPooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
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
    SpatialDropout2D,
    SqueezeExcitation,
    UpSampling2D,
    Whitening,
    ZeroPadding2D,
)
from core.specs.layers.base import Function
from tests.core.design.strategies import Example, any_designs, designs

Shape = tuple[int, int, int]
SCALES = ("0 to 1", "-1 to 1", "0 to 255")
FUNCTIONS = ("linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softmax")


def design(*layers: Layer) -> ModelSpec:
    """A design of these layers."""
    return ModelSpec(name="mine", layers=layers)


def on_image(*layers: Layer) -> ModelSpec:
    """A design of these layers on an image, after a convolution that gives them 6 channels."""
    first = Conv2D(filters=6, kernel_size=1, activation="tanh")
    return design(Input(scale="-1 to 1"), first, *layers, GlobalAveragePooling2D(), Output())


def picture(shape: Shape, seed: int = 0) -> NDArray[np.uint8]:
    """An image of random pixels."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def label(layer: Layer) -> str:
    """A test's name: the layer's kind and settings."""
    changed = layer.model_dump(exclude_defaults=True)
    return "-".join([layer.KIND, *(f"{name}={value}" for name, value in changed.items())])


def spread(layer: Any, random: np.random.Generator) -> None:
    """Give a Keras layer weights with which no term of its sum can go unnoticed."""
    found = []
    for weight in layer.weights:
        if weight.name == "moving_variance" or weight.name == "gamma":
            found.append(random.uniform(0.5, 2, weight.shape))
        elif "kernel" in weight.name:
            found.append(random.normal(0, np.prod(weight.shape[:-1]) ** -0.5, weight.shape))
        else:
            found.append(random.normal(0, 0.3, weight.shape))
    layer.set_weights(found)


def compare(model: ModelSpec, shape: Shape, seed: int = 0, *, slack: float = 1e-4) -> Analysis:
    """Every node's output is, in NumPy, what Keras gives with the same weights.

    A node alone has 4 digits in common with Keras; after a chain of them, all but a share of `slack`.
    """
    from core.train import backend

    keras = backend.start()
    from core.design.build import build

    built = build(model, shape, 3)
    analysis = analyse(model, shape, 3)
    layers = {node.name: built.get_layer(node.name) for node in analysis.nodes}
    random = np.random.default_rng(seed)
    for layer in layers.values():
        spread(layer, random)
    image = picture(shape, seed)
    outputs = keras.Model(built.input, {name: layer.output for name, layer in layers.items()})
    tensors = outputs(image[None], training=False)
    wanted = {name: np.asarray(tensor)[0] for name, tensor in tensors.items()}
    weights = {name: tuple(layer.get_weights()) for name, layer in layers.items()}
    found = forward(analysis, weights, image)
    assert list(found) == [node.name for node in analysis.nodes]
    for node in analysis.nodes:
        expected, made = wanted[node.name], found[node.name]
        assert made.dtype == np.float32, node
        assert made.shape == expected.shape == node.shape, node
        assert apart(made, expected) <= slack, node
        arriving = [wanted[name] for name in node.inputs] or [image.astype(np.float32)]
        own = weights[node.name] if node.parameters else ()  # a dropout keeps a seed in Keras
        assert apart(output(node.layer, arriving, own), expected) <= 1e-4, node
    return analysis


def apart(made: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """The largest difference, as a share of the largest number."""
    return float(np.abs(made - expected).max() / max(np.abs(expected).max(), 1e-3))


keras_needed = pytest.mark.tensorflow
# Keras warns of a softmax over one channel, which is 1 everywhere, and computes it
lonely = pytest.mark.filterwarnings("ignore:You are using a softmax over axis")


@pytest.fixture(scope="module", autouse=True)
def forget() -> Iterator[None]:
    """Let Keras forget the models, once: that takes longer than to build one."""
    yield
    if keras := sys.modules.get("keras"):
        keras.backend.clear_session()


IMAGES: list[Layer] = [
    *(
        Conv2D(filters=5, kernel_size=kernel, strides=step, padding=padding)
        for kernel in (1, 2, 3, 5)
        for step in (1, 2, 3)
        for padding in ("valid", "same")
    ),
    Conv2D(filters=3, kernel_size=7, strides=4, padding="same", use_bias=False),
    Conv2D(filters=4, kernel_size=31, padding="same"),
    Conv2D(filters=2, kernel_size=2, strides=16, padding="same"),
    *(
        layer(kernel_size=kernel, strides=step, padding=padding, depth_multiplier=times)
        for layer in (DepthwiseConv2D, SeparableConv2D)
        for kernel, step, times in ((1, 1, 1), (3, 1, 2), (3, 2, 1), (4, 2, 3), (2, 3, 1))
        for padding in ("valid", "same")
    ),
    DepthwiseConv2D(use_bias=False),
    SeparableConv2D(use_bias=False, activation="elu"),
    *(
        layer(pool_size=window, strides=step, padding=padding)
        for layer in (MaxPooling2D, AveragePooling2D)
        for window, step in ((2, None), (3, None), (3, 2), (3, 1), (2, 3), (5, 4), (1, 2))
        for padding in ("valid", "same")
    ),
    MaxPooling2D(pool_size=32, padding="same"),
    AveragePooling2D(pool_size=32, strides=1, padding="same"),
    BatchNormalization(),
    BatchNormalization(epsilon=0.3),
    LayerNormalization(),
    LayerNormalization(epsilon=0.3),
    *(GroupNormalization(groups=groups) for groups in (1, 2, 3, 6)),
    GroupNormalization(groups=2, epsilon=0.3),
    Dropout(),
    SpatialDropout2D(),
    ZeroPadding2D(),
    ZeroPadding2D(padding=5),
    *(
        UpSampling2D(size=size, interpolation=way)
        for size in (1, 2, 3, 5)
        for way in ("nearest", "bilinear")
    ),
    *(
        layer(normalization=norm)
        for layer in (ConvBlock, ResidualBlock, Bottleneck, InvertedResidual)
        for norm in ("batch", "layer", "group", "none")
    ),
    *(DenseBlock(normalization=norm) for norm in ("batch", "layer", "group", "none")),
    *(InceptionBlock(normalization=norm, repeat=2) for norm in ("batch", "group", "none")),
    ConvBlock(filters=7, kernel_size=4, strides=3, repeat=2, activation="gelu"),
    ResidualBlock(filters=6, repeat=2, activation="silu"),
    ResidualBlock(filters=9, strides=2, repeat=2),
    Bottleneck(filters=12, reduction=5, strides=2, repeat=2, activation="leaky_relu"),
    InvertedResidual(filters=6, expansion=1, repeat=2),
    InvertedResidual(filters=8, expansion=3, strides=2, repeat=2),
    SqueezeExcitation(),
    SqueezeExcitation(reduction=2),
    DenseBlock(repeat=3, growth=5, kernel_size=2, activation="elu"),
    InceptionBlock(filters=20),
    Whitening(),
    Whitening(directions=3, kernel_size=2, padding="valid"),
]
ROWS: list[Layer] = [
    Dense(units=7),
    Dense(units=1, use_bias=False, activation="tanh"),
    BatchNormalization(),
    LayerNormalization(),
    GroupNormalization(groups=3),
    Dropout(),
    Flatten(),
]


@keras_needed
@pytest.mark.parametrize("layer", IMAGES, ids=label)
def test_on_images(layer: Layer) -> None:
    """Each layer makes of an image what Keras makes of it, at sizes that no stride divides."""
    compare(on_image(layer), (13, 10, 3))


@keras_needed
@pytest.mark.parametrize("layer", ROWS, ids=label)
def test_on_rows(layer: Layer) -> None:
    """Each layer makes of a row of numbers what Keras makes of it."""
    compare(design(Input(), GlobalMaxPooling2D(), layer, Output()), (5, 4, 3))


@keras_needed
@pytest.mark.parametrize("function", FUNCTIONS)
def test_curves(function: Function) -> None:
    """Each curve is that of Keras, on images and on rows, alone and inside a layer."""
    curve = Activation(function=function)
    inside = Conv2D(filters=4, activation=function)
    compare(
        design(
            Input(scale="-1 to 1"),
            inside,
            DepthwiseConv2D(activation=function),
            SeparableConv2D(activation=function),
            curve,
            Flatten(),
            Dense(units=9, activation=function),
            curve,
            Output(),
        ),
        (12, 12, 3),
    )


@keras_needed
@pytest.mark.parametrize("layer", [Input.parse({"scale": scale}) for scale in SCALES], ids=SCALES)
def test_ends(layer: Layer) -> None:
    """Pixels are scaled as in Keras; layers that are switched off pass on what they get."""
    analysis = compare(
        design(layer, MaxPooling2D(on=False), Flatten(), Dense(on=False), Output()), (4, 5, 1)
    )
    assert [node.name for node in analysis.nodes] == ["input_1", "flatten_1", "output_1"]


@keras_needed
@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_presets(item: Preset) -> None:
    """Each preset's layers give in NumPy what they give in Keras."""
    compare(item.model, (32, 30, 3))


@keras_needed
def test_both_poolings() -> None:
    """Average and maximum side by side."""
    compare(design(Input(), Conv2D(filters=4), GlobalAverageMaxPooling2D(), Output()), (5, 4, 3))


def test_every_kind_is_compared() -> None:
    """The lists above leave out no kind of layer, but for a pretrained network."""
    pooled = (GlobalAveragePooling2D(), GlobalMaxPooling2D(), GlobalAverageMaxPooling2D())
    always = (Input(), Activation(), *pooled, Output())
    assert {layer.KIND for layer in (*IMAGES, *ROWS, *always, Backbone())} == set(LAYERS)


def test_it_ends_before_a_pretrained_network() -> None:
    """Whose weights are not looked for here."""
    transfer = design(Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D(), Output())
    analysis = analyse(transfer, (64, 64, 3), 3)
    assert not analysis.errors
    assert [node.name for node in computable(analysis)] == ["input_1"]


def steady(model: ModelSpec) -> ModelSpec:
    """The design without epsilons so small that a rounding error alone decides the output."""
    layers = [
        layer.changed(epsilon=max(layer.epsilon, 1e-2)) if hasattr(layer, "epsilon") else layer
        for layer in model.layers
    ]
    return model.model_copy(update={"layers": tuple(layers)})


@keras_needed
@lonely
@given(designs(), st.integers(0, 99))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_random_designs(example: Example, seed: int) -> None:
    """Any design gives in NumPy, node by node, what it gives in Keras."""
    # normalizing what hardly differs makes rounding errors 10 times larger, again and again
    compare(steady(example.model), example.shape, seed, slack=0.05)


@given(any_designs())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_design(example: Example) -> None:
    """Whatever a person puts together is computed as far as it goes, with the table's shapes."""
    analysis = analyse(*example)
    with pytest.MonkeyPatch.context() as patch:
        for name, most in (("VALUES", 1e6), ("PARAMETERS", 1e6), ("MACS", 1e8)):
            patch.setattr(f"core.design.forward.MOST_{name}", most)
        nodes = computable(analysis)
        found = forward(analysis, initial(analysis), picture(example.shape))
    assert list(found) == [node.name for node in nodes]
    assert [values.shape for values in found.values()] == [node.shape for node in nodes]


def computed(model: ModelSpec, shape: Shape = (8, 8, 3)) -> dict[str, NDArray[np.float32]]:
    """What the layers of an untrained design make of a random image."""
    analysis = analyse(model, shape, 3)
    return forward(analysis, initial(analysis, 1), picture(shape))


def test_stops_at_an_error() -> None:
    """A design with an error is computed up to the layer before it."""
    found = computed(design(Input(), Conv2D(), Dense(), Flatten(), Output()))
    assert list(found) == ["input_1", "conv2d_1"]
    assert computed(design(Conv2D(), Output())) == {}


def test_without_an_output() -> None:
    """A design that only lacks its output is computed whole."""
    assert list(computed(design(Input(), ConvBlock(repeat=2))))[-1] == "conv_block_1_act_2"


@pytest.mark.parametrize(
    "layers",
    [
        (UpSampling2D(size=16), UpSampling2D(size=16), UpSampling2D(size=16)),
        (Flatten(), Dense(units=65536), Dense(units=65536)),
        (ZeroPadding2D(padding=64), *[Conv2D(filters=4096, padding="same")] * 2),
        (Conv2D(filters=4096), SeparableConv2D(depth_multiplier=16, kernel_size=31)),
    ],
    ids=["values", "parameters", "multiply-adds", "between"],
)
def test_stops_before_too_much(layers: tuple[Layer, ...]) -> None:
    """A layer that would take too much time or memory is not computed, nor is any after it."""
    model = design(Input(), Conv2D(filters=16, padding="same"), *layers)
    analysis = analyse(model, (64, 64, 3), 3)
    nodes = computable(analysis)
    assert 2 <= len(nodes) < len(analysis.nodes)
    assert nodes == analysis.nodes[: len(nodes)]


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_presets_are_computed_whole(item: Preset) -> None:
    """No preset is too much, even for photos of 224 pixels."""
    analysis = analyse(item.model, (224, 224, 3), 100)
    assert computable(analysis) == analysis.nodes


def test_probabilities() -> None:
    """The output's numbers are probabilities: positive, and 1 together."""
    found = computed(preset("resnet-mini").model, (32, 32, 3))["output_1"]
    assert (found > 0).all()
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "image",
    [picture((8, 9, 3)), picture((8, 8, 1)), picture((8, 8, 3)).astype(np.float32)],
    ids=["size", "channels", "type"],
)
def test_another_image(image: NDArray[Any]) -> None:
    """An image that is not what the design takes in is refused with both shapes."""
    analysis = analyse(preset("starter").model, (8, 8, 3), 3)
    with pytest.raises(DataError) as caught:
        forward(analysis, initial(analysis), image)
    assert "8 × 8 × 3" in caught.value.expected
    assert str(image.dtype) in caught.value.received


def test_diverged_weights() -> None:
    """Weights that are no numbers give outputs that are none, without a warning."""
    analysis = analyse(preset("lab-cifar10").model, (16, 16, 3), 3)
    start = initial(analysis)
    broken = {name: tuple(array + np.float32(np.inf) for array in start[name]) for name in start}
    found = forward(analysis, broken, picture((16, 16, 3)))
    assert np.isnan(found["output_1"]).all()


def test_without_tensorflow() -> None:
    """Outputs, weights, maps and windows of a design come without TensorFlow or Keras."""
    code = """if True:
        import sys
        import numpy as np
        from core.design import analysis, forward, maps, presets, weights, window
        found = analysis.analyse(presets.preset("starter").model, (8, 8, 3), 3)
        start = weights.initial(found)
        outputs = forward.forward(found, start, np.zeros((8, 8, 3), np.uint8))
        maps.png(maps.grid(maps.maps(outputs["conv2d_1"])))
        assert window.sweep(found, start, outputs)
        assert not {"tensorflow", "keras", "h5py", "scipy"} & set(sys.modules)
        """
    subprocess.run([sys.executable, "-c", code], cwd=workspace.CHECKOUT, check=True)
