"""core.train.augmentation: each change against plain NumPy or Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from core.specs import AugmentSpec
from core.train import backend

pytestmark = pytest.mark.tensorflow

EVERYTHING: dict[str, Any] = {
    "flip": "both",
    "shift": 0.2,
    "rotation": 20,
    "zoom": 0.2,
    "contrast": 0.3,
    "cutout": 0.4,
    "mixup": 0.4,
    "cutmix": 1.0,
}


@pytest.fixture(autouse=True, scope="module")
def tensorflow() -> Any:
    """TensorFlow, started as the worker does."""
    backend.start()
    import tensorflow

    return tensorflow


@lru_cache(maxsize=4)
def augmentation(spec: AugmentSpec, compiled: bool) -> Any:
    """One that has been traced is used again."""
    from core.train.augmentation import Augmentation

    return Augmentation(spec, compiled=compiled)


def augmented(
    images: NDArray[np.uint8],
    labels: Any = None,
    key: tuple[int, int] = (1, 2),
    compiled: bool = False,
    **changes: Any,
) -> tuple[Any, Any, Any]:
    """Images, partners and shares; labels are the images' numbers unless given."""
    labels = np.arange(len(images)) if labels is None else labels
    made = augmentation(AugmentSpec(**changes), compiled)(
        images, np.asarray(labels, np.int32), np.array(key, np.int32)
    )
    return tuple(np.asarray(item) for item in made)  # type: ignore[return-value]


def noise(
    count: int,
    height: int = 7,
    width: int = 5,
    channels: int = 3,
    lowest: int = 0,
    above: int = 256,
) -> NDArray[np.uint8]:
    """Images whose pixels are all random."""
    rng = np.random.default_rng(0)
    return rng.integers(lowest, above, (count, height, width, channels)).astype(np.uint8)


def alike(count: int, **settings: Any) -> NDArray[np.uint8]:
    """One image of noise, many times."""
    return np.repeat(noise(1, **settings), count, axis=0)


def graph(spec: AugmentSpec) -> list[str]:
    """Kinds of the operations in a graph that augments any number of images."""
    import tensorflow as tf

    from core.train.augmentation import Augmentation

    made = Augmentation(spec, compiled=False)
    function = tf.function(made, autograph=False).get_concrete_function(
        tf.TensorSpec((None, 7, 5, 3), tf.uint8),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((2,), tf.int32),
    )
    inner = [
        node.op for part in function.graph.as_graph_def().library.function for node in part.node_def
    ]
    return [node.type for node in function.graph.get_operations()] + inner


def test_off_is_the_same_tensor(tensorflow: Any) -> None:
    """With nothing on, nothing is looked up or drawn; the shares are all there is to make."""
    from core.train.augmentation import Augmentation

    images, labels = tensorflow.constant(noise(3)), tensorflow.constant([3, 1, 2])
    made = Augmentation(AugmentSpec())(images, labels, tensorflow.constant([0, 0]))
    assert made[0] is images
    assert made[1] is labels
    assert made[2].numpy().tolist() == [1, 1, 1]
    assert not [kind for kind in graph(AugmentSpec()) if kind.startswith(("Stateless", "Gather"))]


def test_what_is_off_costs_nothing() -> None:
    """A flip needs one look-up, a rotation four; contrast none."""
    counts = [
        graph(AugmentSpec(**changes)).count("GatherV2")
        for changes in ({"flip": "both"}, {"rotation": 10.0}, {"contrast": 0.1})
    ]
    # TensorFlow makes a look-up of a batch from its flat form
    assert counts[0] == 1
    assert counts[2] == 0
    assert counts[1] > counts[0]


@pytest.mark.parametrize(
    ("count", "channels", "compiled"),
    [*((count, channels, False) for count in range(1, 6) for channels in (1, 3)), (2, 1, True)],
)
def test_the_key_decides(count: int, channels: int, compiled: bool) -> None:
    """The same key does the same again, another one does something else; sizes and types stay."""
    images = noise(count, channels=channels)
    first, again, other, third = (
        augmented(images, key=key, compiled=compiled, **EVERYTHING)
        for key in ((1, 2), (1, 2), (1, 3), (2, 2))
    )
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert (first[0] != other[0]).any()
    assert (first[0] != third[0]).any()
    assert (first[0].shape, first[0].dtype) == (images.shape, np.uint8)
    assert (first[1].shape, first[1].dtype) == ((count,), np.int32)
    assert (first[2].shape, first[2].dtype) == ((count,), np.float32)


def test_compiling_changes_nothing() -> None:
    """But a grey level of rounding, here and there."""
    images = noise(6, 9, 8)
    plain, compiled = (augmented(images, compiled=way, **EVERYTHING) for way in (False, True))
    apart = np.abs(plain[0].astype(int) - compiled[0])
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.01
    np.testing.assert_array_equal(plain[1], compiled[1])
    np.testing.assert_allclose(plain[2], compiled[2], atol=1e-6)


def test_an_image_changes_alike_in_any_company() -> None:
    """A smaller batch has the changes of the first images of a larger one."""
    images = noise(5)
    changes = {**EVERYTHING, "mixup": 0.0, "cutmix": 0.0}
    large, small = augmented(images, **changes), augmented(images[:3], **changes)
    np.testing.assert_array_equal(large[0][:3], small[0])


def test_in_a_loop_with_any_number_of_images(tensorflow: Any) -> None:
    """Compiled inside a loop's body, batches of 4, 4 and 2 change as they do alone."""
    from core.train.augmentation import Augmentation

    images, labels = noise(10), np.arange(10, dtype=np.int32)
    augment = Augmentation(AugmentSpec(**EVERYTHING))

    @tensorflow.function(autograph=False)
    def run(images: Any, labels: Any) -> Any:
        def step(number: Any, made: Any) -> Any:
            span = slice(number * 4, (number + 1) * 4)
            some, *_ = augment(images[span], labels[span], tensorflow.stack([7, number]))
            return number + 1, tensorflow.concat([made, some], 0)

        start = (tensorflow.constant(0), images[:0])
        shapes = (tensorflow.TensorShape([]), tensorflow.TensorShape([None, 7, 5, 3]))
        return tensorflow.while_loop(lambda n, _: n < 3, step, start, shape_invariants=shapes)[1]

    made = np.asarray(run(tensorflow.constant(images), tensorflow.constant(labels)))
    alone = [
        augmented(images[span], labels[span], (7, n), compiled=True, **EVERYTHING)[0]
        for n, span in enumerate((slice(4), slice(4, 8), slice(8, 10)))
    ]
    np.testing.assert_array_equal(made, np.concatenate(alone))


@pytest.mark.parametrize(
    ("flip", "ways"),
    [
        ("horizontal", [(1, 1), (1, -1)]),
        ("vertical", [(1, 1), (-1, 1)]),
        ("both", [(1, 1), (1, -1), (-1, 1), (-1, -1)]),
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_flip(flip: str, ways: Any, compiled: bool) -> None:
    """An image comes as it is or mirrored, one as often as the other."""
    images = noise(400)
    made, partners, shares = augmented(images, flip=flip, compiled=compiled)
    found = [(made == images[:, ::up, ::across]).all(axis=(1, 2, 3)).mean() for up, across in ways]
    assert sum(found) == pytest.approx(1.0)
    assert found == pytest.approx([1 / len(ways)] * len(ways), abs=0.1)
    assert partners.tolist() == list(range(400))
    assert (shares == 1).all()


@pytest.mark.parametrize("size", [(7, 5), (32, 32), (2, 3), (1, 4)])
@pytest.mark.parametrize("compiled", [False, True])
def test_shift(size: tuple[int, int], compiled: bool) -> None:
    """Whole pixels, up to the bound in every direction, and the image mirrored where it ends."""
    (height, width), share = size, 0.4 if size != (32, 32) else 0.125
    far = [round(share * side) for side in size]
    images = alike(1500, height=height, width=width)
    padded = np.pad(images[0], [(far[0],) * 2, (far[1],) * 2, (0, 0)], mode="reflect")
    expected = {
        padded[row : row + height, column : column + width].tobytes()
        for row in range(2 * far[0] + 1)
        for column in range(2 * far[1] + 1)
    }
    made, *_ = augmented(images, shift=share, compiled=compiled)
    assert {image.tobytes() for image in made} == expected


def soft(height: int, width: int) -> NDArray[np.uint8]:
    """An image without sharp edges, in which no direction is like another."""
    row, column = np.mgrid[:height, :width]
    waves = [np.sin(row / 5 + column / 9), np.cos(column / 6), np.sin(row / 8 - column / 7 + 1)]
    return (128 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


@pytest.mark.parametrize("compiled", [False, True])
def test_rotation_is_that_of_pillow(compiled: bool) -> None:
    """Within the circle that never leaves the image, by angles all over the range and none beyond."""
    image, bound = soft(41, 41), 30
    made, *_ = augmented(np.repeat(image[None], 60, axis=0), rotation=bound, compiled=compiled)
    row, column = np.mgrid[-20:21, -20:21]
    circle = row**2 + column**2 < 18**2
    angles = np.arange(-bound - 10, bound + 11)
    turned = np.stack(
        [
            np.asarray(Image.fromarray(image).rotate(angle, Image.Resampling.BILINEAR))[circle]
            for angle in angles
        ]
    )
    found = []
    for one in made[:, circle]:
        apart = np.abs(turned.astype(int) - one).mean(axis=(1, 2))
        assert apart.min() < 2  # half a degree from the nearest angle that was tried, at most
        found.append(angles[apart.argmin()])
    assert -bound <= min(found) < -0.8 * bound
    assert 0.8 * bound < max(found) <= bound


@pytest.mark.parametrize("size", [(33, 25), (24, 36)])
def test_flip_shift_rotation_and_zoom_together(size: tuple[int, int]) -> None:
    """Around the centre: one mirroring, one scale and one angle, and then whole pixels of shift."""
    height, width = size
    row, column = np.mgrid[:height, :width]
    # pixels that tell where they come from
    image = np.stack([row * 7, column * 7], axis=-1).astype(np.uint8)
    image = np.concatenate([image, image[..., :1]], axis=-1)
    changes: dict[str, Any] = {"flip": "both", "shift": 0.1, "rotation": 25, "zoom": 0.25}
    made, *_ = augmented(np.repeat(image[None], 200, axis=0), **changes)
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    near = (np.abs(row - centre[0]) < 5) & (np.abs(column - centre[1]) < 5)
    places = np.stack([row, column], axis=-1)[near] - centre
    inputs = np.concatenate([places, np.ones((len(places), 1))], axis=1)
    kinds, scales, angles, shifts = set(), [], [], []
    for one in made:
        sources = one[near][:, :2] / 7 - centre
        fit, *_ = np.linalg.lstsq(inputs, sources, rcond=None)
        assert np.abs(inputs @ fit - sources).max() < 0.15  # a grey level is 0.14 pixels
        matrix, shift = fit[:2].T, fit[2]
        signs = np.sign(np.diag(matrix))
        rotation = matrix * signs[:, None]
        scale = 1 / np.sqrt(np.linalg.det(rotation))
        np.testing.assert_allclose(rotation @ rotation.T * scale**2, np.eye(2), atol=0.03)
        np.testing.assert_allclose(shift, np.round(shift), atol=0.05)
        kinds.add(tuple(signs))
        scales.append(scale)
        angles.append(np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0])))
        shifts.append(tuple(np.round(shift)))
    assert len(kinds) == 4
    assert 0.74 < min(scales) < 0.80
    assert 1.20 < max(scales) < 1.26
    assert -25.7 < min(angles) < -22
    assert 22 < max(angles) < 25.7
    far = np.round(0.1 * np.array(size))
    assert (np.max(shifts, axis=0) == far).all()
    assert (np.min(shifts, axis=0) == -far).all()


@pytest.mark.parametrize("compiled", [False, True])
def test_contrast_keeps_the_mean(compiled: bool) -> None:
    """Each colour's deviations from its mean are multiplied by a factor within the bounds."""
    images = noise(300, 12, 10, lowest=90, above=166)
    made, *_ = augmented(images, contrast=0.5, compiled=compiled)
    means = images.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(made.mean(axis=(1, 2), keepdims=True), means, atol=0.2)
    factors = (made - means).std(axis=(1, 2)) / images.std(axis=(1, 2))
    assert np.ptp(factors, axis=1).max() < 0.02
    assert 0.49 < factors.min() < 0.55
    assert 1.45 < factors.max() < 1.51
    np.testing.assert_allclose(
        made, means + factors.mean(axis=1)[:, None, None, None] * (images - means), atol=1
    )


def test_contrast_stays_in_range() -> None:
    """What would be darker than black or brighter than white is just that, and not the opposite."""
    images = np.zeros((50, 6, 4, 1), np.uint8)
    images[:, :, 2:] = 255
    made, *_ = augmented(images, contrast=0.9)
    assert made[:, :, :2].max() < 128 <= made[:, :, 2:].min()
    assert (made == images).all(axis=(1, 2, 3)).mean() == pytest.approx(0.5, abs=0.2)


def spans(changed: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rectangle that is changed, and nothing but it."""
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    found = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    assert changed[found].all()
    assert changed.sum() == changed[found].size
    return found


@pytest.mark.parametrize("compiled", [False, True])
def test_cutout(compiled: bool) -> None:
    """A square of the mean colour around any pixel, cut off where the image ends."""
    size, side = (7, 9), 3  # 0.4 of the shorter side
    images = noise(800, *size)
    made, *_ = augmented(images, cutout=0.4, compiled=compiled)
    means = np.floor(images.mean(axis=(1, 2)) + 0.5)
    found = set()
    for image, one, mean in zip(images, made, means, strict=True):
        hole = spans((image != one).any(axis=-1))
        assert (one[hole] == mean).all()
        found.add(tuple((span.start, span.stop) for span in hole))
    ways = [{(max(0, at - 1), min(most, at + side - 1)) for at in range(most)} for most in size]
    assert found == {(rows, columns) for rows in ways[0] for columns in ways[1]}


@pytest.mark.parametrize("compiled", [False, True])
def test_mixup(compiled: bool) -> None:
    """Each image is blended with another one by its own share, and partners are that one's labels."""
    images = noise(50)
    labels = np.random.default_rng(1).permutation(50)
    made, partners, shares = augmented(images, labels, mixup=1.0, compiled=compiled)
    others = np.array([int(np.flatnonzero(labels == partner)[0]) for partner in partners])
    assert (others != np.arange(50)).all()
    share = shares.astype(np.float64)[:, None, None, None]
    blend = share * images + (1 - share) * images[others]
    assert np.abs(made - blend).max() <= 0.5001
    assert len(set(shares.tolist())) > 40


@pytest.mark.parametrize("compiled", [False, True])
def test_cutmix(compiled: bool) -> None:
    """A rectangle of the other image, and the share is just the area that has remained."""
    count, (height, width) = 200, (9, 11)
    images = np.broadcast_to(
        np.arange(count, dtype=np.uint8)[:, None, None, None], (count, height, width, 3)
    ).copy()
    made, partners, shares = augmented(images, cutmix=1.0, compiled=compiled)
    lengths = []
    for number, (one, partner, share) in enumerate(zip(made, partners, shares, strict=True)):
        pasted = (one == partner).all(axis=-1)
        assert ((one == number).all(axis=-1) | pasted).all()
        assert share == pytest.approx(1 - pasted.sum() / pasted.size, abs=1e-6)
        if pasted.any():
            rows, columns = spans(pasted)
            lengths.append((rows.stop - rows.start, columns.stop - columns.start))
    assert len(lengths) > 150
    assert len(set(lengths)) > 20
    assert shares.min() < 0.3


def test_mixup_or_cutmix() -> None:
    """With both on, a batch is all blends or all pieces, and either comes about as often."""
    images = np.broadcast_to(
        np.array([0, 101, 223, 150], np.uint8)[:, None, None, None], (4, 32, 32, 1)
    ).copy()
    blends = []
    for key in range(60):
        made, partners, shares = augmented(images, key=(0, key), mixup=2.0, cutmix=2.0)
        flat = made.reshape(4, -1)
        rest = [(flat[n] == images[n, 0, 0, 0]).mean() for n in range(4)]
        pieces = np.allclose(rest, shares, atol=1e-6)
        one_colour = (np.ptp(flat, axis=1) == 0).all()
        assert pieces != one_colour
        assert partners.tolist() == [3, 0, 1, 2]
        blends.append(one_colour)
    assert np.mean(blends) == pytest.approx(0.5, abs=0.25)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 1.3, 2.0])
def test_shares_are_beta(alpha: float) -> None:
    """Mean, variance and quantiles are those of Beta(alpha, alpha)."""
    from core.train.augmentation import shares_of

    table = shares_of(alpha)
    assert table.mean() == pytest.approx(0.5, abs=1e-4)
    assert table.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.002)
    drawn = np.sort(np.random.default_rng(0).beta(alpha, alpha, len(table) * 100))
    np.testing.assert_allclose(table, drawn[50::100], atol=0.02)
    _, _, shares = augmented(np.zeros((4000, 1, 1, 1), np.uint8), mixup=alpha)
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(table.var(), rel=0.1)


@pytest.mark.parametrize("alpha", [1e-300, 1e-9, 0.001])
def test_a_tiny_alpha_blends_nothing(alpha: float) -> None:
    """Shares are then 0 or 1, and never not a number."""
    from core.train.augmentation import shares_of

    table = shares_of(alpha)
    assert (table[:1000] < 0.01).all()
    assert (table[-1000:] > 0.99).all()


@pytest.fixture(scope="module")
def in_the_open(tensorflow: Any) -> Iterator[None]:
    """Functions run without tracing, which would take longer than they do."""
    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)


SPECS = st.builds(
    AugmentSpec,
    flip=st.sampled_from(["none", "horizontal", "vertical", "both"]),
    **{
        name: st.just(0.0) | st.floats(0.0, highest)
        for name, highest in {
            "shift": 0.5,
            "rotation": 180.0,
            "zoom": 0.5,
            "contrast": 0.9,
            "cutout": 0.75,
            "mixup": 2.0,
            "cutmix": 2.0,
        }.items()
    },
)
SHAPES = st.tuples(*(st.integers(1, most) for most in (4, 9, 9, 3)))


@settings(max_examples=100, deadline=None)
@given(spec=SPECS, shape=SHAPES, seed=st.integers(0, 2**31 - 1))
def test_any_spec_and_any_shape(
    in_the_open: None, spec: AugmentSpec, shape: Any, seed: int
) -> None:
    """Sizes and types stay, shares are 0 to 1, partners are of the batch, and colours are not made up."""
    images = np.random.default_rng(seed).integers(60, 190, shape).astype(np.uint8)
    labels = np.arange(10, 10 + shape[0])
    made, partners, shares = augmented(images, labels, (seed, seed // 2), **spec.model_dump())
    assert (made.shape, made.dtype) == (shape, np.uint8)
    assert shares.shape == partners.shape == labels.shape
    assert ((shares >= 0) & (shares <= 1)).all()
    assert set(partners.tolist()) <= set(labels.tolist())
    if not spec.contrast:
        assert made.min() >= images.min()
        assert made.max() <= images.max()
    if not (spec.mixup or spec.cutmix):
        assert (shares == 1).all()
        assert (partners == labels).all()
