"""Tests of what all sources of images share."""

from __future__ import annotations

import pytest

from core.data.source import Item, Part, require_two
from core.errors import DataError


def test_two_classes_are_enough() -> None:
    """Two classes can be told apart."""
    require_two("pets", ("cats", "dogs"))


def test_one_class_is_refused() -> None:
    """One class alone is refused with the set's and the class's name."""
    with pytest.raises(DataError, match="pets has only one class") as caught:
        require_two("pets", ("cats",))
    assert caught.value.expected.startswith("at least 2 classes")
    assert caught.value.received == "the class cats alone"
    assert caught.value.remedy


def test_part_of_an_item_is_open() -> None:
    """An item belongs to no part unless its set says so."""
    assert Item("a.png", 0).part is Part.ANY
