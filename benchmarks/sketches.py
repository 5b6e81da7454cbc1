"""How hard the built-in sketches are: logistic regression on pixels against the starter CNN.

    python benchmarks/sketches.py --seeds 0 1 2

The set earns its place when a small CNN learns what a linear model on pixels cannot: under 0.6
test accuracy for the linear model, over 0.9 for the CNN within a minute of training on two cores.
Each seed draws a new set, splits it 70/10/20 by class, and starts both models afresh.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from core.data import sketches

EPOCHS = 10
INPUT_SIZE = 64
LINEAR_SIZE = 32
LINEAR_STRENGTHS = (0.0003, 0.003, 0.03)
"""Values of C, the inverse of the penalty; below and above the best of them it only gets worse."""


@dataclass(frozen=True)
class Split:
    """Images uint8 [n, size, size, 3] and labels [n] of the three parts."""

    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Row:
    """What one seed measured; accuracies are shares of the test part."""

    draw_s: float
    linear_accuracy: float
    cnn_accuracy: float
    train_s: float


def split(images: np.ndarray, labels: np.ndarray, seed: int) -> Split:
    """70/10/20, every class in proportion."""
    rest, rest_y, test, test_y = _part(images, labels, 0.2, seed)
    train, train_y, held, held_y = _part(rest, rest_y, 0.125, seed)
    return Split((train, train_y), (held, held_y), (test, test_y))


def _part(
    images: np.ndarray, labels: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    kept, taken = train_test_split(
        np.arange(len(labels)), test_size=share, stratify=labels, random_state=seed
    )
    return images[kept], labels[kept], images[taken], labels[taken]


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """The images at `size` x `size`, as Pillow's bilinear filter makes them."""
    shape = (size, size)
    return np.stack(
        [np.asarray(Image.fromarray(i).resize(shape, Image.Resampling.BILINEAR)) for i in images]
    )


def linear_accuracy(parts: Split) -> float:
    """The best test accuracy over grey or RGB pixels and the penalties.

    Picking the best by its test accuracy favours the linear model, which is the cautious side.
    """
    best = 0.0
    train, test = (resized(part[0], LINEAR_SIZE) for part in (parts.train, parts.test))
    for grey in (True, False):
        x, held = (
            (i.mean(axis=3) if grey else i).reshape(len(i), -1).astype(np.float32)
            for i in (train, test)
        )
        for strength in LINEAR_STRENGTHS:
            model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))
            model.fit(x, parts.train[1])
            best = max(best, float(model.score(held, parts.test[1])))
    return best


def cnn_accuracy(parts: Split, seed: int, threads: int) -> tuple[float, float]:
    """Test accuracy of the starter CNN after its last epoch, and the seconds its training took."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((INPUT_SIZE, INPUT_SIZE, 3), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(len(sketches.CLASSES), activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    train, held, test = (
        (resized(part[0], INPUT_SIZE), part[1])
        for part in (parts.train, parts.validation, parts.test)
    )
    started = time.perf_counter()
    model.fit(*train, validation_data=held, batch_size=32, epochs=EPOCHS, verbose=0)
    seconds = time.perf_counter() - started
    return float(model.evaluate(*test, verbose=0)[1]), seconds


def measure(seed: int, per_class: int, threads: int) -> Row:
    """Draw, split, and fit both models for one seed."""
    started = time.perf_counter()
    images, labels = sketches.make(per_class=per_class, seed=seed)
    seconds = time.perf_counter() - started
    parts = split(images, labels, seed)
    linear = linear_accuracy(parts)
    return Row(seconds, linear, *cnn_accuracy(parts, seed, threads))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--per-class", type=int, default=150)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads for the CNN")
    args = parser.parse_args()
    print(f"{'seed':>7} {'draw s':>8} {'logistic':>9} {'CNN':>7} {'train s':>8}")
    rows = []
    for seed in args.seeds:
        rows.append(measure(seed, args.per_class, args.threads))
        _show(str(seed), rows[-1])
    columns = zip(*(astuple(row) for row in rows), strict=True)
    _show("median", Row(*(statistics.median(column) for column in columns)))


def _show(name: str, row: Row) -> None:
    cells = zip((8, 9, 7, 8), (1, 3, 3, 1), fields(row), strict=True)
    text = " ".join(f"{getattr(row, f.name):{width}.{places}f}" for width, places, f in cells)
    print(f"{name:>7} {text}", flush=True)


if __name__ == "__main__":
    main()
