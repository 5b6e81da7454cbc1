"""Tests of the layers where branches meet."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import LAYERS, Add, Concatenate, Merging, ModelSpec, Multiply, Squeeze


@pytest.mark.parametrize("kind", [Add, Multiply, Concatenate, Squeeze])
def test_only_blocks_make_them(kind: type[Merging]) -> None:
    """Where branches meet is a block's business: such layers are not offered, nor read."""
    assert kind.KIND not in LAYERS
    assert kind.GROUP == "Merging"
    assert kind.settings() == ()
    with pytest.raises(SpecError, match="layer 1"):
        ModelSpec.parse({"layers": [{"kind": kind.KIND}]})
