"""Many steps of training inside one compiled function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.specs import TrainSpec
from core.train.layers import Draw
from core.train.optimizers import Optimizer
from core.train.plain import KerasOptimizer, plain_twin
from core.train.plan import Precision
from core.train.twin import twin

_AUGMENTATION = 10**6  # the number of augmentation among the layers that draw random numbers

# (images uint8 [n, height, width, channels], labels int32 [n], key int32 [2]) -> (images, the labels
# of the images that were mixed in, and the share of each image that is still its own, float32 [n])
Augment = Callable[[Any, Any, Any], tuple[Any, Any, Any]]

# what TensorFlow says where it has no kernel for something, or one that does not do
UNABLE = (
    tf.errors.UnimplementedError,
    tf.errors.InvalidArgumentError,
    tf.errors.InternalError,
    tf.errors.NotFoundError,
    tf.errors.UnknownError,
)


class Steps(NamedTuple):
    """What some steps came to.

    Attributes:
        losses: float32 [steps], the sum over each step's images.
        hits: float32 [steps], how many of them were named right.
        images: in all.
    """

    losses: NDArray[np.float32]
    hits: NDArray[np.float32]
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

    What is random in a step depends on the seed and the step's number alone, and what it comes to
    does not depend on how many steps are run together.

    Args:
        model: gives the first weights; `weights` has the trained ones in the same order.
        weights: of the classes, float32 [classes]: how much an image of each counts.
        augment: changes the images of a tower; see core.train.augmentation.
        plain: with Keras's own layers and optimizer, in float32, in one tower, a step at a time.
        xla: each step compiled by XLA.
        shares: of the learning rate that each trainable weight learns with; all of it by default.
    """

    def __init__(
        self,
        model: keras.Model,
        spec: TrainSpec,
        *,
        precision: Precision,
        towers: int,
        weights: NDArray[np.float32] | None = None,
        augment: Augment | None = None,
        plain: bool = False,
        xla: bool = False,
        shares: Sequence[float] = (),
    ) -> None:
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.plain = plain
        self._spec, self._class_weights, self._augment = spec, weights, augment
        self._draw = Draw(spec.seed, self.step)
        self._twin = plain_twin(model) if plain else twin(model, precision, self._draw)
        self._trained = self._twin.trainable_weights
        self._variables = [weight.value for weight in self._trained]
        self._optimizer: Any = (
            KerasOptimizer(spec, self._trained, shares)
            if plain
            else Optimizer(spec, self._variables, shares)
        )
        self._averages = [
            tf.Variable(weight.value, trainable=False)
            for weight in (self._twin.weights if spec.average else ())
        ]
        self._towers = 1 if plain else towers
        signature = [
            tf.TensorSpec((None, *model.input_shape[1:]), model.input.dtype),
            tf.TensorSpec((None,), tf.int32),
        ]
        rate = tf.TensorSpec((), tf.float32)
        self._one = tf.function(
            self._step, [*signature, rate], autograph=False, jit_compile=xla or None
        )
        self._each = self._one if xla else self._step
        several = [*signature, tf.TensorSpec((), tf.int32), tf.TensorSpec((None,), tf.float32)]
        self._many = tf.function(self._steps, several, autograph=False)

    @property
    def weights(self) -> list[NDArray[Any]]:
        """As of the model it was made from; the averaged ones where the spec wants them."""
        if self._averages:
            return [average.numpy() for average in self._averages]
        return list(self._twin.get_weights())

    def trained(self) -> list[NDArray[Any]]:
        """A copy of the weights that training changes, as the last step left them."""
        return [variable.numpy() for variable in self._variables]

    def moved(self, before: Sequence[NDArray[Any]]) -> tuple[float, ...]:
        """Euclidean norms by which each trained weight has changed since it was `before`.

        One weight at a time, so that no second copy of all is needed.
        """
        return tuple(
            float(np.linalg.norm((variable.numpy() - old).ravel()))
            for old, variable in zip(before, self._variables, strict=True)
        )

    @property
    def state(self) -> list[NDArray[Any]]:
        """All that the next step depends on; set it to go on from there."""
        return [variable.numpy() for variable in self._state]

    @state.setter
    def state(self, values: Sequence[NDArray[Any]]) -> None:
        for variable, value in zip(self._state, values, strict=True):
            variable.assign(value)

    @property
    def _state(self) -> list[Any]:
        # a layer of Keras's own keeps the state of its random numbers in a variable
        kept = [item.value for item in self._twin.variables]
        return [self.step, *kept, *self._optimizer.slots, *self._averages]

    def run(
        self,
        images: NDArray[Any],
        labels: NDArray[Any],
        batch_size: int,
        rates: NDArray[np.float32],
    ) -> Steps:
        """Train one step for every learning rate.

        Args:
            images: of the model's input, [n, ...], in their order; the last batch may be smaller
                than the others.
            labels: int32 [n].
        """
        labels = labels.astype(np.int32, copy=False)
        if not self.plain:
            losses, hits = self._many(images, labels, batch_size, rates)
            return Steps(losses.numpy(), hits.numpy(), len(images))
        told = []
        for number, rate in enumerate(rates):
            span = slice(number * batch_size, (number + 1) * batch_size)
            told.append([float(value) for value in self._one(images[span], labels[span], rate)])
        sums = np.array(told, np.float32).reshape(-1, 2)
        return Steps(sums[:, 0], sums[:, 1], len(images))

    def _steps(self, images: Any, labels: Any, batch_size: Any, rates: Any) -> tuple[Any, Any]:
        count = tf.shape(rates)[0]

        def step(number: Any, losses: Any, hits: Any) -> tuple[Any, Any, Any]:
            span = slice(number * batch_size, (number + 1) * batch_size)
            loss, right = self._each(images[span], labels[span], rates[number])
            return number + 1, losses.write(number, loss), hits.write(number, right)

        empty = [tf.TensorArray(tf.float32, count, element_shape=()) for _ in range(2)]
        _, losses, hits = tf.while_loop(
            lambda number, *_: number < count,
            step,
            (tf.constant(0), *empty),
            parallel_iterations=1,
        )
        return losses.stack(), hits.stack()

    def _step(self, images: Any, labels: Any, rate: Any) -> tuple[Any, Any]:
        """One step; returns the sum of its losses and the number of its hits."""
        losses, hits = [], []
        with tf.GradientTape() as tape:
            for tower, (some, known, weight) in enumerate(parts(images, labels, self._towers)):
                self._draw.tower = tower
                loss, right = self._look(some, known)
                losses.append(tf.reduce_sum(weight * loss))
                hits.append(tf.reduce_sum(weight * tf.cast(right, tf.float32)))
            total = tf.add_n(losses)
            count = tf.cast(tf.shape(labels)[0], tf.float32)
            # as Keras does, the loss that is told holds the penalties
            if penalties := self._twin.losses:
                total += tf.add_n(penalties) * count
            aim = total / count
        gradients = tape.gradient(aim, self._variables)
        if self._spec.clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self._spec.clip_norm)
        self._optimizer.apply(gradients, rate)
        for weight in self._trained:
            if weight.constraint is not None:
                weight.assign(weight.constraint(weight))
        self._average()
        self.step.assign_add(1)
        return total, tf.add_n(hits)

    def _look(self, images: Any, labels: Any) -> tuple[Any, Any]:
        """Loss float32 [n] and hit bool [n] of the images of a tower."""
        others, shares = labels, None
        if self._augment is not None:
            key = self._draw.key(_AUGMENTATION)
            images, others, shares = self._augment(images, labels, key)
        logits = self._twin(images, training=True)
        right = tf.argmax(logits, axis=-1, output_type=tf.int32) == labels
        loss = self._loss(logits, labels)
        if shares is not None and others is not labels:
            loss = shares * loss + (1.0 - shares) * self._loss(logits, others)
        return loss, right

    def _loss(self, logits: Any, labels: Any) -> Any:
        """Cross-entropy, float32 [n]."""
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        if smooth := self._spec.label_smoothing:
            spread = -tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1)
            loss = (1.0 - smooth) * loss + smooth * spread
        if self._class_weights is not None:
            loss *= tf.gather(tf.constant(self._class_weights), labels)
        return loss

    def _average(self) -> None:
        """Move the averages towards the weights; less at first, when all they know is the beginning."""
        if not self._averages:
            return
        step = tf.cast(self.step, tf.float32)
        keep = tf.minimum(self._spec.average, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self._averages, self._twin.weights, strict=True):
            average.assign_sub((1.0 - keep) * (average - weight.value))
