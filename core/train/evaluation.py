"""Loss and accuracy of a model on images that it does not learn from."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.train.loop import parts


class Evaluation:
    """Puts images through a model, in parts side by side as in training.

    Args:
        model: from images, or features of them, to probabilities.
        mirror: average them with those of the mirror images, as the saved model does.
    """

    def __init__(self, model: keras.Model, towers: int, *, mirror: bool = False) -> None:
        self._model, self._towers, self._mirror = model, towers, mirror
        self._run = tf.function(
            self._sums,
            input_signature=[
                tf.TensorSpec((None, *model.input_shape[1:]), model.input.dtype),
                tf.TensorSpec((None,), tf.int32),
            ],
            autograph=False,
        )

    def run(self, images: Any, labels: Any) -> tuple[float, int, NDArray[np.float32]]:
        """Sum of the losses, without penalties; number of hits; probabilities [n, classes].

        Args:
            images: of the model's input, [n, ...].
            labels: int32 [n].
        """
        loss, hits, chances = self._run(images, labels)
        return float(loss), int(hits), chances.numpy()

    @property
    def penalties(self) -> float:
        """What large weights add to the loss, as Keras tells it."""
        return float(sum(float(loss) for loss in self._model.losses))

    def _sums(self, images: Any, labels: Any) -> tuple[Any, Any, Any]:
        losses, hits, told = [], [], []
        for some, known, weight in parts(images, labels, self._towers):
            chances = self._chances(some)
            loss = keras.losses.sparse_categorical_crossentropy(known, chances)
            losses.append(tf.reduce_sum(weight * loss))
            told.append(chances)
            right = tf.argmax(chances, axis=-1, output_type=tf.int32) == known
            hits.append(tf.reduce_sum(weight * tf.cast(right, tf.float32)))
        # the parts are in order; what comes again, where images are few, comes last
        return tf.add_n(losses), tf.add_n(hits), tf.concat(told, 0)[: tf.shape(labels)[0]]

    def _chances(self, images: Any) -> Any:
        chances = self._model(images, training=False)
        if not self._mirror:
            return chances
        with tf.control_dependencies([chances]):  # one after the other, in the memory of one
            mirrored = tf.reverse(images, [2])
        return (chances + self._model(mirrored, training=False)) / 2.0
