"""A pretrained network says what it needs, and what is offered gives it that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.design.analysis import Analysis, Row, analyse
from core.design.remedies import remedy
from core.errors import SpecError
from core.specs import (
    Backbone,
    Conv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    ModelSpec,
    Output,
)
from core.specs.layers import Layer

Shape = tuple[int, int, int]
RAW, POOL = Input(scale="0 to 255"), GlobalAveragePooling2D()
SIZES = st.sampled_from(range(32, 513, 32))


def analysed(*layers: Layer, shape: Shape = (64, 64, 3)) -> Analysis:
    """The analysis of these layers, for ten classes."""
    return analyse(ModelSpec(name="mine", layers=layers), shape, 10)


def blamed(found: Analysis) -> tuple[Row, SpecError]:
    """The only row that is wrong, which is a backbone's, and its error."""
    (row,) = found.errors
    assert isinstance(row.layer, Backbone)
    assert row.error is not None
    return row, row.error


def mended(found: Analysis, label: str) -> ModelSpec:
    """The design after what is offered, by that name, for its first error."""
    told, edit = remedy(found, found.errors[0])
    assert told == label
    assert edit is not None
    return edit(found.model)


def check(found: Analysis, label: str, *wanted: Layer) -> None:
    """What is offered makes of the design these layers, and nothing is wrong with them."""
    model = mended(found, label)
    assert model.layers == wanted
    assert analyse(model, found.shape, found.classes).errors == []


def test_in_its_place() -> None:
    """Right after an Input that leaves the pixels as they are, nothing is wrong."""
    assert analysed(RAW, Backbone(), POOL, Output()).errors == []
    assert analysed(RAW, Backbone(), Flatten(), Output(), shape=(33, 65, 3)).errors == []


@pytest.mark.parametrize(
    ("before", "number"),
    [
        ((Dropout(),), 3),
        ((Dropout(on=False),), 3),
        ((Conv2D(filters=3), Dropout()), 4),
        ((Conv2D(),), 3),  # 32 channels
        ((Flatten(),), 3),
    ],
    ids=lambda item: "-".join(layer.kind for layer in item) if isinstance(item, tuple) else None,
)
def test_not_right_after_the_input(before: tuple[Layer, ...], number: int) -> None:
    """It tells its place, and is moved there."""
    behind = (Output(),) if isinstance(before[-1], Flatten) else (POOL, Output())
    found = analysed(RAW, *before, Backbone(), *behind, shape=(96, 96, 3))
    _, error = blamed(found)
    assert error.what == f"Layer {number} (Backbone) is not in its place"
    assert "layer 2, right after the Input" in error.expected
    assert error.received == f"it as layer {number}"
    assert error.remedy == "Move it up to the Input, or remove it"
    check(found, "Move it up to the Input", RAW, Backbone(), *before, *behind)


@pytest.mark.parametrize("scale", ["0 to 1", "-1 to 1"])
def test_wrong_scale(scale: str) -> None:
    """It scales the pixels itself; the Input's other settings stay."""
    first = Input.parse({"scale": scale})
    found = analysed(first, Backbone(), POOL, Output())
    _, error = blamed(found)
    assert error.what == "Layer 2 (Backbone) scales the pixels itself"
    assert "0 to 255" in error.expected
    assert error.received == f"one whose Scale is {scale}"
    assert error.remedy == "Set the Input's Scale to 0 to 255"
    check(found, "Set the Scale", RAW, Backbone(), POOL, Output())


@pytest.mark.parametrize("enlarge", [None, 32, 96])
def test_grey_images(enlarge: int | None) -> None:
    """What to do is told; no edit of the design can do it."""
    found = analysed(RAW, Backbone(enlarge=enlarge), POOL, Output(), shape=(64, 64, 1))
    row, error = blamed(found)
    assert error.what == "Layer 2 (Backbone) needs colour images"
    assert error.expected.startswith("images of 3 channels")
    assert error.received == "images of 1"
    assert "Set Colour of the images to Colour" in error.remedy
    assert remedy(found, row) == ("", None)


@pytest.mark.parametrize(
    ("shape", "enlarge", "label", "larger"),
    [
        ((64, 64, 3), 32, "Enlarge to 64", 64),
        ((65, 65, 3), 64, "Enlarge to 96", 96),
        ((40, 100, 3), 96, "Enlarge to 128", 128),
        ((512, 512, 3), 480, "Enlarge to 512", 512),
        ((513, 513, 3), 512, "Take images as they come", None),
        ((1024, 1024, 3), 64, "Take images as they come", None),
    ],
)
def test_enlarged_to_less(shape: Shape, enlarge: int, label: str, larger: int | None) -> None:
    """It would lose what the images show."""
    found = analysed(RAW, Backbone(enlarge=enlarge), POOL, Output(), shape=shape)
    _, error = blamed(found)
    assert error.what == "Layer 2 (Backbone) would make the images smaller"
    assert error.expected == f"images enlarged to at least their {max(shape)} pixels"
    assert error.received == f"{enlarge} pixels"
    assert error.remedy.startswith("Enlarge to more, or")
    check(found, label, RAW, Backbone(enlarge=larger), POOL, Output())


@pytest.mark.parametrize(
    ("shape", "label", "larger"), [((14, 14, 3), "Enlarge to 32", 32), ((14, 600, 3), "", None)]
)
def test_too_small_to_leave_anything(shape: Shape, label: str, larger: int | None) -> None:
    """Where a network's maps would have no place left."""
    found = analysed(RAW, Backbone(network="mobilenet_v2"), POOL, Output(), shape=shape)
    row, error = blamed(found)
    assert error.what == "Layer 2 (Backbone) needs larger images"
    assert error.received == f"{shape[0]} × {shape[1]} pixels"
    if larger is None:
        assert remedy(found, row) == ("", None)
    else:
        grown = Backbone(network="mobilenet_v2", enlarge=larger)
        check(found, label, RAW, grown, POOL, Output())


def test_one_after_the_other() -> None:
    """Where more than one thing is wrong, each click mends one of them."""
    layers = (Input(), Dropout(), Backbone(enlarge=32), POOL, Output())
    found = analysed(*layers)
    for label in ("Move it up to the Input", "Set the Scale", "Enlarge to 64"):
        blamed(found)
        found = analyse(mended(found, label), found.shape, 10)
    assert found.errors == []
    assert found.model.layers == (RAW, Backbone(enlarge=64), Dropout(), POOL, Output())


def test_first_of_all() -> None:
    """Without an Input, that is what is missing."""
    found = analysed(Backbone(), POOL, Output())
    assert "is not in its place" in str(found.errors[0].error)
    model = mended(found, "Put Input first")
    found = analyse(model, found.shape, 10)
    check(found, "Set the Scale", RAW, Backbone(), POOL, Output())


def test_behind_the_output() -> None:
    """The Output goes to the end."""
    found = analysed(RAW, Output(), Backbone(), POOL)
    row = found.rows[2]
    _, edit = remedy(found, row)
    assert row.error is not None
    assert edit is not None
    model = edit(found.model)
    assert model.layers == (RAW, Backbone(), POOL, Output())
    assert analyse(model, found.shape, 10).errors == []


def test_switched_off_it_needs_nothing() -> None:
    """Wherever it is, and whatever it would get."""
    off = Backbone(on=False, enlarge=32)
    assert analysed(Input(), Conv2D(), off, POOL, off, Output(), shape=(64, 64, 1)).errors == []


def test_two_of_them() -> None:
    """One of them has to go: what is offered comes to an end."""
    found = analysed(RAW, Backbone(), Backbone(), POOL, Output())
    for _ in range(3):
        if found.errors:
            _, edit = remedy(found, found.errors[0])
            assert edit is not None
            found = analyse(edit(found.model), found.shape, 10)
    assert found.errors == []


@given(
    st.sampled_from(["0 to 1", "-1 to 1", "0 to 255"]),
    st.permutations([Backbone(), Dropout(), Conv2D(filters=3, padding="same")]),
    st.none() | SIZES,
    st.integers(32, 700),
)
def test_clicks_mend_it(scale: str, inner: list[Layer], enlarge: int | None, size: int) -> None:
    """From any such design a few clicks lead to one that fits, and each mends what it is for."""
    inner = [one.changed(enlarge=enlarge) if isinstance(one, Backbone) else one for one in inner]
    found = analysed(Input.parse({"scale": scale}), *inner, POOL, Output(), shape=(size, size, 3))
    for _ in range(3):
        if found.errors:
            row, error = blamed(found)
            _, edit = remedy(found, row)
            assert edit is not None, error
            before = error.what.partition(") ")[2]
            found = analyse(edit(found.model), found.shape, 10)
            assert not any(before in str(row.error) for row in found.errors)
    assert found.errors == []
