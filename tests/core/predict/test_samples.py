"""core.predict.samples: photos to try a model on."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import load
from core.errors import NotFoundError
from core.predict.classifier import Classifier
from core.predict.samples import held_back
from core.runs.run import Run, create
from core.specs import DataSpec
from tests.conftest import small_spec


def test_samples_come_from_the_test_split(trained_run: Run) -> None:
    """Every sample is a test image, named with its true class, so training has never seen it."""
    data = load(trained_run.spec.data)
    rows = data.split(trained_run.spec.train.validation_share).test
    held = {np.asarray(data.images.images[row]).tobytes(): row for row in rows}
    photos = held_back(trained_run, 100)
    assert len(photos) == len(rows) == 12
    for name, content in photos:
        row = held.pop(np.asarray(Image.open(io.BytesIO(content))).tobytes())
        label = re.fullmatch(r"test image \d+ \((\w+)\)\.png", name)
        assert label is not None
        assert label[1] == data.classes[data.images.labels[row]]
    assert not held


def test_a_few_samples_show_different_classes(trained_run: Run) -> None:
    """As few samples as there are classes show each class once; another seed picks other images."""
    picks = [held_back(trained_run, 3, seed) for seed in (0, 0, 1)]
    assert {re.sub(r".*\((.*)\).*", r"\1", name) for name, _ in picks[0]} == {
        "circles",
        "crosses",
        "squares",
    }
    assert picks[0] == picks[1]
    assert {content for _, content in picks[0]} != {content for _, content in picks[2]}


def test_samples_can_be_classified(trained_run: Run) -> None:
    """The classifier reads a sample as it stands."""
    for name, content in held_back(trained_run, 3):
        assert name
        assert len(Classifier(trained_run).classify_photo(content).probabilities) == 3


def test_greyscale_samples_are_images_too(trained_run: Run) -> None:
    """Samples of a greyscale run are greyscale PNG files."""
    data = DataSpec(source="examples", size=24, color="gray")
    run = create(trained_run.spec.changed(data=data.model_dump()))
    for _, content in held_back(run, 3):
        assert Image.open(io.BytesIO(content)).mode == "L"


def test_samples_of_a_set_that_is_gone(trained_run: Run) -> None:
    """Where the images are no longer there, the error names the set."""
    run = create(small_spec("vanished"))
    with pytest.raises(NotFoundError) as caught:
        held_back(run, 5)
    assert "vanished" in caught.value.what
