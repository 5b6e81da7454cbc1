"""Tests of the data spec."""

from __future__ import annotations

import pytest

from core.errors import SpecError
from core.specs import DataSpec


def test_default_needs_nothing() -> None:
    """Without settings, the images are the built-in sketches as the set has them."""
    spec = DataSpec()
    assert (spec.source, spec.size, spec.color) == ("sketches", None, "auto")


def test_source_is_not_empty() -> None:
    """An empty source is refused, with the reason."""
    with pytest.raises(SpecError) as caught:
        DataSpec.parse({"source": ""})
    assert "at least 1 character" in caught.value.expected
    assert caught.value.remedy


@pytest.mark.parametrize("size", [7, 1025, 0, -1])
def test_size(size: int) -> None:
    """A working size below 8 or above 1,024 pixels is refused."""
    with pytest.raises(SpecError, match="size") as caught:
        DataSpec.parse({"size": size})
    assert "at least 8 and at most 1,024" in caught.value.expected
    assert caught.value.remedy
