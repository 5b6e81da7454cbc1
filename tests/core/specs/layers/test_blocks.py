"""Tests of blocks as settings; tests/core/design/test_blocks.py opens them up."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import (
    LAYERS,
    Block,
    Bottleneck,
    DenseBlock,
    InceptionBlock,
    InvertedResidual,
    LayerSpec,
    ResidualBlock,
    SqueezeExcitation,
)

BLOCKS = [kind for kind in LAYERS.values() if kind.GROUP == "Blocks"]


def test_all_blocks() -> None:
    """There are seven blocks, and each has a title in plain words."""
    assert [kind.TITLE for kind in BLOCKS] == [
        "Conv block",
        "Residual block",
        "Bottleneck",
        "Inverted residual",
        "Squeeze and excitation",
        "Dense block",
        "Inception block",
    ]


@pytest.mark.parametrize("kind", BLOCKS, ids=lambda kind: kind.KIND)
def test_common_settings(kind: type[LayerSpec]) -> None:
    """Blocks normalize over the batch and bend by relu; what repeats does so once by default."""
    values = kind().model_dump()
    if kind is not SqueezeExcitation:
        assert (values["normalization"], values["activation"]) == ("batch", "relu")
    assert issubclass(kind, Block) == (kind not in (SqueezeExcitation, DenseBlock))
    if issubclass(kind, Block):
        assert values["repeat"] == 1
        assert values.get("strides", 1) == 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ResidualBlock, {"filters": 0}),
        (ResidualBlock, {"repeat": 33}),
        (ResidualBlock, {"normalization": "instance"}),
        (Bottleneck, {"reduction": 0}),
        (InvertedResidual, {"expansion": 17}),
        (InceptionBlock, {"filters": 7}),
        (InceptionBlock, {"strides": 2}),
        (DenseBlock, {"growth": 0}),
        (SqueezeExcitation, {"filters": 8}),
    ],
)
def test_refused(kind: type[LayerSpec], values: dict[str, object]) -> None:
    """Settings that a block does not have, or not so, are refused by their name."""
    with pytest.raises(SpecError, match=next(iter(values))):
        kind.parse(values)


def test_inception_steps_by_eighths() -> None:
    """An inception block's widget steps by 8, since its branches are eighths of its filters."""
    for kind, step in ((InceptionBlock, 8), (ResidualBlock, 1)):
        extra = kind.model_fields["filters"].json_schema_extra
        assert isinstance(extra, dict)
        assert extra["step"] == step
