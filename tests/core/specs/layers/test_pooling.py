"""Tests of pooling."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalPooling2D,
    MaxPooling2D,
    Pooling2D,
)


@pytest.mark.parametrize("kind", [MaxPooling2D, AveragePooling2D])
def test_defaults_follow_keras(kind: type[Pooling2D]) -> None:
    """A pooling takes 2 × 2 pixels and steps by its window, as in Keras."""
    layer = kind()
    assert (layer.pool_size, layer.strides, layer.padding) == (2, None, "valid")
    assert kind.parse({"strides": None}) == layer
    for value in (0, 33, "x"):
        with pytest.raises(SpecError, match="strides"):
            kind.parse({"strides": value})


@pytest.mark.parametrize("kind", [GlobalAveragePooling2D, GlobalMaxPooling2D])
def test_global_pooling(kind: type[GlobalPooling2D]) -> None:
    """A global pooling takes all of the image: there is nothing to set."""
    assert kind.settings() == ()
    assert issubclass(kind, GlobalPooling2D)
    assert not issubclass(kind, Pooling2D)
