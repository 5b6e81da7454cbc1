"""Tests of normalization."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import BatchNormalization, GroupNormalization, LayerNormalization, LayerSpec

KINDS = [BatchNormalization, LayerNormalization, GroupNormalization]


@pytest.mark.parametrize("kind", KINDS)
def test_epsilon(kind: type[LayerSpec]) -> None:
    """Every normalization has the epsilon of Keras, which is never 0."""
    assert kind().model_dump()["epsilon"] == 1e-3
    for value in (0.0, 1.1):
        with pytest.raises(SpecError, match="epsilon"):
            kind.parse({"epsilon": value})


def test_defaults() -> None:
    """Batch normalization has the momentum of Keras; groups are 8, for small networks."""
    assert BatchNormalization().momentum == 0.99
    assert GroupNormalization().groups == 8
    for kind, values in (
        (BatchNormalization, {"momentum": 1.0}),
        (GroupNormalization, {"groups": 0}),
    ):
        with pytest.raises(SpecError, match=next(iter(values))):
            kind.parse(values)
