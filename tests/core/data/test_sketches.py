"""Tests of the drawn image set; how well models do on it is measured by benchmarks/sketches.py."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data import sketches
from core.errors import NotFoundError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    return sketches.make(per_class=12, size=48)


def test_classes() -> None:
    """The twelve classes keep the names and the order that labels rely on."""
    assert sketches.CLASSES == (
        "axes",
        "boots",
        "carabiners",
        "crampons",
        "gloves",
        "hardshell_jackets",
        "harnesses",
        "helmets",
        "insulated_jackets",
        "pulleys",
        "rope",
        "tents",
    )


@pytest.mark.parametrize("label", sketches.CLASSES)
def test_same_seed_same_picture(label: str) -> None:
    """The same label and seed give the same picture, byte for byte."""
    assert sketches.draw(label, 7).tobytes() == sketches.draw(label, 7).tobytes()


@pytest.mark.parametrize("label", sketches.CLASSES)
def test_other_seed_other_picture(label: str) -> None:
    """Another seed, negative ones included, gives another picture."""
    pictures = {sketches.draw(label, seed, 32).tobytes() for seed in range(-10, 10)}
    assert len(pictures) == 20


@pytest.mark.parametrize("size", [16, 33, 96])
def test_picture_has_the_size_asked_for(size: int) -> None:
    """A picture is RGB and as large as asked for, odd sizes too."""
    picture = sketches.draw("tents", 0, size)
    assert (picture.mode, picture.size) == ("RGB", (size, size))


def test_fresh_process_draws_the_same() -> None:
    """A new interpreter with another hash seed draws the same picture, without TensorFlow."""
    code = (
        "import sys, hashlib; from core.data import sketches;"
        "print(hashlib.sha256(sketches.draw('rope', 3).tobytes()).hexdigest(),"
        " 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = hashlib.sha256(sketches.draw("rope", 3).tobytes()).hexdigest()
    assert done.stdout.split() == [here, "False"]


def test_unknown_label_is_refused() -> None:
    """An unknown label is refused with the names that exist."""
    with pytest.raises(NotFoundError) as caught:
        sketches.draw("skis", 0)
    assert "tents" in caught.value.expected
    assert "skis" in caught.value.received


def test_make_shapes_and_labels(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """The set is uint8 images and labels, as many of each class, in class order."""
    images, labels = drawn
    assert (images.shape, images.dtype) == ((144, 48, 48, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((144,), np.uint8)
    assert labels.tolist() == [index for index in range(12) for _ in range(12)]


def test_make_holds_what_draw_draws(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """With seed 0, the k-th picture of a class in the set is draw(label, k)."""
    images, _ = drawn
    assert np.array_equal(images[12 * 4 + 5], np.asarray(sketches.draw("gloves", 5, 48)))


def test_all_pictures_are_distinct(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """No two pictures are equal, within a set or between the sets of two seeds."""
    other, _ = sketches.make(per_class=12, size=48, seed=1)
    everything = np.concatenate([drawn[0], other])
    assert len({image.tobytes() for image in everything}) == len(everything)


def test_classes_share_colours(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """Pictures of one class differ in mean colour by far more than classes do from each other."""
    colours = drawn[0].mean(axis=(1, 2)).reshape(12, 12, 3)  # class, picture, channel
    within = colours.std(axis=1).mean()
    between = colours.mean(axis=1).std(axis=0).mean()
    assert within > 20
    assert between < within


@pytest.mark.parametrize("index", range(12), ids=sketches.CLASSES)
def test_pose_varies_within_a_class(drawn: tuple[np.ndarray, np.ndarray], index: int) -> None:
    """Within a class, what stands out from the background varies in place and in extent."""
    pictures = drawn[0][index * 12 : index * 12 + 12].astype(float)
    background = np.median(pictures, axis=(1, 2), keepdims=True)
    marked = np.abs(pictures - background).max(axis=3) > 50
    areas = marked.mean(axis=(1, 2))
    places = np.array([np.argwhere(mask).mean(axis=0) for mask in marked])
    assert areas.std() > 0.02
    assert places.std(axis=0).min() > 0.5  # pixels, of 48


def test_progress_counts_up() -> None:
    """Progress reports every picture once, up to the total."""
    seen: list[tuple[int, int]] = []
    sketches.make(per_class=2, size=16, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 24) for done in range(1, 25)]
