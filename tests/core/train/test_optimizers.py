"""core.train.optimizers against Keras's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.specs import TrainSpec
from core.train import backend

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd", "rmsprop"])
def test_steps_are_those_of_keras(kind: str) -> None:
    """Ten steps of changing gradients, at changing rates, on two weights."""
    keras = backend.start()
    import tensorflow as tf

    from core.train.optimizers import Optimizer

    theirs = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": lambda: keras.optimizers.SGD(momentum=0.9),
        "rmsprop": keras.optimizers.RMSprop,
    }[kind]()
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype("float32") for shape in ((3, 4), (5,))]
    ours, mirror = ([tf.Variable(value) for value in start] for _ in range(2))
    optimizer = Optimizer(TrainSpec(optimizer=kind), ours)
    known = [keras.Variable(value) for value in mirror]
    for step in range(10):
        gradients = [tf.constant(rng.normal(size=value.shape).astype("float32")) for value in start]
        rate = 0.01 / (1 + step)
        optimizer.apply(gradients, tf.constant(rate))
        theirs.learning_rate = rate
        theirs.apply(gradients, known)
    for one, other, first in zip(ours, known, start, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
        assert not np.allclose(one, first)


def test_a_weight_that_nothing_depends_on_stays() -> None:
    """Such a weight has no gradient."""
    backend.start()
    import tensorflow as tf

    from core.train.optimizers import Optimizer

    weights = [tf.Variable([1.0]), tf.Variable([1.0])]
    Optimizer(TrainSpec(), weights).apply([None, tf.constant([1.0])], tf.constant(0.1))
    assert float(weights[0][0]) == 1.0
    assert float(weights[1][0]) < 1.0


def test_slots_bring_a_training_back() -> None:
    """With weights and slots set back, the next step is the same."""
    backend.start()
    import tensorflow as tf

    from core.train.optimizers import Optimizer

    weight = tf.Variable([1.0, -2.0])
    optimizer = Optimizer(TrainSpec(), [weight])
    gradient, rate = tf.constant([0.3, 0.1]), tf.constant(0.1)
    optimizer.apply([gradient], rate)
    kept = [variable.numpy() for variable in (weight, *optimizer.slots)]
    optimizer.apply([2 * gradient], rate)
    expected = weight.numpy()
    for variable, value in zip((weight, *optimizer.slots), kept, strict=True):
        variable.assign(value)
    optimizer.apply([2 * gradient], rate)
    np.testing.assert_array_equal(weight.numpy(), expected)


def changes(
    spec: TrainSpec, shares: tuple[float, ...], *, plain: bool, steps: int = 1
) -> list[Any]:
    """How much each of three weights changes in some steps, one way or the other."""
    keras = backend.start()
    import tensorflow as tf

    from core.train.optimizers import Optimizer
    from core.train.plain import KerasOptimizer

    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype("float32") for shape in ((3, 4), (5,), (2, 2))]
    known = [keras.Variable(value) for value in start]
    optimizer: Any = (
        KerasOptimizer(spec, known, shares)
        if plain
        else Optimizer(spec, [one.value for one in known], shares)
    )
    for _ in range(steps):
        gradients = [tf.constant(rng.normal(size=value.shape).astype("float32")) for value in start]
        optimizer.apply(gradients, tf.constant(0.01))
    return [np.asarray(one) - first for one, first in zip(known, start, strict=True)]


PLAIN = pytest.mark.parametrize("plain", [False, True], ids=["fast", "keras"])


@PLAIN
def test_a_share_of_the_learning_rate(plain: bool) -> None:
    """A weight with half of it changes half as much, one with all of it as without shares."""
    spec = TrainSpec(optimizer="sgd", momentum=0.0)
    whole = changes(spec, (), plain=plain)
    half = changes(spec, (0.5, 1.0, 0.25), plain=plain)
    for one, other, share in zip(half, whole, (0.5, 1.0, 0.25), strict=True):
        np.testing.assert_allclose(one, share * other, rtol=1e-3, atol=1e-7)
        assert np.abs(other).max() > 1e-3


@PLAIN
@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd", "rmsprop"])
def test_all_of_it_is_as_without_shares(kind: Any, plain: bool) -> None:
    """To the last bit, over several steps."""
    spec = TrainSpec(optimizer=kind)
    every = changes(spec, (1.0, 1.0, 1.0), plain=plain, steps=3)
    for one, other in zip(every, changes(spec, (), plain=plain, steps=3), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd", "rmsprop"])
def test_both_ways_share_alike(kind: Any) -> None:
    """The fast optimizers and Keras's, whose change is partly taken back, over several steps."""
    spec, shares = TrainSpec(optimizer=kind), (0.5, 1.0, 0.1)
    for steps in (1, 5):
        ours = changes(spec, shares, plain=False, steps=steps)
        theirs = changes(spec, shares, plain=True, steps=steps)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-6)


def test_a_share_for_each_weight() -> None:
    """Not for some of them."""
    for plain in (False, True):
        with pytest.raises(ValueError, match="shorter"):
            changes(TrainSpec(), (0.5, 1.0), plain=plain)
