"""core.train.loop against Keras, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.specs import (
    Activation,
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
    TrainSpec,
)
from core.train import backend

pytestmark = pytest.mark.tensorflow

SHAPE, CLASSES = (8, 8, 3), 4


def design(*layers: Layer) -> ModelSpec:
    """A design of these layers between Input and Output."""
    return ModelSpec(name="mine", layers=(Input(), *layers, Output()))


PLAIN = design(
    # a bias before the normalization has no gradient but noise, which Adam would blow up
    Conv2D(filters=6, activation="linear", use_bias=False, l2=0.01, max_norm=0.4),
    BatchNormalization(),
    Activation(),
    MaxPooling2D(),
    Flatten(),
    Dense(units=8, l1=0.001),
)
RANDOM = design(Conv2D(filters=4), Dropout(rate=0.4), Flatten())


@pytest.fixture(autouse=True)
def keras() -> Any:
    """Keras, started as the worker does, with a fixed seed for first weights."""
    module = backend.start()
    module.utils.set_random_seed(0)
    return module


def build(model: ModelSpec) -> Any:
    """The Keras model of a design."""
    from core.design import build as room

    return room.build(model, SHAPE, CLASSES)


def pictures(count: int) -> tuple[Any, Any]:
    """Images uint8 of noise whose brightness tells the class, and labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, count)
    images = rng.integers(0, 60, (count, *SHAPE)) + 60 * labels[:, None, None, None]
    return images.astype(np.uint8), labels


def loop(model: Any, spec: TrainSpec, towers: int = 1, precision: Any = "float32") -> Any:
    """A loop over a model."""
    from core.train.loop import Loop

    return Loop(model, spec, precision=precision, towers=towers)


def rates(count: int, rate: float = 0.01) -> Any:
    """The same learning rate for so many steps."""
    return np.full(count, rate, np.float32)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_steps_are_those_of_keras(keras: Any, optimizer: Any) -> None:
    """Losses, hits and weights of ten batches, the last one smaller, with penalties and limits."""
    model = build(PLAIN)
    spec = TrainSpec(optimizer=optimizer, batch_size=16, learning_rate=0.01)
    ours = loop(model, spec)
    theirs = {
        "adam": keras.optimizers.Adam(0.01),
        "sgd": keras.optimizers.SGD(0.01, momentum=0.9),
    }[optimizer]
    model.compile(theirs, "sparse_categorical_crossentropy", metrics=["accuracy"])
    images, labels = pictures(9 * 16 + 5)
    losses, hits = [], 0.0
    for start in range(0, len(images), 16):
        part = slice(start, start + 16)
        model.reset_metrics()
        told = model.train_on_batch(images[part], labels[part], return_dict=True)
        losses.append(float(told["loss"]) * len(labels[part]))
        hits += float(told["accuracy"]) * len(labels[part])
    sums = ours.run(images, labels, 16, rates(10))
    assert sums.images == len(images)
    assert sums.losses.sum() == pytest.approx(sum(losses), rel=1e-3)
    assert sums.hits.sum() == pytest.approx(hits, abs=1.5)
    for one, other in zip(ours.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.02, atol=2e-3)
    assert int(ours.step) == 10


@pytest.mark.parametrize("towers", [2, 3])
def test_towers_add_up_to_the_whole_batch(towers: int) -> None:
    """Without what looks at the batch as a whole, cutting it changes nothing."""
    model = build(design(Conv2D(filters=4), Flatten(), Dense(units=6)))
    spec = TrainSpec(batch_size=16)
    images, labels = pictures(64)
    one, many = loop(model, spec), loop(model, spec, towers)
    sums = [item.run(images, labels, 16, rates(4)) for item in (one, many)]
    np.testing.assert_allclose(sums[0].losses, sums[1].losses, rtol=1e-4)
    np.testing.assert_array_equal(sums[0].hits, sums[1].hits)
    for first, second in zip(one.weights, many.weights, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-5)


def test_random_numbers_come_again() -> None:
    """One run of six steps equals two of three: random numbers hang on the step alone."""
    model = build(RANDOM)
    spec = TrainSpec(batch_size=8)
    images, labels = pictures(48)
    once, twice = loop(model, spec, 2), loop(model, spec, 2)
    whole = once.run(images, labels, 8, rates(6))
    parts = [
        twice.run(images[part], labels[part], 8, rates(3)) for part in (slice(24), slice(24, 48))
    ]
    np.testing.assert_array_equal(whole.losses, np.concatenate([part.losses for part in parts]))
    for first, second in zip(once.weights, twice.weights, strict=True):
        np.testing.assert_array_equal(first, second)


def test_another_seed_drops_others() -> None:
    """Dropout depends on the run's seed."""
    model = build(RANDOM)
    images, labels = pictures(16)
    losses = {
        loop(model, TrainSpec(batch_size=16, seed=seed)).run(images, labels, 16, rates(1)).losses[0]
        for seed in range(3)
    }
    assert len(losses) == 3


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns(precision: str) -> None:
    """Brightness is learned in some epochs, in either precision."""
    model = build(design(Conv2D(filters=8), BatchNormalization(), Flatten(), Dense(units=16)))
    images, labels = pictures(160)
    ours = loop(model, TrainSpec(batch_size=16), 2, precision)
    for _ in range(20):
        sums = ours.run(images, labels, 16, rates(10, 0.003))
    assert sums.hits.sum() / sums.images > 0.9


def test_xla_comes_to_the_same() -> None:
    """Compiled by XLA, as on a graphics card, steps come to the same but for rounding."""
    from core.train.loop import Loop

    first = Conv2D(filters=4, use_bias=False)  # see PLAIN
    model = build(design(first, BatchNormalization(), Dropout(), Flatten()))
    spec = TrainSpec(batch_size=16, label_smoothing=0.1, average=0.9, clip_norm=1.0)
    images, labels = pictures(40)
    found = []
    for xla in (False, True):
        ours = Loop(model, spec, precision="float32", towers=1, xla=xla)
        sums = ours.run(images, labels, 16, rates(3))
        found.append([sums.losses, sums.hits, *ours.weights])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_how_far_weights_have_moved() -> None:
    """The norm of each trained weight's change since it was kept; what is kept stays as it was."""
    images, labels = pictures(8)
    moving = loop(build(PLAIN), TrainSpec(batch_size=8))
    before = moving.trained()
    assert moving.moved(before) == (0.0,) * len(before)
    moving.run(images, labels, 8, rates(1))
    now = moving.trained()
    wanted = [np.linalg.norm(new - old) for old, new in zip(before, now, strict=True)]
    assert min(wanted) > 0
    assert moving.moved(before) == pytest.approx(wanted)


@pytest.mark.parametrize("plain", [False, True], ids=["fast", "keras"])
def test_shares_of_the_learning_rate(plain: bool) -> None:
    """A weight learns with its share: in one step of plain descent it moves as much less."""
    from core.train.loop import Loop

    model = build(design(Flatten(), Dense(units=8)))
    spec = TrainSpec(optimizer="sgd", momentum=0.0, batch_size=8)
    images, labels = pictures(8)
    told = []
    for shares in ((), (0.5, 0.5, 1.0, 0.25)):
        ours = Loop(model, spec, precision="float32", towers=1, plain=plain, shares=shares)
        before = ours.trained()
        ours.run(images, labels, 8, rates(1))
        told.append(ours.moved(before))
    wanted = [whole * share for whole, share in zip(told[0], (0.5, 0.5, 1.0, 0.25), strict=True)]
    assert min(wanted) > 0
    assert told[1] == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("plain", [False, True], ids=["fast", "keras"])
def test_normalization_that_is_frozen(keras: Any, plain: bool) -> None:
    """Its statistics and factors stay through a training, while what is around it learns."""
    from core.train.loop import Loop

    model = build(design(Conv2D(filters=4), BatchNormalization(), Flatten()))
    (norm,) = (one for one in model.layers if isinstance(one, keras.layers.BatchNormalization))
    norm.trainable = False
    norm.set_weights([np.full(4, value, np.float32) for value in (1.5, 0.1, 0.3, 2.0)])
    images, labels = pictures(32)
    ours = Loop(model, TrainSpec(batch_size=8), precision="float32", towers=1, plain=plain)
    ours.run(images, labels, 8, rates(4))
    kept = [any(weight is own for own in norm.weights) for weight in model.weights]
    assert sum(kept) == 4
    for stays, one, other in zip(kept, ours.weights, model.get_weights(), strict=True):
        assert np.array_equal(one, other) == stays
