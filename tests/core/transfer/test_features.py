"""Each image goes through the backbone once, and its features come in the order asked for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import Dataset, load
from core.specs import Backbone, DataSpec
from core.specs.transfer import View
from core.transfer.engines import Images, Prepare, as_they_are
from core.transfer.features import Extractor, enlarged, feature_set
from tests.conftest import write_examples

SIZE = 24
PER_CLASS = 60  # 180 images: several rounds of the extractor


class Quarters:
    """An engine without a network: the mean of each quarter of an image, of each colour."""

    width = 12
    kept = np.float16

    def __init__(self) -> None:
        self.seen: list[Images] = []  # as they came to it

    def run(self, images: Images, prepare: Prepare = as_they_are) -> np.ndarray:
        """Features float32 [n, 12]."""
        pixels = prepare(images)
        self.seen.append(pixels)
        half = pixels.shape[1] // 2
        parts = pixels.reshape(len(pixels), 2, half, 2, half, 3).astype(np.float32)
        return parts.mean(axis=(2, 4)).reshape(len(pixels), -1)


@pytest.fixture(scope="module")
def examples_of_60(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 60 images, two of which are there twice."""
    folder = write_examples(tmp_path_factory.mktemp("features") / "examples", PER_CLASS)
    for number in (3, 4):
        shutil.copy(folder / f"circles/{number:03d}.png", folder / f"circles/copy{number}.png")
    return folder


@pytest.fixture
def data(examples_of_60: Path, home: Path) -> Dataset:
    """The images at 24 pixels."""
    return load(DataSpec(source=str(examples_of_60), size=SIZE))


def extractor(size: int = SIZE, version: str = "v1-quarters") -> Extractor:
    """A new one, as another process has it."""
    return Extractor(Backbone(), Quarters(), version, size)


def go_on(done: int, count: int, known: int) -> bool:
    """Never stop."""
    return True


def direct(data: Dataset, rows: np.ndarray) -> np.ndarray:
    """What the engine makes of these rows, in half precision."""
    return Quarters().run(np.asarray(data.images.images[rows])).astype(np.float16)


def shuffled(data: Dataset) -> np.ndarray:
    """All rows in an order of their own."""
    return np.random.default_rng(0).permutation(len(data.images.labels))


def test_in_the_order_of_the_rows(data: Dataset) -> None:
    """Whatever it is, and with rows that come twice."""
    rows = np.concatenate([shuffled(data), [7, 7, 0]])
    found = extractor().of(data, rows, go_on)
    assert found is not None
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, direct(data, rows))
    assert len(np.unique(found, axis=0)) == 3 * PER_CLASS


def test_computed_once(data: Dataset) -> None:
    """Equal pixels go through once; later, and elsewhere, what is there is read."""
    first, rows = extractor(), shuffled(data)
    wanted = first.of(data, rows, go_on)
    assert first.computed == 3 * PER_CLASS
    again = extractor()
    for asked in (first, again):
        np.testing.assert_array_equal(asked.of(data, rows, go_on), wanted)
    assert (first.computed, again.computed) == (3 * PER_CLASS, 0)


def test_only_what_is_missing(data: Dataset) -> None:
    """Features that are there already are told as known, and left alone."""
    rows = np.flatnonzero(data.images.labels > 0)
    extractor().of(data, rows[:50], go_on)
    told = []

    def tell(*counts: int) -> bool:
        told.append(counts)
        return True

    other = extractor()
    np.testing.assert_array_equal(other.of(data, rows, tell), direct(data, rows))
    assert other.computed == len(rows) - 50
    assert told[0] == (50, len(rows), 50)
    assert told[-1] == (len(rows), len(rows), 50)
    done = [counts[0] for counts in told]
    assert done == sorted(set(done))


@pytest.mark.parametrize(("size", "version"), [(32, "v1-quarters"), (SIZE, "v2-quarters")])
def test_other_features_are_not_mixed_in(data: Dataset, size: int, version: str) -> None:
    """Of another size, or of another version of the backbone, all are computed."""
    rows = shuffled(data)
    extractor().of(data, rows, go_on)
    other = extractor(size, version)
    other.of(data, rows, go_on)
    assert other.computed == 3 * PER_CLASS


def test_stopping_keeps_what_was_computed(data: Dataset) -> None:
    """There are no features yet, but the next sitting goes on where this one stopped."""
    rows = shuffled(data)
    never, stopped, other = extractor(), extractor(), extractor()
    assert never.of(data, rows, lambda *_: False) is None
    assert never.computed == 0
    assert stopped.of(data, rows, lambda done, _, known: done == known) is None
    assert 0 < stopped.computed < 3 * PER_CLASS
    np.testing.assert_array_equal(other.of(data, rows, go_on), direct(data, rows))
    assert stopped.computed + other.computed == 3 * PER_CLASS


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_what_fails_in_one_part_is_told(data: Dataset, failing: int) -> None:
    """Though another part is under way beside it; what was kept before is used later."""

    class Failing(Quarters):
        def run(self, images: Images, prepare: Prepare = as_they_are) -> np.ndarray:
            if len(self.seen) >= failing - 1:
                raise RuntimeError("no more")
            return super().run(images, prepare)

    rows = shuffled(data)
    with pytest.raises(RuntimeError, match="no more"):
        Extractor(Backbone(), Failing(), "v1-quarters", SIZE).of(data, rows, go_on)
    later = extractor()
    np.testing.assert_array_equal(later.of(data, rows, go_on), direct(data, rows))
    assert (later.computed < 3 * PER_CLASS) == (failing > 1)


@pytest.mark.parametrize("size", [SIZE, 40])
def test_flipped_features_are_of_mirror_images(data: Dataset, size: int) -> None:
    """They are kept beside the plain ones, and those stay what they are."""
    rows = shuffled(data)
    both = extractor(size)
    plain, flipped = both.of(data, rows, go_on), both.of(data, rows, go_on, "flipped")
    assert both.computed == 2 * 3 * PER_CLASS
    pixels = np.asarray(data.images.images[rows])
    pixels = pixels if size == SIZE else enlarged(pixels, size)
    np.testing.assert_array_equal(flipped, Quarters().run(pixels[:, :, ::-1]).astype(np.float16))
    np.testing.assert_array_equal(extractor(size).of(data, rows, go_on), plain)
    assert plain is not None
    assert flipped is not None
    assert np.abs(plain - flipped).max() > 1


def test_closer_views_show_the_middle(data: Dataset) -> None:
    """An eighth is left out at each side, the rest fills the frame; mirrored ones are that mirrored."""
    rows = np.arange(10)
    pixels = np.asarray(data.images.images[rows])
    side = pixels.shape[1]
    near, far = side / 8, side * 7 / 8
    wanted = np.stack(
        [
            np.asarray(
                Image.fromarray(one).resize(
                    (40, 40), Image.Resampling.BILINEAR, (near, near, far, far)
                )
            )
            for one in pixels
        ]
    )
    for view, seen in (("closer", wanted), ("closer-flipped", wanted[:, :, ::-1])):
        engine = Quarters()
        Extractor(Backbone(), engine, "v1", 40).of(data, rows, go_on, cast("View", view))
        np.testing.assert_array_equal(engine.seen[0], seen)
    # of what is as large as it is wanted too
    assert enlarged(pixels, side, 1 / 8).shape == pixels.shape
    assert (enlarged(pixels, side, 1 / 8) != pixels).any()


def test_images_are_brought_to_the_backbones_size(data: Dataset) -> None:
    """The engine sees them enlarged."""
    engine, rows = Quarters(), np.arange(10)
    Extractor(Backbone(), engine, "v1", 40).of(data, rows, go_on)
    (seen,) = engine.seen
    np.testing.assert_array_equal(seen, enlarged(data.images.images[rows], 40))
    assert seen.shape == (10, 40, 40, 3)


@pytest.mark.tensorflow
@pytest.mark.parametrize(("side", "size"), [(28, 96), (32, 160), (32, 64), (33, 128), (64, 65)])
def test_enlarged_as_keras_does(side: int, size: int) -> None:
    """Within rounding to whole numbers, once down and once across: the saved model does not round."""
    import keras

    images = np.random.default_rng(0).integers(0, 256, (5, side, side, 3), np.uint8)
    found = enlarged(images, size)
    wanted = np.asarray(keras.layers.Resizing(size, size)(images.astype(np.float32)))
    assert (found.dtype, found.shape) == (np.uint8, wanted.shape)
    apart = np.abs(found - wanted)
    assert apart.max() < 1.001
    assert apart.mean() < 0.5


@pytest.mark.parametrize(("shape", "seen"), [((12,), (1, 1, 12)), ((2, 3, 4), (2, 3, 4))], ids=str)
def test_feature_set(data: Dataset, shape: tuple[int, ...], seen: tuple[int, int, int]) -> None:
    """Row i has the features that are i-th, and the label, name and parts of rows[i]."""
    rows = shuffled(data)[:30]
    values = np.arange(30 * np.prod(shape)).reshape(30, *shape).astype(np.float16)
    made = feature_set(data, rows, values)
    assert made.shape == seen
    assert made.classes == data.classes
    np.testing.assert_array_equal(made.images.images, values)
    for name in ("labels", "parts", "digests", "twins", "sizes"):
        wanted = getattr(data.images, name)[rows]
        np.testing.assert_array_equal(getattr(made.images, name), wanted)
    assert made.images.names == tuple(data.images.names[row] for row in rows)
    assert sum(made.counts().values()) == 30
