"""Tests that the Keras model is what the shape table says, for presets and random designs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.design.analysis import table
from core.design.presets import PRESETS, Preset, preset
from core.errors import SpecError
from core.specs import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    ModelSpec,
    Output,
)
from core.train import backend

pytestmark = pytest.mark.tensorflow

Shape = tuple[int, int, int]


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    """Keras, started once as the worker does."""
    return backend.start()


def built(model: ModelSpec, shape: Shape, classes: int, **options: Any) -> Any:
    """The Keras model of a design."""
    from core.design.build import build

    return build(model, shape, classes, **options)


def size(weights: list[Any]) -> int:
    """Number of numbers in these weights."""
    return sum(int(np.prod(weight.shape)) for weight in weights)


def compare(model: ModelSpec, shape: Shape, classes: int) -> None:
    """Every row of the table agrees with the layer of that name, and the totals with the model."""
    import keras

    keras.backend.clear_session()
    made = built(model, shape, classes)
    rows = table(model, shape, classes)
    for row in rows:
        layer = made.get_layer(row.name)
        assert layer.output.shape[1:] == row.output_shape, row
        assert layer.count_params() == row.parameters, row
        assert size(layer.trainable_weights) == row.trainable, row
    assert made.count_params() == sum(row.parameters for row in rows)
    assert size(made.trainable_weights) == sum(row.trainable for row in rows)
    assert made.output.shape == (None, classes)


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1), (64, 64, 3)], ids=str)
@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_presets(item: Preset, shape: Shape) -> None:
    """Each layer of a preset has in Keras the shape and the parameters of the table."""
    compare(item.model, shape, 10)


paddings = st.sampled_from(["valid", "same"])
functions = st.sampled_from(
    ["linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"]
)
windows = st.integers(1, 4)
anywhere: st.SearchStrategy[Layer] = st.one_of(
    st.builds(BatchNormalization),
    st.builds(Activation, function=functions),
    st.builds(Dropout, rate=st.floats(0, 0.9)),
)
on_images: st.SearchStrategy[Layer] = st.one_of(
    st.builds(
        Conv2D,
        filters=st.integers(1, 4),
        kernel_size=windows,
        strides=st.integers(1, 3),
        padding=paddings,
        activation=functions,
    ),
    st.builds(MaxPooling2D, pool_size=windows, padding=paddings),
    st.builds(AveragePooling2D, pool_size=windows, padding=paddings),
    anywhere,
)
on_rows: st.SearchStrategy[Layer] = st.one_of(
    st.builds(
        Dense,
        units=st.integers(1, 5),
        activation=functions,
        max_norm=st.none() | st.floats(0.5, 4),
    ),
    st.builds(Flatten),
    anywhere,
)


@st.composite
def designs(draw: st.DrawFn) -> tuple[ModelSpec, Shape, int]:
    """A small design that fits a small image, the image's shape, and a number of classes."""
    layers = [
        Input(scale=draw(st.sampled_from(["0 to 1", "-1 to 1"]))),
        *draw(st.lists(on_images, max_size=4)),
        Flatten(),
        *draw(st.lists(on_rows, max_size=3)),
        Output(),
    ]
    model = ModelSpec(name="random", layers=tuple(layers))
    shape = (draw(st.integers(4, 20)), draw(st.integers(4, 20)), draw(st.sampled_from([1, 3])))
    classes = draw(st.integers(2, 5))
    try:
        table(model, shape, classes)
    except SpecError:
        assume(False)
    return model, shape, classes


@given(designs())
@settings(deadline=None, max_examples=15)
def test_random_designs(example: tuple[ModelSpec, Shape, int]) -> None:
    """Any design whose shapes fit has in Keras the shapes and the parameters of the table."""
    compare(*example)


def test_probabilities() -> None:
    """The model takes uint8 images and gives a probability for each class."""
    made = built(preset("starter").model, (16, 16, 3), 4)
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
    found = made.predict(images, verbose=0)
    assert found.shape == (5, 4)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert made.input.dtype == "uint8"


@pytest.mark.parametrize(("scale", "low", "high"), [("0 to 1", 0, 1), ("-1 to 1", -1, 1)])
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


def test_max_norm() -> None:
    """A dense layer's max norm becomes a constraint on its weights; without one there is none."""
    layers = (Input(), Flatten(), Dense(units=2, max_norm=2.0), Dense(units=2), Output())
    made = built(ModelSpec(name="mine", layers=layers), (4, 4, 1), 2)
    assert made.get_layer("dense_1").kernel_constraint.max_value == 2.0
    assert made.get_layer("dense_2").kernel_constraint is None


def test_settings_reach_keras() -> None:
    """Rate, momentum, epsilon, strides and activation are those of the design."""
    layers = (
        Input(),
        Conv2D(filters=2, strides=2, activation="gelu"),
        BatchNormalization(momentum=0.5, epsilon=0.01),
        Dropout(rate=0.3),
        Flatten(),
        Output(),
    )
    made = built(ModelSpec(name="mine", layers=layers), (9, 9, 1), 2)
    assert made.get_layer("conv2d_1").strides == (2, 2)
    assert made.get_layer("conv2d_1").activation.__name__ == "gelu"
    assert made.get_layer("batch_normalization_1").momentum == 0.5
    assert made.get_layer("batch_normalization_1").epsilon == 0.01
    assert made.get_layer("dropout_1").rate == 0.3
    assert made.get_layer("output_1").activation.__name__ == "softmax"


def test_misfit_is_refused_in_our_words() -> None:
    """A design that does not fit is refused by the table, before Keras can stumble."""
    with pytest.raises(SpecError, match="Layer 2"):
        built(ModelSpec(name="mine", layers=(Input(), Output())), (8, 8, 3), 2)
