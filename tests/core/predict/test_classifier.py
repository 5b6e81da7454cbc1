"""core.predict.classifier: a trained run as a classifier of photos."""

from __future__ import annotations

import io
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageError, ModelError, RunError
from core.predict.classifier import Classifier
from core.runs.run import Run, create, process_identity
from core.runs.status import State
from tests.conftest import COLORS, draw_example, small_spec

pytestmark = pytest.mark.tensorflow  # the trained run takes it, and healing a model


def photo(label: str, number: int, size: int = 40) -> bytes:
    """A photo that no training has seen, as a PNG file."""
    buffer = io.BytesIO()
    draw_example(label, number, size).save(buffer, "PNG")
    return buffer.getvalue()


def cut(path: Path) -> None:
    """Cut a file in half, as a full disk or a broken copy does."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def pixels(classifier: Classifier, count: int) -> np.ndarray:
    """So many decoded photos."""
    labels = sorted(COLORS)
    return np.stack([classifier.read(photo(labels[n % 3], 100 + n)) for n in range(count)])


def test_photos_are_named_with_probabilities(trained_run: Run) -> None:
    """Most new photos get their true class, and the probabilities of a photo sum to 1."""
    classifier = Classifier(trained_run)
    hits = 0
    for label in COLORS:
        for number in range(100, 110):
            prediction = classifier.classify_photo(photo(label, number))
            assert prediction.classes == tuple(sorted(COLORS))
            assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-5)
            assert all(0 <= share <= 1 for share in prediction.probabilities)
            top = prediction.top()
            assert top == sorted(top, key=lambda pair: -pair[1])
            hits += top[0][0] == label
    assert hits >= 20


def test_many_photos_at_once_are_each_their_own(trained_run: Run) -> None:
    """More photos than fit into one batch get what each gets alone, and none gets nothing."""
    classifier = Classifier(trained_run)
    images = pixels(classifier, 130)
    together = classifier.classify(images)
    assert len(together) == 130
    for row in (0, 63, 64, 127, 128, 129):
        (alone,) = classifier.classify(images[row : row + 1])
        assert together[row].probabilities == pytest.approx(alone.probabilities, abs=1e-5)
    assert classifier.classify(images[:0]) == []


def test_a_photo_may_be_bytes_or_a_path_of_any_size(trained_run: Run, tmp_path: Path) -> None:
    """A photo is read alike from memory and from a file, and brought to the model's size."""
    path = tmp_path / "wide.png"
    path.write_bytes(photo("squares", 100, 333))
    classifier = Classifier(trained_run)
    assert classifier.read(path).shape == (24, 24, 3)
    assert classifier.classify_photo(path) == classifier.classify_photo(path.read_bytes())
    grey = Image.open(path).convert("L").resize((50, 20))
    grey.save(tmp_path / "grey.jpg")
    assert classifier.read(tmp_path / "grey.jpg").shape == (24, 24, 3)


@pytest.mark.parametrize(
    "content",
    [b"", b"plain text", photo("circles", 100)[:90]],
    ids=["empty", "text", "cut short"],
)
def test_a_photo_that_cannot_be_read_holds_up_no_other(trained_run: Run, content: bytes) -> None:
    """A photo that is empty, text or cut short is an ImageError, and the next one is classified."""
    classifier = Classifier(trained_run)
    with pytest.raises(ImageError):
        classifier.classify_photo(content)
    assert classifier.classify_photo(photo("circles", 100)).top(1)


def test_threads_share_a_classifier(trained_run: Run) -> None:
    """Several sessions may classify with one classifier at the same time."""
    classifier = Classifier(trained_run)
    images = pixels(classifier, 16)
    wanted = classifier.classify(images)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: classifier.classify(images), range(8)):
            for one, other in zip(found, wanted, strict=True):
                assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_a_classifier_outlives_its_folder(trained_run: Run) -> None:
    """A loaded classifier holds no file open: deleting the run does not disturb it."""
    classifier = Classifier(trained_run)
    shutil.rmtree(trained_run.folder)
    assert classifier.classify_photo(photo("circles", 100)).top(1)


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        (State.QUEUED, "free slot"),
        (State.RUNNING, "first epoch"),
        (State.FAILED, "another run"),
        (State.STOPPED, "another run"),
        (State.LOST, "another run"),
    ],
)
def test_a_run_without_a_model_says_why(home: Path, state: State, remedy: str) -> None:
    """A run with no finished epoch cannot predict, and says in which state it is and what to do."""
    run = create(small_spec("sketches"))
    identity = process_identity(os.getpid())
    run.write_status(run.saved_status.model_copy(update={"state": state, **identity}))
    with pytest.raises(RunError) as caught:
        Classifier(run)
    assert str(state) in caught.value.received
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    "content", [None, "", "[]", "null", '{"classes": ["a"', '{"classes": []}', '{"size": "x"}']
)
def test_damaged_labels_are_a_clear_error(trained_run: Run, content: str | None) -> None:
    """Without a whole labels.json a run cannot say what it sees, and the error names the file."""
    path = trained_run.folder / "labels.json"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(ModelError) as caught:
        Classifier(trained_run)
    assert "labels.json" in caught.value.expected
    assert trained_run.id in caught.value.what


def test_labels_of_another_model_are_a_clear_error(trained_run: Run) -> None:
    """Labels that do not match the model's outputs are refused before anything is classified."""
    path = trained_run.folder / "labels.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "classes": ["cats", "dogs"]}))
    with pytest.raises(ModelError) as caught:
        Classifier(trained_run)
    assert "2 classes" in str(caught.value)
    assert "3" in str(caught.value)


def test_a_half_onnx_is_healed(trained_run: Run) -> None:
    """A model.onnx cut in half is made anew from model.keras and says the same as before."""
    images = pixels(Classifier(trained_run), 3)
    wanted = Classifier(trained_run).classify(images)
    cut(trained_run.folder / "model.onnx")
    healed = Classifier(trained_run)
    for one, other in zip(healed.classify(images), wanted, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    assert not list(trained_run.folder.glob(".model*"))  # nothing half made is left


def test_a_newer_model_is_exported_again(trained_run: Run) -> None:
    """While a run trains, a model.keras newer than model.onnx is the one that predicts."""
    path = trained_run.folder / "model.onnx"
    before = path.stat().st_mtime
    path.write_bytes(b"made from an older model")
    os.utime(trained_run.folder / "model.keras", (before + 5, before + 5))
    identity = process_identity(os.getpid())
    running = trained_run.saved_status.model_copy(update={"state": State.RUNNING, **identity})
    trained_run.write_status(running)
    assert Classifier(trained_run).classify_photo(photo("circles", 100)).top(1)
    assert path.stat().st_mtime == before + 5


def test_both_models_cut_in_half_are_a_clear_error(trained_run: Run) -> None:
    """Where both model files are cut in half, the error names the run, the file and its size."""
    for name in ("model.onnx", "model.keras"):
        cut(trained_run.folder / name)
    size = (trained_run.folder / "model.keras").stat().st_size
    with pytest.raises(ModelError) as caught:
        Classifier(trained_run)
    assert trained_run.id in caught.value.what
    assert "model.keras" in caught.value.expected
    assert f"{size:,} bytes" in caught.value.received
    assert "Train the run again" in caught.value.remedy


def test_a_half_onnx_alone_is_a_clear_error(trained_run: Run) -> None:
    """Where there is no model.keras to heal it from, a damaged model.onnx is named and kept."""
    (trained_run.folder / "model.keras").unlink()
    path = trained_run.folder / "model.onnx"
    cut(path)
    with pytest.raises(ModelError) as caught:
        Classifier(trained_run)
    assert "model.onnx" in caught.value.expected
    assert f"{path.stat().st_size:,} bytes" in caught.value.received


def test_onnx_alone_is_enough(trained_run: Run) -> None:
    """A run folder with spec, labels and model.onnx predicts without model.keras."""
    (trained_run.folder / "model.keras").unlink()
    assert Classifier(trained_run).classify_photo(photo("crosses", 100)).top(1)
