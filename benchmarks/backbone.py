"""Whether EfficientNet-Lite0 is what it should be, and how fast its features come.

    python -m benchmarks.backbone GEAR [--torch .venv/torch/bin/python] [--classes imagenet_class_index.json]

GEAR is a folder of photos. Four tables: the logits against those of a network written in PyTorch
(benchmarks/lite0_torch.py), which scaling of the images fits the statistics that the first
normalization holds, what it names in photos, and images a second by each engine, in turns.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import show, spread
from core.data.dataset import Dataset, load
from core.specs import DataSpec
from core.train import backend

keras = backend.start()

from core.transfer import engines, int8, lite0  # noqa: E402 - after TensorFlow's settings

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406])
IMAGENET_SPREAD = np.array([0.229, 0.224, 0.225])


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("gear", type=Path)
    parser.add_argument("--torch", type=Path, help="a Python that has PyTorch")
    parser.add_argument("--classes", type=Path, help="ImageNet's class index")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 160, 192])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.torch:
        show("Logits against PyTorch's", ("image", "largest difference", "their spread"), [
            (f"{size} × {size}", *differences(size, options.torch)) for size in (64, 97, 128, 224)
        ])  # fmt: skip
    data = load(DataSpec(source=str(options.gear.resolve()), size=224))
    show(
        "The stem's output against what its normalization holds",
        ("scaling", "mean apart, in deviations", "variance, measured / held"),
        list(statistics(data)),
    )
    if options.classes:
        names = json.loads(options.classes.read_text())
        show("What it names", ("photo", "classes"), list(named(data, names)))
    rows = [row for size in options.sizes for row in speeds(options.gear, size, options.rounds)]
    columns = ("size", "engine", "images a second", "correlation with Keras's")
    show("Features of photos", columns, rows)


def waves(size: int) -> NDArray[np.float32]:
    """An image of sines, float32 [1, size, size, 3], -1 to 1; the tests have it too."""
    y, x = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    found = [np.sin(2 * np.pi * (a * x + b * y) / size) for a, b in ((1, 2), (3, -1), (5, 4))]
    return np.stack(found, axis=-1)[None].astype(np.float32)


def differences(size: int, torch: Path) -> tuple[str, str]:
    """Of the logits by the two frameworks."""
    ours = np.asarray(lite0.build(top=True)(waves(size), training=False))
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.npy"
        np.save(images, waves(size))
        script = Path(__file__).with_name("lite0_torch.py")
        command = [str(torch), str(script), str(lite0.path()), str(images)]
        done = subprocess.run(command, capture_output=True, check=True)
    theirs = np.load(io.BytesIO(done.stdout))
    return f"{np.abs(ours - theirs).max():.1e}", f"{theirs.std():.2f}"


def statistics(data: Dataset) -> Any:
    """How far the stem's output is from its normalization's running averages, by each scaling."""
    network = lite0.build()
    stem = keras.Model(network.input, network.get_layer("stem_conv").output)
    norm = network.get_layer("stem_bn")
    held, variance = (np.asarray(one) for one in (norm.moving_mean, norm.moving_variance))
    alive = variance > 1e-6  # some filters were never used
    images = np.asarray(data.images.images[::8], np.float32)
    for name, scaled in (
        ("(x - 127) / 128", (images - lite0.MEAN) / lite0.SPREAD),
        ("ImageNet's mean and deviation", (images / 255 - IMAGENET_MEAN) / IMAGENET_SPREAD),
    ):
        made = stem.predict(scaled.astype(np.float32), verbose=0)
        apart = np.abs(made.mean(axis=(0, 1, 2)) - held)[alive] / np.sqrt(variance[alive])
        times = made.var(axis=(0, 1, 2))[alive] / variance[alive]
        yield name, f"{np.median(apart):.2f}", f"{np.median(times):.2f}"


def named(data: Dataset, names: dict[str, list[str]]) -> Any:
    """The likeliest ImageNet classes of a photo of each class."""
    network = lite0.build(top=True)
    for label, name in enumerate(data.classes):
        row = data.sample(label, 5)[2]
        image = np.asarray(data.images.images[row], np.float32)[None]
        logits = np.asarray(network((image - lite0.MEAN) / lite0.SPREAD, training=False))[0]
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        best = chances.argsort()[::-1][:3]
        told = (f"{names[str(one)][1].replace('_', ' ')} {chances[one]:.0%}" for one in best)
        yield f"{name}: {data.images.names[row]}", ", ".join(told)


def pooled(network: Any) -> Any:
    """The network with its maps averaged over all places."""
    image = keras.Input((None, None, 3))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(network(image, training=False)))


def speeds(gear: Path, size: int, rounds: int) -> list[tuple[object, ...]]:
    """Images a second by each engine, and how much the features are those in floats."""
    images = np.asarray(load(DataSpec(source=str(gear.resolve()), size=size)).images.images)[::4]
    network = lite0.build()
    given = keras.Input((size, size, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / lite0.SPREAD, -lite0.MEAN / lite0.SPREAD)(given)
    model = keras.Model(given, pooled(network)(scaled))
    with tempfile.TemporaryDirectory() as folder:
        model(images[:1])
        model.export(str(Path(folder) / "float.onnx"), format="onnx", verbose=False)
        int8.convert(pooled(network), 128, lite0.MEAN, lite0.SPREAD, Path(folder) / "int8.tflite")
        ways: dict[str, Callable[[NDArray[np.uint8]], Any]] = {
            "Keras predict": lambda x: model.predict(x, batch_size=32, verbose=0),
            "ONNX Runtime, float32": engines.Onnx(Path(folder) / "float.onnx", size).run,
            "LiteRT, int8": engines.LiteRT(
                Path(folder) / "int8.tflite", size, lite0.MEAN, lite0.SPREAD
            ).run,
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        told = {name: way(images) for name, way in ways.items()}  # warms up
        for _ in range(rounds):
            for name, way in ways.items():
                begun = time.perf_counter()
                way(images)
                took[name].append(len(images) / (time.perf_counter() - begun))
    truth = told["Keras predict"].ravel()
    return [
        (size, name, spread(took[name], ""), f"{np.corrcoef(told[name].ravel(), truth)[0, 1]:.3f}")
        for name in ways
    ]


if __name__ == "__main__":
    main()
