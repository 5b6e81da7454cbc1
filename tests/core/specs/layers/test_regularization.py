"""Tests of dropout."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import Dropout, LayerSpec, SpatialDropout2D


@pytest.mark.parametrize("kind", [Dropout, SpatialDropout2D])
def test_rate(kind: type[LayerSpec]) -> None:
    """A rate may be 0, but not 1: nothing would be left."""
    assert kind.parse({"rate": 0}).model_dump()["rate"] == 0.0
    for value in (-0.1, 1.0, 2):
        with pytest.raises(SpecError, match="rate"):
            kind.parse({"rate": value})


def test_defaults() -> None:
    """Whole channels are dropped less often than single values."""
    assert (Dropout().rate, SpatialDropout2D().rate) == (0.5, 0.2)
