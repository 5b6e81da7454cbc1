"""core.design.whitening: patches of images, all directions equally strong."""

from __future__ import annotations

import numpy as np
import pytest

from core.design import whitening
from core.design.analysis import analyse
from core.design.forward import forward
from core.design.operations import Values, convolve
from core.design.weights import initial
from core.design.whitening import kernel, whitened
from core.specs import (
    Activation,
    BatchNormalization,
    Conv2D,
    Flatten,
    GlobalAverageMaxPooling2D,
    Input,
    Layer,
    ModelSpec,
    Output,
    Whitening,
    ZeroPadding2D,
)


def pictures(count: int = 40, side: int = 12, channels: int = 3) -> list[Values]:
    """Smooth images: neighbours are alike, as in photos, and more so than their colours."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(count, side + 2, side + 2, channels)).astype(np.float32)
    smooth = sum(noise[:, y : y + side, x : x + side] for y in range(3) for x in range(3))
    return list(np.asarray(smooth + 2 * smooth.mean(axis=3, keepdims=True), np.float32))


def answers(images: list[Values], weights: Values) -> Values:
    """What a convolution says at every place, [places, filters]."""
    made = [convolve(image, weights, 1, "valid") for image in images]
    return np.concatenate([values.reshape(-1, weights.shape[-1]) for values in made])


@pytest.mark.parametrize(("size", "channels"), [(1, 3), (2, 3), (3, 1)])
def test_all_directions_come_out_equally_strong(size: int, channels: int) -> None:
    """Over the images' patches, all directions have a spread of 1 and nothing in common."""
    images = pictures(channels=channels)
    patch = size * size * channels
    found = answers(images, kernel(images, size, 2 * patch))[:, :patch]
    together = found.T @ found / len(found)
    assert np.abs(together - np.diag(np.diag(together))).max() < 1e-3
    assert (np.diag(together) <= 1 + 1e-4).all()
    assert (np.diag(together) > 0.9).all()  # the floor takes from the weakest


def test_the_commonest_come_first_and_then_their_negatives() -> None:
    """With fewer filters than directions those are left out along which the images vary least."""
    images = pictures()
    all_of_them, some = kernel(images, 3, 54), kernel(images, 3, 10)
    assert some.shape == (3, 3, 3, 10)
    assert some.dtype == np.float32
    assert (some[..., :5] == all_of_them[..., :5]).all()
    assert (some[..., 5:] == -some[..., :5]).all()
    lengths = np.square(all_of_them).sum(axis=(0, 1, 2))[:27]
    assert (np.diff(lengths) > 0).all()  # the rarer a pattern, the more it is turned up


def test_images_without_any_pattern() -> None:
    """One colour, or fewer pixels than a patch: weights are finite."""
    for image in (np.zeros((6, 6, 3)), np.full((6, 6, 3), 0.5), np.ones((2, 1, 3))):
        assert np.isfinite(kernel([image.astype(np.float32)], 3, 54)).all()


def test_of_one_image() -> None:
    """Before any training, a design's whitening is that of the image that is looked at."""
    layers: tuple[Layer, ...] = (
        Input(scale="-1 to 1"),
        Conv2D(filters=2, padding="same"),
        Whitening(directions=4, kernel_size=2),
        Activation(),
        BatchNormalization(),
        GlobalAverageMaxPooling2D(),
        Output(),
    )
    analysis = analyse(ModelSpec(name="white", layers=layers), (9, 8, 3), 3)
    assert not analysis.errors
    image = np.random.default_rng(0).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    start = initial(analysis)
    weights = whitened(analysis, start, image)
    assert set(weights) == set(start)
    for name in start:
        if name != "whitening_1":
            assert all((a == b).all() for a, b in zip(weights[name], start[name], strict=True))
    made = forward(analysis, weights, image)
    wanted = kernel([made["conv2d_1"]], 2, 8)
    assert (weights["whitening_1"][0] == wanted).all()
    assert made["whitening_1"].shape == (9, 8, 8)
    assert made["global_average_max_pooling2d_1_concat_1"].shape == (16,)


def test_a_design_that_does_not_whiten_keeps_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to set, nor is anything looked at."""
    layers = (Input(), ZeroPadding2D(), Flatten(), Output())
    analysis = analyse(ModelSpec(name="plain", layers=layers), (4, 4, 1), 2)
    monkeypatch.setattr(whitening, "forward", lambda *_, **__: pytest.fail("nothing to look at"))
    start = initial(analysis)
    weights = whitened(analysis, start, np.zeros((4, 4, 1), np.uint8))
    assert set(weights) == {"output_1"}
    assert all((a == b).all() for a, b in zip(weights["output_1"], start["output_1"], strict=True))
