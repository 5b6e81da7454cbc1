"""Transfer learning on the bundled backbone: accuracy on test images, and the seconds that it takes.

    python -m benchmarks.transfer [--gear FOLDER] [--cifar CIFAR10.npz] [--webcam] [--guide FOLDER]
        [--tune CIFAR10.npz [--ways last-6-blocks:1 last-6-blocks:2:flips]] [--seeds 3]

Each run is trained by a warm worker in a workspace of its own, whose features are deleted before. Its
images have been decoded; seconds count from the order on. "Ready" is when the model can be asked,
"tested" when its figures are there. --guide compares with the way of Keras's guide to transfer
learning (https://keras.io/guides/transfer_learning/), on a folder of photos: the same network and
images, frozen, run over all images in every one of 10 epochs, with Adam as there; with --torch, the
Python of an environment with PyTorch, also with the way of its tutorial. --tune fine-tunes on
all of CIFAR-10 in each of the --ways: what learns, for how many epochs, and with mirror images or not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import show, spread
from core.data.dataset import Dataset, load
from core.data.sketches import CLASSES, draw
from core.runs import queue
from core.runs.run import Run
from core.runs.status import State
from core.specs import DataSpec, RunSpec, TransferSpec
from core.transfer.compose import compose

_EPOCHS = 10  # of the guide's way
_WAYS = "last-6-blocks:1", "last-6-blocks:2:flips"
_COLUMNS = (
    "images",
    "test accuracy",
    "mean of the classes",
    "ready",
    "tested",
    "of it features",
    "head",
)


def main() -> None:
    """Measure what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gear", type=Path, help="a folder of photos in class folders")
    parser.add_argument("--cifar", type=Path, help="CIFAR-10 as .npz")
    parser.add_argument("--webcam", action="store_true", help="twenty pictures in two classes")
    parser.add_argument("--guide", type=Path, help="a folder of photos, for the guide's way")
    parser.add_argument("--tune", type=Path, help="CIFAR-10 as .npz, for fine-tuning")
    parser.add_argument("--ways", nargs="+", default=_WAYS, metavar="WHAT:EPOCHS[:flips]")
    parser.add_argument("--torch", type=Path, help="a Python that has PyTorch, for its way")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAYERWISE_HOME"] = folder
        home = Path(folder)
        (home / "datasets").mkdir()
        rows: list[tuple[object, ...]] = []
        if options.webcam:
            pictures(home / "datasets" / "pictures")
            data = DataSpec(source="pictures", together="copies")
            rows.append(("20 pictures", *measured(home, data, range(options.seeds), few=True)))
        if options.gear:
            data = DataSpec(source=str(options.gear.resolve()))
            rows.append(("gear", *measured(home, data, range(options.seeds))))
        if options.cifar:
            part(options.cifar, home / "datasets" / "cifar-5000", 500)
            few = DataSpec(source="cifar-5000", together="copies")
            rows.append(("CIFAR-10, 5,000", *measured(home, few, range(options.seeds))))
            shutil.rmtree(home / "datasets" / "cifar-5000")
            shutil.copy(options.cifar, home / "datasets" / "cifar10.npz")
            whole = DataSpec(source="cifar10")
            rows.append(("CIFAR-10, 50,000", *measured(home, whole, range(options.seeds))))
        if rows:
            show("Transfer to the bundled backbone, frozen", _COLUMNS, rows)
        if options.tune:
            shutil.copy(options.tune, home / "datasets" / "cifar10.npz")
            rows = []
            for way in options.ways:
                what, epochs, *flips = way.split(":")
                transfer = TransferSpec(finetune=what, epochs=int(epochs), flips=bool(flips))
                warm(home)
                between(transfer, load(compose(transfer, DataSpec(source="cifar10")).data))
                seeds = range(options.seeds)
                row = measured(home, DataSpec(source="cifar10"), seeds, transfer=transfer)
                rows.append((way, *row))
            show("Fine-tuned on CIFAR-10, 50,000 images", (*_COLUMNS, "fine-tuning"), rows)
        if options.guide:
            guide(home, DataSpec(source=str(options.guide.resolve())), options.torch)


def between(transfer: TransferSpec, data: Dataset) -> None:
    """Make the files of the blocks in front of those that learn, once on a machine, beforehand."""
    spec = compose(transfer, data.spec)
    code = (
        "from core.train import backend; backend.start()\n"
        "from core.specs import Backbone\n"
        "from core.transfer import between, networks\n"
        "layer = Backbone()\n"
        f"block = networks.blocks(layer)[-{spec.finetune.blocks if spec.finetune else 1} - 1].name\n"
        "between.between(layer, 160, block, print)\n"
        "between.onnx(layer, block, print)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def measured(
    home: Path,
    data: DataSpec,
    seeds: Iterable[int],
    *,
    few: bool = False,
    transfer: TransferSpec | None = None,
) -> tuple[str, ...]:
    """A row of the table: a run for each seed, of the split and of the training."""
    accuracies, recalls, ready, tested, features, heads = [], [], [], [], [], []
    tuned = []
    transfer = transfer or TransferSpec()
    for seed in seeds:
        seeded = data.changed(split_seed=seed)
        spec = compose(transfer, seeded, train={"seed": seed})
        run, begun = trained(home, spec)
        status = run.status
        assert status.state is State.DONE, run.log_tail()
        accuracies.append(100 * (status.test_accuracy or 0))
        recalls.append(100 * (status.macro_recall or 0))
        ready.append((run.folder / "model.onnx").stat().st_mtime - begun)
        tested.append((status.ended or 0) - begun)
        stages = {line["name"]: line["seconds"] for line in run.metrics("stage")}
        features.append(stages["looking at the images, each once"])
        heads.append(stages["training the head"])
        tuned.append(stages.get("fine-tuning", 0.0))
        print(run.id, stages, status.engine, f"{accuracies[-1]:.2f}%", flush=True)
    unit = "%"
    return (
        "of 6 photos: no figure" if few else spread(accuracies, unit),
        "" if few else spread(recalls, unit),
        spread(ready),
        spread(tested),
        spread(features),
        spread(heads),
        *([spread(tuned)] if transfer.tuning else []),
    )


def trained(home: Path, spec: RunSpec) -> tuple[Run, float]:
    """A run by a warm worker, and when it was ordered."""
    load(spec.data)
    shutil.rmtree(home / "datasets" / ".cache" / "features", ignore_errors=True)
    warm(home)
    begun = time.time()
    run = queue.submit(spec)
    while not run.status.state.final:
        time.sleep(0.05)
    return run, begun


def warm(home: Path) -> None:
    """Wait until a worker waits with its backbone."""
    queue.warm_up(backbone=True)
    files = home / "saved_models" / ".queue" / "warm.json"
    made = home / "datasets" / ".cache" / "backbones"
    known = home / "saved_models" / ".speed" / "plan.json"
    while not (files.exists() and list(made.glob("*/pooled.onnx")) and known.exists()):
        time.sleep(0.2)
    time.sleep(20)  # it imports, then builds the network


def pictures(folder: Path) -> None:
    """Ten of each of two classes, as a camera of 320 pixels makes them."""
    for kind in CLASSES[:2]:
        (folder / kind).mkdir(parents=True)
        for number in range(10):
            drawn = draw(kind, number, 320).convert("RGB")
            drawn.save(folder / kind / f"{number}.jpg", quality=90)


def part(file: Path, folder: Path, each: int) -> None:
    """The first images of each class to learn from, and all test images, as folders of PNG files."""
    with np.load(file) as arrays:
        for name, images, labels in (
            ("train", arrays["x_train"], arrays["y_train"].ravel()),
            ("test", arrays["x_test"], arrays["y_test"].ravel()),
        ):
            for label in range(10):
                place = folder / name / str(label)
                place.mkdir(parents=True)
                rows = np.flatnonzero(labels == label)
                for row in rows[:each] if name == "train" else rows:
                    Image.fromarray(images[row]).save(place / f"{row}.png")


def guide(home: Path, data: DataSpec, torch: Path | None) -> None:
    """The guides' ways and ours on the same images and split, in turns."""
    spec = compose(TransferSpec(), data)
    run, begun = trained(home, spec)
    ours = (run.folder / "model.onnx").stat().st_mtime - begun
    from core.train import backend

    keras = backend.start()
    from core.transfer import lite0

    images = load(spec.data)
    split = images.split(spec.train.validation_share)
    pixels, labels = images.images.images, images.images.labels
    x = {name: np.asarray(pixels[getattr(split, name)]) for name in ("train", "validation", "test")}
    y = {name: labels[getattr(split, name)] for name in x}
    base = lite0.build()
    base.trainable = False
    given = keras.Input(images.shape, dtype="uint8")
    scaled = keras.layers.Rescaling(1 / lite0.SPREAD, -lite0.MEAN / lite0.SPREAD)(given)
    pooled = keras.layers.GlobalAveragePooling2D()(base(scaled, training=False))
    end = keras.layers.Dense(len(images.classes))(keras.layers.Dropout(0.2)(pooled))
    model = keras.Model(given, end)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    began = time.perf_counter()
    history = model.fit(
        x["train"], y["train"], batch_size=32, epochs=_EPOCHS, verbose=0,
        validation_data=(x["validation"], y["validation"]),
    )  # fmt: skip
    theirs = time.perf_counter() - began
    _, accuracy = model.evaluate(x["test"], y["test"], verbose=0)
    epoch = theirs / _EPOCHS
    rows: list[tuple[object, ...]] = []
    if torch is not None:
        told = tutorial(torch, home / "images.npz", x, y)
        rows = [
            (
                f"PyTorch's tutorial's ({told['seconds'] / _EPOCHS:.1f} s an epoch)",
                f"{told['seconds']:.1f}",
                f"{told['accuracy']:.3%}",
                "",
            ),
            ("ratio", f"{told['seconds'] / ours:.1f}", "", ""),
        ]
    show(
        f"Against the guide's way, {_EPOCHS} epochs, {len(y['train']):,} photos of {images.shape[0]} px",
        ("way", "seconds", "test accuracy", "last validation accuracy"),
        [
            (
                "cached features",
                f"{ours:.1f}",
                f"{run.status.test_accuracy:.3%}",
                f"{run.status.val_accuracy:.3%}",
            ),
            (
                f"the guide's ({epoch:.1f} s an epoch)",
                f"{theirs:.1f}",
                f"{accuracy:.3%}",
                f"{history.history['val_accuracy'][-1]:.3%}",
            ),
            ("ratio", f"{theirs / ours:.1f}", "", ""),
            *rows,
        ],
    )


def tutorial(
    python: Path, file: Path, x: dict[str, np.ndarray], y: dict[str, np.ndarray]
) -> dict[str, float]:
    """Seconds and test accuracy of PyTorch's way."""
    from core.transfer import lite0

    np.savez(file, x_train=x["train"], y_train=y["train"], x_test=x["test"], y_test=y["test"])
    script = Path(__file__).with_name("transfer_torch.py")
    command = [python, script, lite0.path(), file, str(_EPOCHS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
