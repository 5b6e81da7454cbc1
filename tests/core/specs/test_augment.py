"""Tests of the augmentation spec."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import AugmentSpec

HIGHEST = {
    "shift": 0.5,
    "rotation": 180,
    "zoom": 0.5,
    "contrast": 0.9,
    "cutout": 0.75,
    "mixup": 2,
    "cutmix": 2,
}


def test_nothing_is_on_by_default() -> None:
    """Images are changed only by those who ask for it."""
    assert not AugmentSpec().active
    assert set(AugmentSpec.model_fields) == {"flip", "mirror", *HIGHEST}


@pytest.mark.parametrize("name", HIGHEST)
def test_one_setting_is_enough(name: str) -> None:
    """Up to its bound, each setting makes the spec active."""
    assert AugmentSpec.parse({name: HIGHEST[name]}).active
    assert AugmentSpec(flip="both").active


def test_mirror_images_are_not_trained_on() -> None:
    """Averaging with them changes no training image, and does not hide what does."""
    assert not AugmentSpec(mirror=True).active
    assert AugmentSpec(mirror=True, shift=0.1).active
    assert AugmentSpec.parse({"mirror": "true"}).mirror


@pytest.mark.parametrize("name", HIGHEST)
def test_bounds(name: str) -> None:
    """What is below 0 or above its bound is refused, with the bounds."""
    for value in (-0.01, HIGHEST[name] + 0.01):
        with pytest.raises(SpecError, match=name) as caught:
            AugmentSpec.parse({name: value})
        assert f"at most {HIGHEST[name]}" in caught.value.expected


def test_flip_is_one_of_four() -> None:
    """Another word is refused, with those that are known."""
    with pytest.raises(SpecError, match="flip") as caught:
        AugmentSpec.parse({"flip": "diagonal"})
    assert "none, horizontal, vertical, both" in caught.value.expected
