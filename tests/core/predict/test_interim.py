"""core.predict.interim: the best weights so far as a classifier, without TensorFlow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from core.errors import ImageError, ModelError
from core.predict.classifier import Classifier
from core.predict.interim import Interim
from core.runs.run import Run, create
from core.specs import Conv2D, Input, ModelSpec, Output
from core.specs.layers import Flatten
from tests.conftest import COLORS, small_spec
from tests.core.predict.test_classifier import photo

pytestmark = pytest.mark.tensorflow  # the trained run takes it


def test_it_says_what_the_exported_model_says(trained_run: Run) -> None:
    """NumPy and onnxruntime give photos the same probabilities, up to rounding."""
    interim, classifier = Interim(trained_run), Classifier(trained_run)
    for label in COLORS:
        content = photo(label, 500, 90)
        found, wanted = interim.classify_photo(content), classifier.classify_photo(content)
        assert found.classes == wanted.classes
        assert found.probabilities == pytest.approx(wanted.probabilities, abs=1e-4)


def test_mirror_images_count_where_the_run_asks_for_them(trained_run: Run) -> None:
    """Then a photo and its mirror image get the same: the mean of what each gets without."""
    content = photo("crosses", 501)
    flipped = io.BytesIO()
    ImageOps.mirror(Image.open(io.BytesIO(content))).save(flipped, "PNG")
    both = content, flipped.getvalue()
    plain = [Interim(trained_run).classify_photo(one).probabilities for one in both]
    spec = trained_run.spec.changed(augment={"mirror": True})
    (trained_run.folder / "spec.json").write_text(spec.model_dump_json())
    for one in both:
        found = Interim(trained_run).classify_photo(one).probabilities
        assert found == pytest.approx(np.mean(plain, axis=0), abs=1e-5)
    assert plain[0] != pytest.approx(plain[1], abs=1e-5)


def test_it_needs_no_export_and_makes_none(trained_run: Run) -> None:
    """Without model.onnx it predicts all the same, and leaves the folder as it was."""
    (trained_run.folder / "model.onnx").unlink()
    before = sorted(path.name for path in trained_run.folder.iterdir())
    assert Interim(trained_run).classify_photo(photo("circles", 500)).top(1)
    assert sorted(path.name for path in trained_run.folder.iterdir()) == before


def test_before_the_first_epoch_it_says_when(trained_run: Run) -> None:
    """Without model.keras the error tells when there will be one; without labels, which file."""
    (trained_run.folder / "model.keras").unlink()
    with pytest.raises(ModelError) as caught:
        Interim(trained_run)
    assert "first epoch" in caught.value.remedy
    (trained_run.folder / "labels.json").write_text("[]")
    with pytest.raises(ModelError) as caught:
        Interim(trained_run)
    assert "labels.json" in caught.value.expected


def test_a_photo_that_cannot_be_read_is_an_image_error(trained_run: Run) -> None:
    """As with the exported model."""
    with pytest.raises(ImageError):
        Interim(trained_run).classify_photo(b"no image")


def test_a_design_that_takes_too_long_is_refused(trained_run: Run) -> None:
    """A photo that NumPy would need minutes for waits for the end of the training."""
    wide = [Conv2D(filters=2048, kernel_size=7, padding="same") for _ in range(3)]
    layers = (Input(), *wide, Flatten(), Output())
    spec = small_spec("examples").changed(model=ModelSpec(name="wide", layers=layers).model_dump())
    run = create(spec)
    (run.folder / "labels.json").write_bytes((trained_run.folder / "labels.json").read_bytes())
    with pytest.raises(ModelError) as caught:
        Interim(run)
    assert "multiply-adds" in caught.value.received
    assert "ended" in caught.value.remedy
