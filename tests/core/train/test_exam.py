"""A test is of the saved model, or of features that were seen to agree with it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from core.data.splits import Indices
from core.runs.run import create
from core.train.exam import examine
from core.train.reporter import Reporter
from core.train.trainee import noise
from core.transfer.head import Outcome, outcome
from tests.conftest import small_spec

pytestmark = pytest.mark.tensorflow
DATA = noise((2, 2, 3), 1500)
LABELS = DATA.images.labels
EVERY = np.arange(len(LABELS))


@pytest.fixture
def reporter(home: object) -> Iterator[Reporter]:
    """Of a run that nothing else works at."""
    with Reporter(create(small_spec("sketches"))) as made:
        yield made


def chances(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of ten classes, by the sum of an image's pixels: the saved model."""
    sums = images.reshape(len(images), -1).sum(axis=1) % 10
    return np.asarray(np.eye(10)[sums] * 0.8 + 0.02, np.float32)


def saved(rows: Indices) -> Outcome:
    """What it comes to on these rows."""
    return outcome(chances(DATA.images.images[rows]), LABELS[rows])


def other(rows: Indices) -> Outcome:
    """Features that lead to the next class of each."""
    return outcome(np.roll(chances(DATA.images.images[rows]), 1, axis=1), LABELS[rows])


def test_few_images_are_shown_to_the_saved_model(reporter: Reporter) -> None:
    """Whatever features say."""
    found = examine(chances, DATA, EVERY[:40], other, reporter)
    np.testing.assert_array_equal(found.answers, saved(EVERY[:40]).answers)
    assert reporter.status.notes == ()


def test_of_many_features_do_where_they_agree(reporter: Reporter) -> None:
    """The saved model is shown a part, and the run's notes say so."""
    shown = []

    def ask(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        shown.append(len(images))
        return chances(images)

    found = examine(ask, DATA, EVERY, saved, reporter)
    assert found.accuracy == saved(EVERY).accuracy
    assert sum(shown) == 256
    assert "named 100% of 256 test images the same" in reporter.status.notes[0]


def test_features_that_do_not_agree_are_not_believed(reporter: Reporter) -> None:
    """All images are shown to the saved model."""
    found = examine(chances, DATA, EVERY, other, reporter)
    np.testing.assert_array_equal(found.answers, saved(EVERY).answers)
    assert reporter.status.notes == ()


def test_without_a_saved_model(reporter: Reporter) -> None:
    """Features are all there is."""
    found = examine(None, DATA, EVERY[:40], other, reporter)
    np.testing.assert_array_equal(found.answers, other(EVERY[:40]).answers)
