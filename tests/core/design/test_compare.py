"""Two designs side by side."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.design.analysis import Analysis, analyse
from core.design.compare import compare
from core.design.presets import PRESETS, preset
from core.specs import Activation, Conv2D, Dense, Dropout, Flatten, Input, Layer, ModelSpec, Output


def analysis(*layers: Layer) -> Analysis:
    """A design of these layers on small images."""
    return analyse(ModelSpec(name="mine", layers=layers), (16, 16, 3), 4)


def test_equal_designs_have_no_difference() -> None:
    """A preset is the same as itself."""
    for item in PRESETS:
        one = analyse(item.model, (32, 32, 3), 10)
        assert {pair.change for pair in compare(one, one)} == {"same"}


def test_changed_added_and_removed() -> None:
    """A changed setting is named; a layer that only one design has stands alone."""
    left = analysis(Input(), Conv2D(filters=8), Flatten(), Dense(units=9), Output())
    right = analysis(Input(), Conv2D(filters=16), Dropout(), Flatten(), Output())
    told = [
        (
            pair.left and pair.left.title,
            pair.right and pair.right.title,
            pair.change,
            pair.settings,
        )
        for pair in compare(left, right)
    ]
    assert told == [
        ("Input", "Input", "same", ()),
        ("Conv2D", "Conv2D", "changed", ("filters",)),
        (None, "Dropout", "only right", ()),
        ("Flatten", "Flatten", "same", ()),
        ("Dense", None, "only left", ()),
        ("Output", "Output", "same", ()),
    ]


def test_a_wider_design_is_the_same_layers_changed() -> None:
    """Twice the filters are a change of each convolution, not other layers."""
    narrow = preset("keras-cifar10").model
    wide = narrow.model_copy(
        update={
            "layers": tuple(
                layer.changed(filters=2 * layer.filters) if isinstance(layer, Conv2D) else layer
                for layer in narrow.layers
            )
        }
    )
    one, two = (analyse(model, (32, 32, 3), 10) for model in (narrow, wide))
    pairs = compare(one, two)
    assert len(pairs) == len(narrow.layers)
    assert [pair.settings for pair in pairs if pair.change == "changed"] == [("filters",)] * 4


def test_every_layer_appears_once() -> None:
    """Between any two presets each layer of both is there, in its order."""
    for one in PRESETS:
        left = analyse(one.model, (64, 64, 3), 5)
        right = analyse(preset("lab-cifar10").model, (64, 64, 3), 5)
        pairs = compare(left, right)
        assert [pair.left for pair in pairs if pair.left] == list(left.rows)
        assert [pair.right for pair in pairs if pair.right] == list(right.rows)


def textbook(left: tuple[Layer, ...], right: tuple[Layer, ...]) -> list[tuple[int, int]]:
    """The alignment as its recursion says, by positions; -1 where a layer has no partner."""

    def together(i: int, j: int) -> float:
        if type(left[i]) is not type(right[j]):
            return float("inf")
        return 0.0 if left[i] == right[j] else 0.5

    @cache
    def cost(i: int, j: int) -> float:
        if i == len(left) or j == len(right):
            return float(len(left) - i + len(right) - j)
        return min(cost(i + 1, j) + 1, cost(i, j + 1) + 1, cost(i + 1, j + 1) + together(i, j))

    pairs = []
    i = j = 0
    while i < len(left) or j < len(right):
        both = i < len(left) and j < len(right)
        if both and cost(i, j) == cost(i + 1, j + 1) + together(i, j):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif i < len(left) and cost(i, j) == cost(i + 1, j) + 1:
            pairs.append((i, -1))
            i += 1
        else:
            pairs.append((-1, j))
            j += 1
    return pairs


FEW: tuple[Layer, ...] = (
    Dropout(rate=0.1),
    Dropout(rate=0.2),
    Activation(),
    Activation(on=False),
    Conv2D(padding="same"),
    Conv2D(padding="same", filters=8),
)
SOME = st.lists(st.sampled_from(FEW), min_size=1, max_size=12).map(tuple)


@given(SOME, SOME)
@settings(deadline=None)
def test_as_the_textbook_says(left: tuple[Layer, ...], right: tuple[Layer, ...]) -> None:
    """Layers come together as in the plain algorithm, also where several ways are equally good."""
    pairs = compare(analysis(*left), analysis(*right))
    told = [
        (pair.left.number - 1 if pair.left else -1, pair.right.number - 1 if pair.right else -1)
        for pair in pairs
    ]
    assert told == textbook(left, right)
    for pair in pairs:
        if pair.left and pair.right:
            assert (pair.change == "same") == (pair.left.layer == pair.right.layer)
            assert bool(pair.settings) == (pair.change == "changed")


def test_long_designs_compare_their_layers_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two designs with 500 layers each, layers are not compared each with each."""
    one, two = (
        analysis(*(Dropout(rate=(i + shift) % 7 / 10) for i in range(500))) for shift in (0, 1)
    )
    equal, compared = Dropout.__eq__, 0

    def counted(layer: Dropout, other: object) -> bool:
        nonlocal compared
        compared += 1
        return bool(equal(layer, other))

    monkeypatch.setattr(Dropout, "__eq__", counted)
    pairs = compare(one, two)
    assert len(pairs) == 501
    assert {pair.change for pair in pairs[1:-1]} == {"same"}
    assert 0 < compared <= 2000
