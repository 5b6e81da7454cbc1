"""Whether health names the fault that was planted, and is quiet where there is none.

    python -m benchmarks.health CIFAR10.npz [--kept FOLDER] [--seeds 0 1] [--again]

Every fault on two architectures and two sets of images, and as many healthy trainings, for each
seed. The runs are kept in FOLDER; those that are there are not trained anew, so that rules can be
changed and judged again in a second. The rules were tuned on seeds 0 and 1; docs/benchmarks.md tells of
seeds 2 and 3.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import faults
from benchmarks.common import show
from benchmarks.faults import Planted
from core.data import sketches

CLASSES, EACH, FEW, SIZE = 6, 240, 16, 32
RARE, WRONG = 30, 0.4  # one in so many images is of a rare class; share of wrong labels


def main() -> None:
    """Train what is not there yet, then print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cifar10", type=Path)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "battery")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--only", default="", help="trainings whose name holds this")
    parser.add_argument("--again", action="store_true", help="print every wrong one in full")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    os.environ["LAYERWISE_HOME"] = str(options.kept.absolute())
    chosen = [
        one
        for seed in options.seeds
        for one in (*faults.faulty(seed), *faults.healthy(seed))
        if options.only in one.name
    ]
    if options.worker:
        train(chosen, options.cifar10)
        return
    # in a process of its own, and a new one where it was killed
    subprocess.run(
        [sys.executable, "-m", "benchmarks.health", *sys.argv[1:], "--worker"], check=True
    )
    judge(chosen, options.kept, full=options.again)


def train(chosen: Iterable[Planted], cifar10: Path) -> None:
    """Train each, unless it is there."""
    from core.runs.run import create
    from core.specs import DataSpec, RunSpec
    from core.train import backend
    from core.train.worker import work

    keras = backend.start()
    index = Path(os.environ["LAYERWISE_HOME"]) / "index.json"
    known: dict[str, str] = json.loads(index.read_text()) if index.exists() else {}
    for one in chosen:
        if one.name in known:
            continue
        data = DataSpec(source=str(images(*one.images, cifar10)), size=SIZE)
        run = create(RunSpec(model=one.model, data=data, train=one.train, augment=one.augment))
        state, error = work(run), run.status.error or {}
        print(one.name, run.id, state, run.status.val_accuracy, file=sys.stderr, flush=True)
        if state == "failed" and "no longer a number" not in error.get("what", ""):
            raise SystemExit(f"{run.id} failed: {error}")
        known[one.name] = run.id
        index.write_text(json.dumps(known, indent=1))
        keras.backend.clear_session()


def images(name: str, change: str, cifar10: Path) -> Path:
    """The folder of a set, made where it is not there."""
    folder = Path(os.environ["LAYERWISE_HOME"]) / "images" / f"{name} {change}".strip()
    if folder.exists():
        return folder
    part = folder.with_name(f".{folder.name}")
    rng = np.random.default_rng(0)
    pictures = drawn() if name == "sketches" else photographed(cifar10)
    names = sorted(pictures)
    for number, label in enumerate(names):
        count = EACH
        if change == "few":
            count = FEW
        elif change == "one in thirty" and number:
            count = max(3, EACH // RARE)
        for row, picture in enumerate(pictures[label][:count]):
            shown, where = picture, label
            if change == "wrong labels" and rng.random() < WRONG:
                where = str(rng.choice([other for other in names if other != label]))
            split = ""
            if change in ("bright", "dark"):
                split = "validation" if row % 6 == 0 else "train"
                if split == "validation":
                    values = np.asarray(picture).astype(np.float32)
                    values = 255 - 0.4 * (255 - values) if change == "bright" else 0.4 * values
                    shown = Image.fromarray(values.astype(np.uint8))
            path = part / split / where / f"{label}-{row:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            shown.save(path)
    part.rename(folder)
    return folder


def drawn() -> dict[str, list[Image.Image]]:
    """Sketches of some classes."""
    return {
        label: [sketches.draw(label, number, SIZE) for number in range(EACH)]
        for label in sketches.CLASSES[:CLASSES]
    }


def photographed(path: Path) -> dict[str, list[Image.Image]]:
    """CIFAR-10's images of some classes."""
    with np.load(path) as file:
        pixels, labels = file["x_train"], file["y_train"].ravel()
    return {
        f"class {label}": [Image.fromarray(image) for image in pixels[labels == label][:EACH]]
        for label in range(CLASSES)
    }


def judge(chosen: list[Planted], folder: Path, *, full: bool) -> None:
    """Compare what is named first with what was planted."""
    from core.health import case
    from core.health.doctor import diagnose
    from core.runs import run as runs

    known = json.loads((folder / "index.json").read_text())
    told: dict[str, Counter[str]] = {}
    right = alarms = 0
    for one in chosen:
        seen = case.of(runs.find(known[one.name]))
        found = diagnose(seen)
        first = str(found[0].fault) if found else "nothing"
        planted = str(one.fault) if one.fault else "healthy"
        told.setdefault(planted, Counter())[first] += 1
        if one.fault is None:
            alarms += bool(found)
        else:
            right += first == planted
        if full and first != (str(one.fault) if one.fault else "nothing"):
            print(f"\n{one.name} {known[one.name]}: {first}")
            for diagnosis in found:
                print("   ", diagnosis.fault, "-", diagnosis.evidence)
            print("    loss", seen.loss.round(3), "val", seen.val_loss.round(3))
            print("    acc", seen.accuracy.round(2), "val", seen.val_accuracy.round(2))
    planted_count = sum(one.fault is not None for one in chosen)
    show(
        f"Planted faults that were named first: {right} of {planted_count}; "
        f"alarms of healthy trainings: {alarms} of {len(chosen) - planted_count}",
        ("planted", "trainings", "named first"),
        (
            (
                planted,
                sum(counts.values()),
                ", ".join(f"{name} {number}" for name, number in counts.most_common()),
            )
            for planted, counts in told.items()
        ),
    )


if __name__ == "__main__":
    main()
