"""Compile, feed and fit a design with Keras."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.data.dataset import Dataset
from core.data.splits import Indices
from core.design.cost import evaluation_batch
from core.specs import TrainSpec


def compile_model(model: keras.Model, spec: TrainSpec) -> None:
    """Set the optimizer of `spec`, cross-entropy loss and accuracy."""
    rate = spec.learning_rate
    optimizers = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "adamw": lambda: keras.optimizers.AdamW(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
    }
    model.compile(
        optimizers[spec.optimizer](),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )


def batches(data: Dataset, rows: Indices, batch_size: int, *, shuffle_seed: int | None) -> Any:
    """A tf.data.Dataset of (uint8 images, labels), gathered from the memory map batch by batch.

    With a seed the order is new in every epoch and the same in every run with that seed.
    """
    images, labels = data.images.images, data.images.labels

    def gather(picked: Any) -> tuple[Any, Any]:
        return images[picked], labels[picked]

    def fetch(picked: Any) -> tuple[Any, Any]:
        x, y = tf.numpy_function(gather, [picked], (tf.uint8, tf.int64), stateful=False)
        x.set_shape((None, *data.shape))
        y.set_shape((None,))
        return x, y

    order = tf.data.Dataset.from_tensor_slices(rows)
    if shuffle_seed is not None:
        order = order.shuffle(len(rows), seed=shuffle_seed)
    ready = order.batch(batch_size).map(fetch, num_parallel_calls=1).prefetch(2)
    steps = math.ceil(len(rows) / batch_size)
    return ready.apply(tf.data.experimental.assert_cardinality(steps))


def fit(
    model: keras.Model,
    data: Dataset,
    train: Indices,
    validation: Indices,
    spec: TrainSpec,
    callback: keras.callbacks.Callback,
) -> None:
    """Train for spec.epochs epochs, or until the callback stops it."""
    model.fit(
        batches(data, train, spec.batch_size, shuffle_seed=spec.seed),
        validation_data=batches(data, validation, evaluation_batch(data.shape), shuffle_seed=None),
        epochs=spec.epochs,
        shuffle=False,  # `batches` does it
        verbose=0,
        callbacks=[callback],
    )


def evaluate(model: keras.Model, data: Dataset, rows: Indices) -> tuple[float, float]:
    """Mean loss and accuracy (0 to 1) over some rows."""
    loss, accuracy = model.evaluate(
        batches(data, rows, evaluation_batch(data.shape), shuffle_seed=None), verbose=0
    )
    return float(loss), float(accuracy)


def sample_images(data: Dataset, rows: Indices, count: int) -> Any:
    """Up to `count` images, evenly spread over `rows`: uint8 [count, height, width, channels]."""
    picks = np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))
    return np.asarray(data.images.images[rows[picks]])
