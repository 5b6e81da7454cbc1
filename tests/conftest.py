"""What many tests need: a workspace of their own, small real images, and one really trained run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from PIL import Image, ImageDraw

from core.runs.run import Run, create
from core.specs import DataSpec, RunSpec, TrainSpec

# No worker that waits for a run, but where a test is about it. Set before any fixture: who imports
# the Train page opens it, which has one started.
os.environ["LAYERWISE_WARM"] = "0"

# nothing is timed: a busy machine is no failure
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[1]
COLORS = {"circles": (200, 60, 60), "crosses": (60, 60, 200), "squares": (60, 160, 60)}


def draw_example(label: str, number: int, size: int = 40) -> Image.Image:
    """A shape of its class's colour at a place of its own: easy to learn, no two alike."""
    rng = np.random.default_rng(1000 * sorted(COLORS).index(label) + number)
    image = Image.new("RGB", (size, size), tuple(int(v) for v in rng.integers(190, 256, 3)))
    pen = ImageDraw.Draw(image)
    x, y = (int(v) for v in rng.integers(8, size - 8, 2))
    box = (x - 7, y - 7, x + 7, y + 7)
    if label == "circles":
        pen.ellipse(box, fill=COLORS[label])
    elif label == "squares":
        pen.rectangle(box, fill=COLORS[label])
    else:
        pen.line(box, fill=COLORS[label], width=3)
        pen.line((box[0], box[3], box[2], box[1]), fill=COLORS[label], width=3)
    return image


def write_examples(folder: Path, per_class: int = 20) -> Path:
    """Class folders of PNG images under `folder`."""
    for label in COLORS:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(per_class):
            draw_example(label, number).save(folder / label / f"{number:03d}.png")
    return folder


@pytest.fixture(autouse=True, scope="session")
def precision() -> Iterator[None]:
    """The same precision on all machines, and no time for finding out which is faster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_PRECISION", "float32")
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace that LAYERWISE_HOME names for the length of a test."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LAYERWISE_HOME", str(folder))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))  # not those of whoever tests
    monkeypatch.delenv("LAYERWISE_SLOTS", raising=False)
    return folder


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A folder of three classes with 20 small images each."""
    return write_examples(tmp_path / "examples")


@pytest.fixture(scope="session")
def backbones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled network's prepared files, made once for all processes of a session.

    They lie in a folder `datasets` of their own; tests take a copy of it (see `with_backbone`).
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "backbones"
    code = (
        "from core.train import backend\nbackend.start()\n"
        "from core.specs import Backbone\nfrom core.transfer import networks\n"
        "networks.prepare(Backbone())"
    )
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            subprocess.run(
                [sys.executable, "-c", code],
                cwd=ROOT,
                env={**os.environ, "LAYERWISE_HOME": str(folder)},
                check=True,
                capture_output=True,
            )
    return folder


@pytest.fixture
def with_backbone(backbones: Path, home: Path) -> Path:
    """An empty workspace in which the bundled network need not be prepared."""
    shutil.copytree(backbones / "datasets", home / "datasets", dirs_exist_ok=True)
    return home


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the run examples-starter-1, trained once for the whole session.

    Tests take a copy (see `workspace`), so that none can spoil it for another.
    """
    from core.train.worker import work

    folder = tmp_path_factory.mktemp("trained")
    examples = write_examples(folder / "datasets" / "examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_HOME", str(folder))
        run = create(small_spec(examples.name, epochs=12))
        work(run)
        assert run.status.state == "done", run.status.error
    return folder


def small_spec(source: str, *, epochs: int = 2, batch_size: int = 8, **tags: str) -> RunSpec:
    """A run of the starter design on small images that takes about a second to train."""
    from core.design.presets import preset

    return RunSpec(
        model=preset("starter").model,
        data=DataSpec(source=source, size=24),
        train=TrainSpec(epochs=epochs, batch_size=batch_size),
        tags=tags,
    )


@pytest.fixture
def workspace(trained: Path, home: Path) -> Path:
    """A copy of the trained workspace as LAYERWISE_HOME."""
    shutil.copytree(trained, home, dirs_exist_ok=True)
    return home


@pytest.fixture
def trained_run(workspace: Path) -> Run:
    """The trained run in this test's own workspace."""
    return Run(workspace / "saved_models" / "examples-starter-1")


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool], float], None]:
    """Wait until a condition holds, or fail after so many seconds."""
    import time

    def wait(condition: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not so within {seconds} s"
            time.sleep(0.05)

    return wait
