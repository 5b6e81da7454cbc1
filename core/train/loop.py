"""Many steps of training inside one compiled function."""

from __future__ import annotations

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
        self._batch_size, self._towers = spec.batch_size, towers
        height, width, channels = model.input_shape[1:]
        self._run = tf.function(
            self._steps,
            input_signature=[
                tf.TensorSpec((None, height, width, channels), tf.uint8),
                tf.TensorSpec((None,), tf.int32),
                tf.TensorSpec((None,), tf.float32),
            ],
            autograph=False,
        )

    @property
    def weights(self) -> list[NDArray[Any]]:
        """As of the model it was made from."""
        return list(self._twin.get_weights())

    def run(
        self, images: NDArray[np.uint8], labels: NDArray[Any], rates: NDArray[np.float32]
    ) -> Sums:
        """Train one step for every learning rate.

        Args:
            images: uint8 [n, height, width, channels], in their order; only the last batch may be
                smaller than the others, but not than the number of towers.
            labels: int32 [n].
        """
        loss, hits = self._run(images, labels.astype(np.int32, copy=False), rates)
        return Sums(float(loss), int(hits), len(images))

    def _steps(self, images: Any, labels: Any, rates: Any) -> tuple[Any, Any]:
        def step(number: Any, loss: Any, hits: Any) -> tuple[Any, Any, Any]:
            span = slice(number * self._batch_size, (number + 1) * self._batch_size)
            more, right = self._step(images[span], labels[span], rates[number])
            return number + 1, loss + more, hits + right

        _, loss, hits = tf.while_loop(
            lambda number, *_: number < tf.shape(rates)[0],
            step,
            (tf.constant(0), tf.constant(0.0), tf.constant(0)),
            parallel_iterations=1,
        )
        return loss, hits

    def _step(self, images: Any, labels: Any, rate: Any) -> tuple[Any, Any]:
        """One step; returns the sum of its losses and the number of its hits."""
        count = tf.shape(images)[0]
        losses, hits = [], []
        with tf.GradientTape() as tape:
            for tower in range(self._towers):
                part = slice(count * tower // self._towers, count * (tower + 1) // self._towers)
                self._draw.tower = tower
                logits = self._twin(images[part], training=True)
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[part], logits)
                losses.append(tf.reduce_sum(loss))
                found = tf.argmax(logits, axis=-1, output_type=tf.int32)
                hits.append(tf.reduce_sum(tf.cast(found == labels[part], tf.int32)))
            total = tf.add_n(losses)
            images_here = tf.cast(count, tf.float32)
            # as Keras does, the loss that is told holds the penalties
            if penalties := self._twin.losses:
                total += tf.add_n(penalties) * images_here
            aim = total / images_here
        self._optimizer.apply(tape.gradient(aim, self._variables), rate)
        for weight in self._twin.trainable_variables:
            if weight.constraint is not None:
                weight.assign(weight.constraint(weight))
        self.step.assign_add(1)
        return total, tf.add_n(hits)
