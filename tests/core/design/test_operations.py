"""Tests of the sums that layers are made of; test_forward.py compares the layers with Keras."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.design import operations
from core.design.operations import Values


def picture(*shape: int) -> Values:
    """Random numbers of that shape."""
    return np.random.default_rng(0).standard_normal(shape, np.float32)


@given(
    length=st.integers(1, 40),
    window=st.integers(1, 9),
    step=st.integers(1, 6),
)
def test_border(length: int, window: int, step: int) -> None:
    """Same padding lets the window fit as often as the stride fits in; the rest lies behind."""
    before, after = operations.border(length, window, step, "same")
    assert before <= after <= before + 1
    places = (length + before + after - window) // step + 1
    assert places == -(-length // step)
    assert operations.border(length, window, step, "valid") == (0, 0)


def test_framed() -> None:
    """A frame is as wide as asked on each side, and an image without one is not copied."""
    image = picture(2, 3, 1)
    made = operations.framed(image, (1, 2), (0, 3), 7.0)
    assert made.shape == (5, 6, 1)
    assert (made[1:3, :3] == image).all()
    assert made.sum() == pytest.approx(image.sum() + 7 * (30 - 6), rel=1e-5)
    assert operations.framed(image, (0, 0), (0, 0)) is image


@given(st.integers(1, 300), st.integers(1, 3000), st.integers(1, 300))
@settings(deadline=None)
def test_product(length: int, size: int, filters: int) -> None:
    """A matrix product in tiles is the matrix product."""
    one, two = picture(length, size), picture(size, filters)
    made = operations.product(one, two)
    assert made.dtype == np.float32
    assert np.abs(made - one.astype(np.float64) @ two.astype(np.float64)).max() < 1e-5 * size + 1e-4


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("chunk", [1, 60, 500])
def test_chunks(monkeypatch: pytest.MonkeyPatch, step: int, chunk: int) -> None:
    """A convolution gives the same however few windows it takes at a time."""
    image, kernel = picture(11, 7, 3), picture(3, 3, 3, 4)
    whole = operations.convolve(image, kernel, step, "same")
    monkeypatch.setattr(operations, "_CHUNK", chunk)
    assert np.allclose(operations.convolve(image, kernel, step, "same"), whole, atol=1e-5)


def test_memory() -> None:
    """Unrolling the windows of a large image takes a few megabytes at a time, not gigabytes."""
    image, kernel = picture(256, 256, 8), picture(11, 11, 8, 4)
    tracemalloc.start()
    try:
        operations.convolve(image, kernel, 1, "valid")
        assert tracemalloc.get_traced_memory()[1] < 20e6  # all windows at once: 234 MB
    finally:
        tracemalloc.stop()


def test_pool_by_hand() -> None:
    """Each window gives its largest value or its mean; a border changes neither."""
    image = -np.arange(1, 10, dtype=np.float32).reshape(3, 3, 1)
    largest = operations.pool(image, 2, 2, "same", mean=False)[:, :, 0]
    mean = operations.pool(image, 2, 2, "same", mean=True)[:, :, 0]
    assert largest.tolist() == [[-1, -3], [-7, -9]]
    assert mean.tolist() == [[-3, -4.5], [-7.5, -9]]


def test_enlarge_by_hand() -> None:
    """Pixels are repeated, or blended between their centres."""
    image = np.array([[[0.0], [4.0]]], np.float32)
    assert operations.enlarge(image, 2, blend=False)[0, :, 0].tolist() == [0, 0, 4, 4]
    assert operations.enlarge(image, 2, blend=True)[1, :, 0].tolist() == [0, 1, 3, 4]


def test_inputs_stay_as_they_are() -> None:
    """No operation writes into the image it gets: other layers may need it."""
    image = picture(6, 6, 4)
    image.flags.writeable = False
    operations.convolve(image, picture(1, 1, 4, 2), 1, "valid")
    operations.convolve(image, picture(3, 3, 4, 2), 2, "same")
    operations.depthwise(image, picture(2, 2, 4, 2), 1, "same")
    operations.pool(image, 1, 1, "valid", mean=False)
    operations.pool(image, 3, 2, "same", mean=True)
    for blend in (True, False):
        operations.enlarge(image, 2, blend=blend)
    operations.normalize(image, *operations.moments(image, (-1,)), 0.1, picture(4), picture(4))
    operations.means(image)
