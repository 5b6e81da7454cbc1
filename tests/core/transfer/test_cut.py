"""A design with a backbone is cut where what is frozen ends and what learns begins."""

from __future__ import annotations

import pytest

from core.design.analysis import table
from core.errors import SpecError
from core.specs import (
    Activation,
    Backbone,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAverageMaxPooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Input,
    ModelSpec,
    Output,
    Vary,
)
from core.specs.layers import Layer
from core.transfer.cut import Cut, cut, require_head, with_hidden

SHAPE = (96, 96, 3)
POOL = GlobalAveragePooling2D()


def design(*behind: Layer, backbone: Layer | None = None) -> ModelSpec:
    """These layers behind a backbone."""
    front = (Input(scale="0 to 255"), backbone or Backbone())
    return ModelSpec(name="mine", layers=(*front, *behind))


def found(model: ModelSpec, shape: tuple[int, int, int] = SHAPE) -> Cut:
    """Where it is cut."""
    made = cut(table(model, shape, 5))
    assert made is not None
    return made


def names(made: Cut) -> list[str]:
    """Of the rows that learn."""
    return [row.name for row in made.rest]


def test_pooling_is_frozen_too() -> None:
    """Where it comes next, what is kept of an image are its maps' means."""
    made = found(design(POOL, Dense(), Output()))
    assert made.pooled
    assert made.shape == (1280,)
    assert names(made) == ["dense_1", "output_1"]
    assert (made.name, made.backbone, made.size) == ("backbone_1", Backbone(), 96)
    assert len(made.rows) == 5


@pytest.mark.parametrize(
    "behind",
    [
        (Flatten(),),
        (GlobalMaxPooling2D(),),
        (GlobalAverageMaxPooling2D(),),
        (BatchNormalization(), POOL),
        (Conv2D(filters=4, kernel_size=1), POOL),
    ],
    ids=lambda layers: layers[0].kind,
)
def test_what_else_comes_next_learns(behind: tuple[Layer, ...]) -> None:
    """Then the maps are kept."""
    made = found(design(*behind, Output()))
    assert not made.pooled
    assert made.shape == (3, 3, 1280)
    assert [row.layer for row in made.rest] == [*behind, Output()]


def test_what_is_switched_off_is_not_there() -> None:
    """Neither before the pooling nor behind it; a backbone that is off is none."""
    off = Dropout(on=False), Dense(on=False)
    made = found(design(off[0], POOL, off[1], Output()))
    assert made.pooled
    assert names(made) == ["output_1"]
    made = found(design(POOL.changed(on=False), Flatten(), Output()))
    assert not made.pooled
    assert names(made) == ["flatten_1", "output_1"]
    assert cut(table(design(POOL, Output(), backbone=Backbone(on=False)), SHAPE, 5)) is None


def test_without_a_backbone() -> None:
    """There is nothing to cut."""
    plain = ModelSpec(name="mine", layers=(Input(), Conv2D(), Flatten(), Output()))
    assert cut(table(plain, SHAPE, 5)) is None


@pytest.mark.parametrize(("enlarge", "size"), [(None, 40), (64, 64)])
def test_size(enlarge: int | None, size: int) -> None:
    """That at which the backbone sees the images, enlarged or not."""
    model = design(POOL, Output(), backbone=Backbone(enlarge=enlarge))
    assert found(model, (40, 40, 3)).size == size


@pytest.mark.parametrize(
    "behind",
    [(POOL, Output()), (POOL, Dense(), Output()), (POOL, Dense(on=False), Output())],
    ids=["linear", "hidden", "off"],
)
def test_heads_that_can_be_solved_for(behind: tuple[Layer, ...]) -> None:
    """One layer, or a hidden one before it."""
    model = design(*behind)
    require_head(model, found(with_hidden(model, hidden=True)), 128)


@pytest.mark.parametrize(
    "behind",
    [
        (Flatten(), Output()),
        (GlobalMaxPooling2D(), Output()),
        (POOL, Dense(), Dense(), Output()),
        (POOL, Dense(), Dense(on=False), Output()),
        (POOL, Dropout(), Output()),
        (POOL, Dense(activation="linear"), Activation(), Output()),
        (POOL, Dense(activation="tanh"), Output()),
        (POOL, Dense(activation="tanh", on=False), Output()),
        (POOL, Dense(use_bias=False), Output()),
        (POOL, Dense(units=64), Output()),
        (POOL, Dense(l2=0.01), Output()),
        (POOL, Dense(max_norm=2.0), Output()),
    ],
    ids=lambda layers: "-".join(layer.kind for layer in layers),
)
def test_other_heads_are_refused(behind: tuple[Layer, ...]) -> None:
    """With the layers that there are, and what to do."""
    model = design(*behind)
    with pytest.raises(SpecError, match="cannot be solved for") as caught:
        require_head(model, found(with_hidden(model, hidden=True)), 128)
    assert "Global average pooling" in caught.value.expected
    assert caught.value.received == ", ".join(layer.TITLE for layer in model.layers)
    assert "without settings for a head" in caught.value.remedy


def test_without_a_backbone_there_is_no_head() -> None:
    """A plain design is refused as well."""
    plain = ModelSpec(name="mine", layers=(Input(), Flatten(), Output()))
    with pytest.raises(SpecError, match="cannot be solved for"):
        require_head(plain, cut(table(plain, SHAPE, 5)), 128)


@pytest.mark.parametrize("on", [False, True])
@pytest.mark.parametrize("hidden", [False, True])
def test_with_hidden(on: bool, hidden: bool) -> None:
    """The Dense layer is on or off for good, and all else stays as it is."""
    dense = Dense(units=24, on=on, vary=(Vary(setting="on"), Vary(setting="units", low=8, high=64)))
    pool = POOL.changed(on=False)
    made = with_hidden(design(pool, dense, Output()), hidden=hidden)
    assert made == design(pool, Dense(units=24, on=hidden), Output())
