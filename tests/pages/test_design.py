"""Design."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import draft
from core.design.presets import PRESETS
from core.specs import Flatten, Input, ModelSpec, Output
from tests.pages.conftest import OpenPage, errors


@pytest.mark.parametrize("name", [preset.name for preset in PRESETS])
def test_shows_every_preset(open_page: OpenPage, examples: Path, name: str) -> None:
    """Every preset is shown with one row a layer, for the chosen images."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/design.py")
    app.radio(key="design-list").set_value(name).run()
    assert not app.exception
    preset = next(preset for preset in PRESETS if preset.name == name)
    table = app.dataframe[0].value
    assert len(table) == len(preset.model.layers)
    assert table["Output shape"].iloc[-1] == "3"
    assert draft.load().model == preset.model


def test_choosing_a_preset_takes_its_training_settings(open_page: OpenPage, examples: Path) -> None:
    """keras-cifar10 brings its authors' RMSprop at 0.0001, and starter the usual Adam again."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/design.py")
    app.radio(key="design-list").set_value("keras-cifar10").run()
    assert draft.load().train.optimizer == "rmsprop"
    assert draft.load().train.learning_rate == 0.0001
    app.radio(key="design-list").set_value("starter").run()
    assert draft.load().train.optimizer == "adam"


def test_a_design_that_does_not_fit_the_images_says_which_layer(
    open_page: OpenPage, examples: Path
) -> None:
    """Images of 8 pixels are too small for keras-cifar10, and the message names the layer."""
    draft.change(data={"source": str(examples), "size": 8})
    app = open_page("pages/design.py")
    app.radio(key="design-list").set_value("keras-cifar10").run()
    assert "Layer 8 (MaxPooling2D) shrinks the image below 1 pixel" in errors(app)


def test_a_design_of_ones_own_stays(open_page: OpenPage, examples: Path) -> None:
    """Opening the page changes neither a design from a file nor its training settings."""
    mine = ModelSpec(name="mine", layers=(Input(), Flatten(), Output()))
    draft.change(
        data={"source": str(examples)},
        model=mine,
        train={"optimizer": "sgd", "learning_rate": 0.03},
    )
    before = draft.load()
    app = open_page("pages/design.py")
    assert app.radio(key="design-list").value == "your own design"
    assert draft.load() == before
    assert len(app.dataframe[0].value) == 3


def test_a_linked_design_is_taken(open_page: OpenPage, examples: Path) -> None:
    """?design=lenet-5 in the address chooses that preset."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/design.py", design="lenet-5")
    assert app.radio(key="design-list").value == "lenet-5"
    assert draft.load().model.name == "lenet-5"
