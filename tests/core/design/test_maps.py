"""Tests that outputs become pictures and bars that can be compared."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.design import maps as module
from core.design.maps import VIRIDIS, bars, grid, maps, picked, png, sized
from core.design.operations import Values


def ramp(height: int = 4, width: int = 5, channels: int = 3) -> Values:
    """An output in which every value is another one."""
    values = np.arange(height * width * channels, dtype=np.float32)
    return values.reshape(height, width, channels)


@given(total=st.integers(1, 5000), count=st.integers(1, 100))
def test_picked(total: int, count: int) -> None:
    """As many as asked for, in order, none twice, from the first to the last."""
    found = picked(total, count)
    assert len(found) == len(set(found)) == min(total, count)
    assert list(found) == sorted(found)
    assert found[0] == 0
    assert found[-1] == (total - 1 if count > 1 else 0)


def test_channels() -> None:
    """Maps are channels in their order, with their own extremes and the number of all."""
    output = ramp(channels=40)
    found = maps(output, 4)
    assert found.channels == 40
    assert [item.channel for item in found.shown] == [0, 13, 26, 39]
    for item in found.shown:
        assert item.pixels.shape == (4, 5)
        assert item.pixels.dtype == np.uint8
        assert item.low == output[:, :, item.channel].min()
        assert item.high == output[:, :, item.channel].max()


def test_one_scale() -> None:
    """All maps of a layer share one scale: the same value is as bright in each."""
    output = np.zeros((2, 2, 2), np.float32)
    output[:, :, 0], output[:, :, 1] = [[0, 1], [2, 3]], [[0, 2], [4, 8]]
    found = maps(output)
    one, two = (item.pixels for item in found.shown)
    assert one[1, 0] == two[0, 1]
    assert one[0, 0] == two[0, 0] == 0
    assert two[1, 1] == 255
    assert one[1, 1] < 255


def test_outliers() -> None:
    """One value far from all others does not make the others dark."""
    output = ramp(20, 20, 2)
    output[3, 3, 1] = 1e6
    found = maps(output)
    assert found.high < 1000
    assert found.shown[0].pixels.max() > 240
    assert found.shown[1].high == 1e6


def test_sparse() -> None:
    """Where nearly all values are the same, the few others are seen."""
    output = np.zeros((30, 30, 2), np.float32)
    output[4, 5, 1] = 0.5
    found = maps(output)
    assert (found.low, found.high) == (0, 0.5)
    assert np.argwhere(found.shown[1].pixels == 255).tolist() == [[4, 5]]
    assert [item.silent for item in found.shown] == [True, False]


@pytest.mark.parametrize("value", [0.0, -3.0, np.nan, np.inf])
def test_without_differences(value: float) -> None:
    """A layer that is the same everywhere, or no number at all, is dark."""
    found = maps(np.full((3, 3, 2), value, np.float32))
    assert all((item.pixels == 0).all() for item in found.shown)
    assert found.low == found.high


def test_diverged() -> None:
    """What is no number is dark, infinity is bright, and the scale is that of the numbers."""
    output = ramp()
    output[0, 0, 0], output[0, 1, 0], output[0, 2, 0] = np.nan, np.inf, -np.inf
    found = maps(output)
    assert found.high <= output[np.isfinite(output)].max()
    assert found.shown[0].pixels[0, :3].tolist() == [0, 255, 0]


def test_large_outputs_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scale of a large layer is found from some of its pixels, of all channels."""
    random = np.random.default_rng(0).random((300, 300, 4), np.float32) * np.arange(1, 5)
    output = random.astype(np.float32)
    few = maps(output)
    monkeypatch.setattr(module, "_SAMPLED", output.size)
    whole = maps(output)
    assert few.low == pytest.approx(whole.low, abs=0.01)
    assert few.high == pytest.approx(whole.high, rel=0.01)


def test_bars() -> None:
    """A row gives some of its values in order, and the extremes of all."""
    found = bars(np.array([3, -1, 2, 9, 5], np.float32), 3)
    assert (found.shown, found.values) == ((0, 2, 4), (3.0, 2.0, 5.0))
    assert (found.low, found.high, found.units) == (-1, 9, 5)


def test_viridis() -> None:
    """The colours go from dark violet to bright yellow, each brighter than the one before."""
    assert VIRIDIS.shape == (256, 3)
    assert VIRIDIS[0].tolist() == [0x44, 0x01, 0x54]
    assert VIRIDIS[-1].tolist() == [0xFD, 0xE7, 0x25]
    light = VIRIDIS[::5] @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > 0).all()


def test_grid() -> None:
    """Maps lie row by row with transparent gaps; pixels are enlarged by whole numbers."""
    found = maps(ramp(channels=5))
    picture = grid(found, columns=3, side=16, gap=2)
    assert picture.shape == (2 * 12 + 2, 3 * 15 + 2 * 2, 4)
    for number, item in enumerate(found.shown):
        top, left = number // 3 * 14, number % 3 * 17
        cell = picture[top : top + 12, left : left + 15]
        assert (cell[::3, ::3, :3] == VIRIDIS[item.pixels]).all()
        assert (cell[1::3, 2::3] == cell[::3, ::3]).all()
        assert (cell[:, :, 3] == 255).all()
    assert (picture[:, 15:17, 3] == 0).all()
    assert (picture[12:14, :, 3] == 0).all()
    assert (picture[14:, 34:, 3] == 0).all()  # there is no sixth map


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (96, 96), (97, 40), (512, 384), (3, 500)])
def test_sized(shape: tuple[int, int]) -> None:
    """A map of any size fits into its cell and fills at least half of it."""
    made = sized(VIRIDIS[np.zeros(shape, np.uint8)], 96)
    assert 48 <= max(made.shape[:2]) <= 96
    assert min(made.shape[:2]) >= 1


def test_png() -> None:
    """A picture is the same after it has been a PNG file."""
    picture = grid(maps(ramp()), side=20)
    assert (np.asarray(Image.open(io.BytesIO(png(picture)))) == picture).all()
