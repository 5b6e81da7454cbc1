"""core.tune.scratch: which design is trained beside a transfer, and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import draft
from core.design.backbones import used
from core.design.cost import KINDS, Speed
from core.design.presets import PRESETS, Preset, preset
from core.specs import (
    AugmentSpec,
    Backbone,
    DataSpec,
    GlobalAveragePooling2D,
    Input,
    ModelSpec,
    Output,
    TrainSpec,
)
from core.tune import estimate, scratch
from tests.core.tune.conftest import Transferred

OWN = preset("tf-tutorial").model.changed(name="mine")


def test_a_design_of_ones_own_is_suggested(home: Path, transferred: Transferred) -> None:
    """The draft's where it is not what everyone begins with, and fits; else a preset that does."""
    run = transferred()
    assert scratch.suggested(draft.load(), run).name == "fast"
    mine = draft.change(model=OWN, train={"optimizer": "sgd", "learning_rate": 0.02, "seed": 7})
    found = scratch.suggested(mine, run)
    assert found.model == OWN
    assert found.train == {"optimizer": "sgd", "learning_rate": 0.02}
    layers = (Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D(), Output())
    pretrained = draft.change(model=ModelSpec(layers=layers))
    assert used(pretrained.model) is not None
    assert scratch.suggested(pretrained, run).name == "fast"
    small = draft.change(model=OWN, data={"source": run.spec.data.source, "size": 8})
    assert scratch.suggested(small, run).name == "fast"


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
@pytest.mark.parametrize("share", [0.05, 1.0])
def test_it_is_trained_on_the_transfers_images(
    home: Path, transferred: Transferred, item: Preset, share: float
) -> None:
    """The same are held back for validation and test; all presets fit at the set's own size."""
    run = transferred(train={"validation_share": 0.3, "seed": 3, "class_weights": "balanced"})
    data = scratch.images(item, draft.load(), run)
    spec = scratch.compose(item, data, run, share)
    assert (spec.data.size, spec.data.source) == (64, "sketches")
    assert spec.train.train_share == share
    shared = ("validation_share", "seed", "class_weights")
    assert [getattr(spec.train, name) for name in shared] == [0.3, 3, "balanced"]
    for name in ("split_seed", "test_share", "together", "parts", "fit"):
        assert getattr(spec.data, name) == getattr(run.spec.data, name)
    assert not scratch.analysis(data, spec.model, run).errors
    assert spec.train.patience < spec.train.epochs


def test_fewer_images_take_more_epochs(home: Path, transferred: Transferred) -> None:
    """As many steps, up to a point; what a design brings of its own stands where it asks for more."""
    run = transferred(images=1150)

    def trained(share: float, name: str = "fast", **own: object) -> tuple[int, int, float]:
        item = preset(name)
        item = scratch.from_settings(
            item.model, TrainSpec.parse({**item.train, **own}), AugmentSpec()
        )
        train = scratch.compose(item, scratch.images(item, draft.load(), run), run, share).train
        return train.epochs, train.batch_size, train.learning_rate

    assert trained(1.0) == (20, 32, 0.0075)
    assert trained(0.25) == (80, 32, 0.0075)
    assert trained(0.05) == (80, 32, 0.0075)
    assert trained(1.0, epochs=50)[0] == 50
    assert trained(1.0, "starter") == (20, 32, 0.001)
    many = transferred(images=40_000)
    item = preset("fast")
    train = scratch.compose(item, scratch.images(item, draft.load(), many), many, 1.0).train
    assert (train.epochs, train.batch_size, train.learning_rate) == (3, 128, 0.015)


def test_the_draft_says_how_large_its_images_are(home: Path, transferred: Transferred) -> None:
    """Where the design is its own and the images are the same set."""
    run = transferred()
    mine = draft.change(model=OWN, data=DataSpec(size=40, color="gray"))
    own = scratch.suggested(mine, run)
    assert (scratch.images(own, mine, run).size, scratch.images(own, mine, run).color) == (
        40,
        "gray",
    )
    assert scratch.images(preset("fast"), mine, run).size == 64


def test_left_and_right_matter_in_digits(home: Path, transferred: Transferred) -> None:
    """A preset's flips are left out where a set is grey by itself; its shifts are not."""
    mine = draft.change(data=DataSpec(size=40, color="gray"), model=preset("fast").model)
    run = transferred()
    grey = scratch.compose(preset("fast"), scratch.images(preset("fast"), mine, run), run, 1.0)
    assert (grey.augment.flip, grey.augment.mirror, grey.augment.shift) == ("none", False, 0.0625)
    plain = scratch.compose(
        preset("starter"), scratch.images(preset("starter"), mine, run), run, 1.0
    )
    assert (plain.augment.flip, plain.augment.mirror) == ("horizontal", True)


def test_time_grows_with_the_images(home: Path, transferred: Transferred) -> None:
    """By the machine's speed: so many steps of training and of validation, and what is beside them."""
    known = Speed(**dict.fromkeys(KINDS, 0.0) | {"steps": 1.0})
    item, run = preset("starter"), transferred(images=1150)
    data = scratch.images(item, draft.load(), run)
    for share, steps in ((1.0, 36), (0.25, 9)):
        spec = scratch.compose(item, data, run, share)
        expected = spec.train.epochs * (steps + 1) + estimate.beside()
        assert scratch.seconds(spec, run, known) == pytest.approx(expected)
