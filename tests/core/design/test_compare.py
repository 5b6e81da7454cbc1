"""Two designs side by side."""

from __future__ import annotations

from core.design.analysis import Analysis, analyse
from core.design.compare import compare
from core.design.presets import PRESETS, preset
from core.specs import Conv2D, Dense, Dropout, Flatten, Input, Layer, ModelSpec, Output


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
