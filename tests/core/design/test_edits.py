"""Edits of a design."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.design import edits
from core.specs import Activation, Conv2D, Dropout, Flatten, Input, ModelSpec, Output

CONV, DROP = Conv2D(filters=7), Dropout(rate=0.1)
MODEL = ModelSpec(name="mine", layers=(Input(), CONV, DROP, Flatten(), Output()))


def kinds(model: ModelSpec) -> list[str]:
    """The layers' kinds."""
    return [layer.KIND for layer in model.layers]


def test_empty_begins_with_the_input() -> None:
    """An empty stack holds the Input alone."""
    assert kinds(edits.empty()) == ["input"]


def test_add() -> None:
    """A layer is added at its place, but never above the Input, nor beyond the end."""
    assert kinds(edits.add(MODEL, 2, Activation()))[2] == "activation"
    assert kinds(edits.add(MODEL, 0, Activation()))[:2] == ["input", "activation"]
    assert kinds(edits.add(MODEL, 99, Activation()))[-1] == "activation"


def test_add_to_a_full_design() -> None:
    """A design of 500 layers takes no more."""
    full = ModelSpec(name="full", layers=(Input(), *[Activation()] * 499))
    assert edits.add(full, 1, Activation()) is full


def test_move() -> None:
    """A moved layer stands at its new place; the others keep their order."""
    assert edits.move(MODEL, 1, 2).layers == (Input(), DROP, CONV, Flatten(), Output())
    assert edits.move(MODEL, 4, 1).layers[1] == Output()
    assert edits.move(MODEL, 0, 2) is MODEL
    assert edits.move(MODEL, 2, 0) is MODEL
    assert edits.move(MODEL, 2, 9) is MODEL


@given(st.integers(1, 4), st.integers(1, 4))
def test_moving_back_undoes_a_move(start: int, end: int) -> None:
    """A move and the move back give the same design."""
    assert edits.move(edits.move(MODEL, start, end), end, start) == MODEL


def test_duplicate() -> None:
    """A copy comes below its layer; there is one Input and one Output."""
    assert edits.duplicate(MODEL, 1).layers[1:3] == (CONV, CONV)
    assert edits.duplicate(MODEL, 0) is MODEL
    assert edits.duplicate(MODEL, 4) is MODEL


def test_switch() -> None:
    """A layer is switched off and on again; Input and Output stay on."""
    off = edits.switch(MODEL, 1)
    assert not off.layers[1].on
    assert edits.switch(off, 1) == MODEL
    assert edits.switch(MODEL, 0) is MODEL
    assert edits.switch(MODEL, 4) is MODEL


def test_remove() -> None:
    """Any layer but the Input can be removed."""
    assert kinds(edits.remove(MODEL, 4))[-1] == "flatten"
    assert edits.remove(MODEL, 0) is MODEL


def test_a_design_without_input_can_be_mended() -> None:
    """Where another layer is first, it can be moved and removed as any."""
    broken = ModelSpec(name="broken", layers=(CONV, Input(), Output()))
    assert edits.move(broken, 1, 0).layers[0] == Input()
    assert edits.remove(broken, 0).layers[0] == Input()


@given(st.sampled_from([-3, -1, 5, 99]))
def test_positions_that_are_not_there(position: int) -> None:
    """An edit of a layer that is not there changes nothing."""
    assert edits.duplicate(MODEL, position) is MODEL
    assert edits.switch(MODEL, position) is MODEL
    assert edits.remove(MODEL, position) is MODEL
    assert edits.replace(MODEL, position, CONV) is MODEL
    assert edits.move(MODEL, position, 1) is MODEL
