"""Many steps of training inside one compiled function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.specs import TrainSpec
from core.train.layers import Draw
from core.train.optimizers import Optimizer
from core.train.twin import Precision, twin


class Sums(NamedTuple):
    """What a number of steps adds up to; divide by `images` for means."""

    loss: float
    hits: int
    images: int


def parts(images: Any, labels: Any, towers: int) -> Iterator[tuple[Any, Any, Any]]:
    """A batch cut into parts of about the same size: images, labels, and their weights, float32.

    All weights are 1, except where there are fewer images than towers: then some come again, with a
    weight of 0, since a network cannot be asked about no image at all.
    """
    count = tf.shape(labels)[0]
    places = tf.range(tf.maximum(count, towers))
    for tower in range(towers):
        total = tf.shape(places)[0]
        chosen = places[total * tower // towers : total * (tower + 1) // towers]
        some = chosen % count
        weight = tf.cast(chosen < count, tf.float32)
        yield tf.gather(images, some), tf.gather(labels, some), weight


class Loop:
    """Trains a model's twin on what it is fed.

    Every batch is cut into `towers` equal parts that go through the network side by side, each with
    one thread: for kernels of this size that beats one part with all threads. Batch normalization
    then sees a part of the batch at a time.

    Args:
        model: gives the first weights; `weights` has the trained ones in the same order.
    """

    def __init__(
        self, model: keras.Model, spec: TrainSpec, *, precision: Precision, towers: int
    ) -> None:
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._draw = Draw(spec.seed, self.step)
        self._twin = twin(model, precision, self._draw)
        self._variables = [weight.value for weight in self._twin.trainable_variables]
        self._optimizer = Optimizer(spec, self._variables)
        self._towers = towers
        height, width, channels = model.input_shape[1:]
        self._run = tf.function(
            self._steps,
            input_signature=[
                tf.TensorSpec((None, height, width, channels), tf.uint8),
                tf.TensorSpec((None,), tf.int32),
                tf.TensorSpec((), tf.int32),
                tf.TensorSpec((None,), tf.float32),
            ],
            autograph=False,
        )

    @property
    def weights(self) -> list[NDArray[Any]]:
        """As of the model it was made from."""
        return list(self._twin.get_weights())

    def run(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[Any],
        batch_size: int,
        rates: NDArray[np.float32],
    ) -> Sums:
        """Train one step for every learning rate.

        Args:
            images: uint8 [n, height, width, channels], in their order; the last batch may be smaller
                than the others.
            labels: int32 [n].
        """
        loss, hits = self._run(images, labels.astype(np.int32, copy=False), batch_size, rates)
        return Sums(float(loss), int(hits), len(images))

    def _steps(self, images: Any, labels: Any, batch_size: Any, rates: Any) -> tuple[Any, Any]:
        def step(number: Any, loss: Any, hits: Any) -> tuple[Any, Any, Any]:
            span = slice(number * batch_size, (number + 1) * batch_size)
            more, right = self._step(images[span], labels[span], rates[number])
            return number + 1, loss + more, hits + right

        _, loss, hits = tf.while_loop(
            lambda number, *_: number < tf.shape(rates)[0],
            step,
            (tf.constant(0), tf.constant(0.0), tf.constant(0.0)),
            parallel_iterations=1,
        )
        return loss, hits

    def _step(self, images: Any, labels: Any, rate: Any) -> tuple[Any, Any]:
        """One step; returns the sum of its losses and the number of its hits."""
        losses, hits = [], []
        with tf.GradientTape() as tape:
            for tower, (some, known, weight) in enumerate(parts(images, labels, self._towers)):
                self._draw.tower = tower
                logits = self._twin(some, training=True)
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(known, logits)
                losses.append(tf.reduce_sum(weight * loss))
                right = tf.argmax(logits, axis=-1, output_type=tf.int32) == known
                hits.append(tf.reduce_sum(weight * tf.cast(right, tf.float32)))
            total = tf.add_n(losses)
            count = tf.cast(tf.shape(labels)[0], tf.float32)
            # as Keras does, the loss that is told holds the penalties
            if penalties := self._twin.losses:
                total += tf.add_n(penalties) * count
            aim = total / count
        self._optimizer.apply(tape.gradient(aim, self._variables), rate)
        for weight in self._twin.trainable_variables:
            if weight.constraint is not None:
                weight.assign(weight.constraint(weight))
        self.step.assign_add(1)
        return total, tf.add_n(hits)
