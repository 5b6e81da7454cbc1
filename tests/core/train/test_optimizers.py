"""core.train.optimizers against Keras's own."""

from __future__ import annotations

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
