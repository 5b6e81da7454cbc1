"""Tests that a script, without Layerwise, trains what our own worker trains."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement

from core.data.dataset import load
from core.design.script import script
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import (
    Conv2D,
    Dropout,
    GlobalAverageMaxPooling2D,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    RunSpec,
    SpatialDropout2D,
    Whitening,
)
from core.train import backend
from core.train.plan import Plan
from core.train.worker import work
from tests.conftest import small_spec
from tests.core.design.test_script import names_of

pytestmark = pytest.mark.tensorflow

NUMBER = r"(\d+\.\d+(?:e[+-]\d+)?)"
ALLOWED = ("tensorflow", "pillow")  # all that a script may ask for
# first weights, batches, dropout and moving means all depend on the seed and the order of layers
RANDOM = ModelSpec(
    name="random",
    layers=(
        Input(),
        SpatialDropout2D(rate=0.1),
        Conv2D(filters=8, padding="same"),
        ResidualBlock(filters=12, strides=2, repeat=2),
        GlobalAveragePooling2D(),
        Dropout(rate=0.3),
        Output(),
    ),
)


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    """Keras, started once as the worker does."""
    return backend.start()


def text_of(spec: RunSpec) -> str:
    """The script of a run."""
    data = load(spec.data)
    return script(
        spec.model, spec.data, spec.train, spec.augment, shape=data.shape, classes=data.classes
    )


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained by Keras's own layers in whole batches, the run draws the script's random numbers."""
    monkeypatch.setattr("core.train.plan.choose", lambda _: Plan(plain=True))


def trained(spec: RunSpec) -> Run:
    """The run, trained here and now by our worker."""
    run = create(spec)
    assert work(run) is State.DONE, run.status.error
    return run


def curves(output: str) -> list[dict[str, float]]:
    """What Keras printed of each epoch, to four digits."""
    lines = [line for line in output.splitlines() if "val_loss" in line]
    return [
        {key: float(value) for key, value in re.findall(rf"(\w+): {NUMBER}", line)}
        for line in lines
    ]


def compare(run: Run, output: str) -> None:
    """The script counted the images, walked the curves and tested as the run did."""
    status = run.status
    assert (
        f"{status.train_images} training, {status.validation_images} validation and "
        f"{status.test_images} test images" in output
    )
    ours = run.metrics("epoch")
    theirs = curves(output)
    assert len(theirs) == len(ours)
    for epoch, printed in zip(ours, theirs, strict=True):
        told = {"val_crossentropy": "val_loss"}  # ours is without label smoothing, as in tests
        if "val_crossentropy" in printed:
            del printed["val_loss"], printed["crossentropy"]
        printed = {told.get(name, name): value for name, value in printed.items()}
        printed.pop("learning_rate", None)
        assert set(printed) == {"loss", "accuracy", "val_loss", "val_accuracy"}
        for name, value in printed.items():
            assert value == pytest.approx(epoch[name], rel=1e-3, abs=1e-4), name
    found = re.search(rf"Best epoch (\d+): test loss {NUMBER}, test accuracy {NUMBER}%", output)
    assert found is not None
    assert int(found[1]) == status.best_epoch
    assert float(found[2]) == pytest.approx(status.test_loss, rel=1e-3, abs=1e-4)
    assert float(found[3]) / 100 == pytest.approx(status.test_accuracy, abs=1e-3)


# here, beside the worker


def ran(text: str, folder: Path, capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a script prints when it is run in this process, in that folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["train.py", *arguments])
        capfd.readouterr()
        names_of(text)["main"]()
        return capfd.readouterr().out


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
def test_optimizers(
    home: Path, examples: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], optimizer: str
) -> None:
    """With each optimizer the script's curves are ours."""
    spec = small_spec(str(examples), epochs=2)
    spec = spec.changed(train={"epochs": 2, "batch_size": 7, "optimizer": optimizer, "seed": 5})
    compare(trained(spec), ran(text_of(spec), tmp_path, capfd))


def test_whitening(
    home: Path, examples: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Weights that come from the images are the same in the script."""
    layers = (
        Input(scale="-1 to 1"),
        Whitening(directions=8),
        MaxPooling2D(),
        Conv2D(filters=8, padding="same"),
        GlobalAverageMaxPooling2D(),
        Output(),
    )
    spec = small_spec(str(examples), epochs=2)
    spec = spec.changed(model=ModelSpec(name="white", layers=layers).model_dump())
    compare(trained(spec), ran(text_of(spec), tmp_path, capfd))


@pytest.mark.parametrize("name", ["label_smoothing", "average"])
def test_mirror_images(
    home: Path,
    examples: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    plain: None,
) -> None:
    """The script averages its answers with those for mirror images, and so does what it saves."""
    import keras

    spec = small_spec(str(examples)).changed(model=RANDOM, augment={"mirror": True})
    spec = spec.changed(train={"epochs": 3, "batch_size": 8, "seed": 5, name: 0.2})
    output = ran(text_of(spec), tmp_path, capfd)
    data = load(spec.data)
    rows = data.split(spec.train.validation_share).test
    images = np.asarray(data.images.images[rows])
    saved = keras.models.load_model(tmp_path / "model.keras", compile=False)
    theirs = saved.predict(images, verbose=0)
    assert theirs == pytest.approx(saved.predict(images[:, :, ::-1], verbose=0), abs=1e-5)
    hits = np.mean(theirs.argmax(axis=1) == data.images.labels[rows])
    assert f"test accuracy {hits:.1%}" in output
    if name == "average":  # Keras's own way of it: other numbers
        return
    run = trained(spec)
    compare(run, output)
    ours = keras.models.load_model(run.folder / "model.keras", compile=False)
    assert theirs == pytest.approx(ours.predict(images, verbose=0), rel=1e-2, abs=1e-3)


SETTINGS: list[dict[str, Any]] = [
    {"optimizer": "sgd", "momentum": 0.5, "nesterov": True, "clip_norm": 0.5},
    {"optimizer": "adamw", "weight_decay": 0.1, "schedule": "cosine", "warmup": 0.5},
    {"optimizer": "adamw", "weight_decay": 0.0, "schedule": "one-cycle"},
    {"schedule": "step", "decay_epochs": 1, "decay_factor": 0.5, "warmup": 1.0},
    {"schedule": "plateau", "decay_epochs": 1, "learning_rate": 0.02},
    {"schedule": "plateau", "decay_epochs": 1, "learning_rate": 0.02, "warmup": 1.0},
    {"label_smoothing": 0.2, "class_weights": "balanced"},
    {"shuffle": False},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_settings(
    home: Path,
    examples: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    settings: dict[str, Any],
    plain: None,
) -> None:
    """Schedules, penalties and weights of the script are ours, step by step."""
    for number in range(8):  # a class that is rarer than the others
        (examples / "circles" / f"{number:03d}.png").unlink()
    spec = small_spec(str(examples))
    spec = spec.changed(train={"epochs": 4, "batch_size": 7, "seed": 5, **settings})
    compare(trained(spec), ran(text_of(spec), tmp_path, capfd))


def test_averaged_weights_and_changed_images(
    home: Path, examples: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """These are Keras's own way of it: other numbers, but the script runs and learns."""
    spec = small_spec(str(examples))
    augment = {"flip": "both", "shift": 0.1, "rotation": 10, "zoom": 0.1, "contrast": 0.1}
    spec = spec.changed(
        train={"epochs": 3, "batch_size": 8, "average": 0.5},
        augment={**augment, "cutout": 0.1, "mixup": 0.2},
    )
    text = text_of(spec)
    assert "# the design was trained with cutout, mixup too" in text
    theirs = curves(ran(text, tmp_path, capfd))
    assert len(theirs) == 3
    assert theirs[-1]["loss"] < theirs[0]["loss"]


def test_early_stopping(
    home: Path, examples: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The script stops in the same epoch and takes the weights of the same epoch as the worker."""
    spec = small_spec(str(examples))
    train = {"epochs": 40, "batch_size": 8, "learning_rate": 0.02, "patience": 2}
    spec = spec.changed(train=train)
    run = trained(spec)
    assert run.status.best_epoch == run.status.epoch - 2
    assert run.status.epoch < 40
    compare(run, ran(text_of(spec), tmp_path, capfd))


def test_the_best_epoch_of_all(
    home: Path, examples: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without patience all epochs are trained, and still the best one's weights are kept."""
    spec = small_spec(str(examples))
    spec = spec.changed(train={"epochs": 6, "batch_size": 8, "learning_rate": 0.02})
    run = trained(spec)
    assert run.status.best_epoch < 6
    compare(run, ran(text_of(spec), tmp_path, capfd))


def test_another_folder(
    home: Path, examples: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The script's first argument is the folder of images; one that is not there is told."""
    text = text_of(small_spec(str(examples), epochs=1)).replace(str(examples), "/no/folder")
    assert "42 training" in ran(text, tmp_path, capfd, str(examples))
    assert (tmp_path / "model.keras").exists()
    with pytest.raises(FileNotFoundError, match="/no/folder"):
        ran(text, tmp_path, capfd)


# alone


def needed(names: tuple[str, ...]) -> set[str]:
    """These distributions and all that they require, transitively, on this machine."""
    found: set[str] = set()
    waiting = [(Requirement(name).name, "") for name in names]
    while waiting:
        name, extra = waiting.pop()
        found.add(name.lower().replace("_", "-"))
        for text in importlib.metadata.requires(name) or ():
            wanted = Requirement(text)
            if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
                continue
            if wanted.name.lower().replace("_", "-") not in found:
                waiting += [(wanted.name, item) for item in ("", *wanted.extras)]
    return found


def link(name: str, folder: Path) -> None:
    """Link what a distribution installed, and nothing beside it, into a folder of packages."""
    distribution = importlib.metadata.distribution(name)
    for file in distribution.files or ():
        parts = file.parts
        if parts[0] in ("..", "__pycache__"):
            continue
        source = Path(str(distribution.locate_file(parts[0])))
        target = folder / parts[0]
        if source.is_dir() and not (source / "__init__.py").exists() and source.suffix == "":
            target.mkdir(exist_ok=True)  # several distributions share the folder
            source, target = source / parts[1], target / parts[1]
        if not target.exists():
            target.symlink_to(source)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages that `pip install tensorflow pillow` brings, and no others."""
    folder = tmp_path_factory.mktemp("packages")
    for name in needed(ALLOWED):
        link(name, folder)
    return folder


def alone(packages: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with those packages alone."""
    (folder / "home").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-S", "-s", *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(packages),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_only_tensorflow_and_pillow(packages: Path, tmp_path: Path) -> None:
    """The environment in which scripts are tried has TensorFlow and Pillow, and nothing of ours."""
    code = """
from importlib.util import find_spec
import sys
print([name for name in sys.argv[1:] if find_spec(name)])
"""
    (tmp_path / "look.py").write_text(code)
    ours = ("core", "streamlit", "pydantic", "pandas", "sklearn", "plotly", "filelock", "pytest")
    done = alone(packages, tmp_path, "look.py", *ours, "tensorflow", "keras", "PIL", "numpy")
    assert done.stdout.strip() == "['tensorflow', 'keras', 'PIL', 'numpy']", done.stderr


def test_alone(home: Path, examples: Path, packages: Path, tmp_path: Path, plain: None) -> None:
    """With TensorFlow and Pillow alone, the script trains to the weights that our worker gets."""
    import keras

    spec = small_spec(str(examples)).changed(model=RANDOM, train={"epochs": 2, "batch_size": 8})
    folder = tmp_path / "alone"
    folder.mkdir()
    (folder / "train.py").write_text(text_of(spec))
    done = alone(packages, folder, "train.py")
    assert done.returncode == 0, done.stderr
    run = trained(spec)
    compare(run, done.stdout)
    ours, theirs = (
        keras.models.load_model(place / "model.keras").get_weights()
        for place in (run.folder, folder)
    )
    assert [item.shape for item in theirs] == [item.shape for item in ours]
    for one, other in zip(ours, theirs, strict=True):
        assert np.allclose(one, other, rtol=1e-3, atol=1e-4)
