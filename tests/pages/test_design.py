"""Design."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import draft
from core.design import edits, link
from core.design.presets import PRESETS, preset
from core.runs.run import Run
from core.specs import (
    Backbone,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    ModelSpec,
    Output,
    Vary,
)
from core.transfer.kept import keep
from tests.pages.conftest import OpenPage, errors

PAGE = "pages/design.py"
MENU = "design-start"


@pytest.fixture(autouse=True)
def chosen(examples: Path, home: Path) -> None:
    """The draft's images are the small examples."""
    draft.change(data={"source": str(examples)})


def menu(app: AppTest) -> AppTest:
    """The page with the menu of designs open."""
    app.session_state[MENU] = True
    return app.run()


def select(app: AppTest, position: int) -> AppTest:
    """The page with the layer at that position, from 0, selected."""
    app.session_state["design selected"] = position
    return app.run()


def view(app: AppTest, name: str) -> AppTest:
    """The page with another view below the stack."""
    app.session_state["design-views"] = name
    return app.run()


@pytest.mark.parametrize("name", [preset.name for preset in PRESETS])
def test_shows_every_preset(open_page: OpenPage, name: str) -> None:
    """Every preset is shown with one row a layer, for the chosen images."""
    app = menu(open_page(PAGE))
    app.button(key=f"design-preset-{name}").click().run()
    assert not app.exception
    table = app.dataframe[0].value
    assert len(table) == len(preset(name).model.layers)
    assert table["Output shape"].iloc[-1] == "3"
    assert draft.load().model == preset(name).model


def test_choosing_a_preset_takes_its_training_settings(open_page: OpenPage) -> None:
    """keras-cifar10 brings its authors' RMSprop at 0.0001, and starter the usual Adam again."""
    app = menu(open_page(PAGE))
    app.button(key="design-preset-keras-cifar10").click().run()
    assert draft.load().train.optimizer == "rmsprop"
    assert draft.load().train.learning_rate == 0.0001
    menu(app).button(key="design-preset-starter").click().run()
    assert draft.load().train.optimizer == "adam"


def test_a_design_that_does_not_fit_the_images_says_which_layer(
    open_page: OpenPage, examples: Path
) -> None:
    """Images of 8 pixels are too small for keras-cifar10, and the message names the layer."""
    draft.change(data={"source": str(examples), "size": 8}, model=preset("keras-cifar10").model)
    app = select(open_page(PAGE), 7)
    assert "Layer 8 (MaxPooling2D) shrinks the image below 1 pixel" in errors(app)
    assert app.dataframe[0].value["Output shape"].iloc[7] == "does not fit"
    app.button(key="design-remedy-7-0").click().run()
    assert not errors(app)


def test_a_design_of_ones_own_stays(open_page: OpenPage) -> None:
    """Opening the page changes neither a design from a file nor its training settings."""
    mine = ModelSpec(name="mine", layers=(Input(), Flatten(), Output()))
    draft.change(model=mine, train={"optimizer": "sgd", "learning_rate": 0.03})
    before = draft.load()
    app = menu(open_page(PAGE))
    assert all("as it is now" not in item.label for item in app.button)
    assert draft.load() == before
    assert len(app.dataframe[0].value) == 3


def test_a_linked_preset_is_taken_once(open_page: OpenPage) -> None:
    """?design=lenet-5 takes that preset, and leaves the address, so that a reload keeps edits."""
    app = open_page(PAGE, design="lenet-5")
    assert draft.load().model.name == "lenet-5"
    assert "design" not in app.query_params


def test_a_linked_design_is_taken(open_page: OpenPage) -> None:
    """A link brings its whole design, and what was there before can be had back."""
    before = draft.load().model
    mine = ModelSpec(name="mine", layers=(Input(), Conv2D(filters=5), Flatten(), Output()))
    app = open_page(PAGE, design=link.pack(mine))
    assert draft.load().model == mine
    app.button(key="design-undo").click().run()
    assert draft.load().model == before


def test_a_broken_link_is_told(open_page: OpenPage) -> None:
    """A link that was cut short changes nothing and says so."""
    before = draft.load()
    app = open_page(PAGE, design=link.pack(before.model)[:-9])
    assert "The link holds no design" in errors(app)
    assert draft.load() == before


def test_settings_are_edited(open_page: OpenPage) -> None:
    """A setting of the selected layer is saved at once; an invalid one is explained and not saved."""
    app = select(open_page(PAGE), 1)
    app.number_input(key="design-conv2d-1.filters").set_value(48).run()
    assert draft.load().model.layers[1] == Conv2D(filters=48, padding="same")
    assert draft.load().model.name == "my-starter"
    app.number_input(key="design-conv2d-1.filters").set_value(0).run()
    assert any("at least 1" in item.value for item in app.markdown)
    assert draft.load().model.layers[1] == Conv2D(filters=48, padding="same")


def test_penalties_are_folded_away(open_page: OpenPage) -> None:
    """Bias, penalties and max norm are drawn only when they are asked for."""
    app = select(open_page(PAGE), 1)
    keys = {item.key for item in app.number_input}
    assert "design-conv2d-1.l2" not in keys
    app.session_state["design-more"] = True
    app.run()
    app.number_input(key="design-conv2d-1.l2").set_value(0.001).run()
    app.toggle(key="design-conv2d-1.use_bias").set_value(False).run()
    app.number_input(key="design-conv2d-1.max_norm").set_value(2.0).run()
    layer = draft.load().model.layers[1]
    assert isinstance(layer, Conv2D)
    assert (layer.l2, layer.use_bias, layer.max_norm) == (0.001, False, 2.0)


def test_buttons_do_what_the_stack_does(open_page: OpenPage) -> None:
    """Move, duplicate, switch off, delete, undo and redo are native buttons too."""
    start = draft.load().model
    app = select(open_page(PAGE), 1)
    app.button(key="design-move-down").click().run()
    assert draft.load().model.layers[1:3] == (start.layers[2], start.layers[1])
    app.button(key="design-duplicate").click().run()
    assert draft.load().model.layers[2] == draft.load().model.layers[3]
    app.button(key="design-switch").click().run()
    assert not draft.load().model.layers[3].on
    app.button(key="design-delete").click().run()
    assert len(draft.load().model.layers) == len(start.layers)
    for _ in range(4):
        app.button(key="design-undo").click().run()
    assert draft.load().model == start
    assert app.button(key="design-undo").disabled  # choosing the images is no step
    for _ in range(4):
        app.button(key="design-redo").click().run()
    assert draft.load().model.layers[1:3] == (start.layers[2], start.layers[1])
    assert app.button(key="design-redo").disabled


def test_input_and_output_cannot_be_moved_away(open_page: OpenPage) -> None:
    """The Input can neither be moved nor deleted nor switched off."""
    app = select(open_page(PAGE), 0)
    for name in ("move-up", "move-down", "duplicate", "switch", "delete"):
        assert app.button(key=f"design-{name}").disabled


def test_layers_are_added_from_the_list(open_page: OpenPage) -> None:
    """A layer of the list is added below the selected one and selected, as often as one likes."""
    app = select(open_page(PAGE), 1)
    app.selectbox(key="design-add").set_value("dropout").run()
    app.button(key="design-add-below").click().run()
    assert draft.load().model.layers[2] == Dropout()
    app.number_input(key="design-dropout-2.rate").set_value(0.25).run()
    assert draft.load().model.layers[2] == Dropout(rate=0.25)
    app.button(key="design-add-below").click().run()
    assert draft.load().model.layers[3] == Dropout()


def test_an_empty_stack(open_page: OpenPage) -> None:
    """Starting from nothing leaves the Input, and says what is missing."""
    app = menu(open_page(PAGE))
    app.button(key="design-empty").click().run()
    assert draft.load().model == edits.empty()
    assert "no Output" in errors(select(app, 0))


def test_another_tab_is_not_overwritten(open_page: OpenPage) -> None:
    """An edit made while another tab changed the design is not applied to what was not seen."""
    app = select(open_page(PAGE), 1)
    draft.edit(lambda model: edits.remove(model, 1))  # the other tab
    meanwhile = draft.load().model
    app.button(key="design-delete").click().run()
    assert draft.load().model == meanwhile
    assert "had changed before this arrived" in app.toast[0].value
    app.button(key="design-delete").click().run()
    assert len(draft.load().model.layers) == len(meanwhile.layers) - 1


def test_grow_and_shrink(open_page: OpenPage) -> None:
    """Wider doubles the filters, narrower halves them; what cannot be done says so."""
    app = open_page(PAGE)
    app.button(key="design-wider").click().run()
    assert draft.load().model.layers[1] == Conv2D(filters=64, padding="same")
    app.button(key="design-narrower").click().run()
    app.button(key="design-deeper").click().run()
    assert len(draft.load().model.layers) == len(preset("starter").model.layers) + 2
    app.button(key="design-shallower").click().run()
    assert draft.load().model.layers == preset("starter").model.layers
    app.button(key="design-shallower").click().run()
    assert "cannot be made shallower" in app.toast[0].value


def test_the_name_can_be_changed(open_page: OpenPage) -> None:
    """A name is saved; one with characters that no file takes is refused."""
    app = open_page(PAGE)
    app.text_input(key="design-name").set_value("small and quick").run()
    assert draft.load().model.name == "small and quick"
    app.text_input(key="design-name").set_value("a/b").run()
    assert "name" in errors(app)
    assert draft.load().model.name == "small and quick"


def test_search_ranges(open_page: OpenPage) -> None:
    """A setting is marked to vary in its usual range, which can be changed; wrong ones are explained."""
    app = select(open_page(PAGE), 1)
    app.session_state["design-ranges"] = True
    app.run()
    part = "design-vary-conv2d-1"
    app.button_group(key=f"{part}-names").set_value(["l2"]).run()
    assert draft.load().model.layers[1].vary[0].setting == "l2"
    app.button_group(key=f"{part}-names").set_value(["filters", "on", "activation"]).run()
    assert draft.load().model.layers[1].vary[:2] == (
        Vary(setting="filters", low=16, high=256),
        Vary(setting="on"),
    )
    app.number_input(key=f"{part}-filters-low").set_value(8).run()
    assert draft.load().model.layers[1].vary[0] == Vary(setting="filters", low=8, high=256)
    app.number_input(key=f"{part}-filters-high").set_value(4).run()
    assert any("From less to more" in item.value for item in app.markdown)
    assert draft.load().model.layers[1].vary[0] == Vary(setting="filters", low=8, high=256)
    app.multiselect(key=f"{part}-activation").set_value(["relu", "gelu"]).run()
    assert draft.load().model.layers[1].vary[2].options == ("relu", "gelu")


def test_blocks_open_up(open_page: OpenPage) -> None:
    """A block shows the layers that it stands for."""
    draft.change(model=preset("resnet-mini").model)
    app = select(open_page(PAGE), 3)
    app.session_state["design-opened"] = True
    app.run()
    opened = app.dataframe[0].value
    assert list(opened["Layer"]).count("Conv2D") == 5
    assert list(opened["Layer"]).count("Add") == 2


def test_images_that_are_not_there(open_page: OpenPage) -> None:
    """Without the chosen images a design can be edited all the same, for usual ones."""
    draft.change(data={"source": "cifar10"})
    app = select(open_page(PAGE), 1)
    assert "not on this machine yet" in errors(app)
    app.number_input(key="design-conv2d-1.filters").set_value(48).run()
    assert draft.load().model.layers[1] == Conv2D(filters=48, padding="same")


def test_comparison(open_page: OpenPage) -> None:
    """Beside another design, each layer tells how it differs."""
    draft.edit(lambda model: edits.replace(model, 1, Conv2D(filters=48, padding="same")))
    app = view(open_page(PAGE), ":material/compare: Compare")
    app.selectbox(key="design-compare").set_value("starter").run()
    assert "**1 difference** in 7 layers." in [item.value for item in app.markdown]
    assert list(app.dataframe[0].value["Difference"])[1] == "filters"


def test_a_past_run_is_started_from_and_compared_with(
    open_page: OpenPage, trained_run: Run
) -> None:
    """The design of a run comes back with its training settings, and can be compared with."""
    draft.change(model=ModelSpec(name="mine", layers=(Input(), Flatten(), Dense(), Output())))
    app = menu(open_page(PAGE))
    app.selectbox(key="design-run").set_value(trained_run.id).run()
    assert draft.load().model == trained_run.spec.model
    assert draft.load().train == trained_run.spec.train
    app = view(app, ":material/compare: Compare")
    app.selectbox(key="design-compare").set_value(f"run {trained_run.id}").run()
    assert "**0 differences** in 7 layers." in [item.value for item in app.markdown]


def test_feature_maps(open_page: OpenPage, trained_run: Run) -> None:
    """The maps of an image are shown for random weights and for those of a run of this design."""
    draft.change(data=trained_run.spec.data, model=trained_run.spec.model)
    app = view(open_page(PAGE), ":material/filter_center_focus: Feature maps")
    assert app.selectbox(key="design-maps-weights").value == trained_run.id
    learned = [item.value for item in app.markdown if "%" in item.value]
    app.selectbox(key="design-maps-weights").set_value("Untrained").run()
    assert not app.exception
    assert not errors(app)
    untrained = [item.value for item in app.markdown if "%" in item.value]
    assert learned != untrained
    assert learned[0].startswith(("circles", "crosses", "squares"))
    app.button(key="design-maps-after").click().run()
    assert any("3 · MaxPooling2D" in item.value for item in app.markdown)


def test_files(open_page: OpenPage) -> None:
    """The script and the link of the design are there to copy."""
    app = view(open_page(PAGE), ":material/download: Code and files")
    texts = [item.value for item in app.code]
    assert any("keras.Sequential" in text for text in texts)
    address = next(text for text in texts if "?design=" in text)
    assert link.unpack(address.partition("?design=")[2]) == draft.load().model


def test_files_of_a_design_that_does_not_fit(open_page: OpenPage) -> None:
    """While a layer does not fit there is no script, and the page says so."""
    draft.edit(lambda model: edits.remove(model, 5))
    app = view(open_page(PAGE), ":material/download: Code and files")
    assert any("as soon as the design fits" in item.value for item in app.caption)


def test_names_with_markup(open_page: OpenPage, examples: Path) -> None:
    """A set or class with Markdown in its name is shown as it is written."""
    folder = examples.rename(examples.with_name("*stars*"))
    draft.change(data={"source": str(folder)})
    app = open_page(PAGE)
    assert any("\\*stars\\*" in item.value for item in app.caption)


def test_a_design_from_a_file(open_page: OpenPage) -> None:
    """A design's JSON file is opened from the menu; one that is no design says so."""
    mine = ModelSpec(name="mine", layers=(Input(), Conv2D(filters=5), Flatten(), Output()))
    app = menu(open_page(PAGE))
    app.file_uploader(key="design-file").set_value(("broken.json", b"{", "application/json")).run()
    assert "broken.json is not a design" in errors(app)
    content = link.text(mine).encode()
    menu(app).file_uploader(key="design-file").set_value(
        ("mine.json", content, "application/json")
    ).run()
    assert draft.load().model == mine


def test_an_empty_stack_keeps_the_training_settings(open_page: OpenPage) -> None:
    """Only a preset or a run brings training settings, and undo brings one's own back."""
    draft.change(train={"optimizer": "sgd", "learning_rate": 0.03})
    app = menu(open_page(PAGE))
    app.button(key="design-empty").click().run()
    assert draft.load().train.optimizer == "sgd"
    menu(app).button(key="design-preset-keras-cifar10").click().run()
    assert draft.load().train.optimizer == "rmsprop"
    app.button(key="design-undo").click().run()
    assert draft.load().train.optimizer == "sgd"
    assert draft.load().model == edits.empty()


def test_an_error_elsewhere_is_pointed_at(open_page: OpenPage) -> None:
    """With another layer selected, the page says which one does not fit, and leads there."""
    draft.edit(lambda model: edits.remove(model, 5))  # Flatten
    app = select(open_page(PAGE), 1)
    assert any("Layer 6 does not fit yet" in item.value for item in app.markdown)
    links = {item.proto.label: item.proto for item in app.get("page_link")}
    assert links[":primary[**Continue to training**]"].disabled
    app.button(key="design-elsewhere").click().run()
    assert "Layer 6 (Output) needs a row of numbers" in errors(app)


def test_a_number_typed_before_a_button_is_pressed_counts(open_page: OpenPage) -> None:
    """A setting and a button that arrive in one message are both carried out."""
    app = select(open_page(PAGE), 1)
    app.number_input(key="design-conv2d-1.filters").set_value(48)
    app.button(key="design-duplicate").click().run()
    layer = Conv2D(filters=48, padding="same")
    assert draft.load().model.layers[1:3] == (layer, layer)


def test_a_preset_s_name_is_kept_for_it(open_page: OpenPage) -> None:
    """A changed design cannot be called starter, and the page says what it is called instead."""
    draft.edit(lambda model: edits.remove(model, 1))
    app = open_page(PAGE)
    app.text_input(key="design-name").set_value("starter").run()
    assert "my-starter" in app.toast[0].value
    assert draft.load().model.name == "my-starter"


def test_a_trained_run_as_a_network(open_page: OpenPage, trained_run: Run) -> None:
    """It is chosen among the runs, and its maps and parameters are shown; one without maps is told."""
    layers = (Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D(), Output())
    draft.change(model=ModelSpec(name="mine", layers=layers))
    app = select(open_page(PAGE), 1)
    part = "design-backbone-1"
    app.selectbox(key=f"{part}.network").set_value("run").run()
    assert "Layer 2 (Backbone) takes a trained run that is not ready" in errors(app)
    app.selectbox(key=f"{part}.run").set_value(trained_run.id).run()
    assert not app.exception
    assert not errors(app)
    layer = draft.load().model.layers[1]
    assert layer == keep(trained_run.id)
    assert app.dataframe[0].value["Output shape"].iloc[1].endswith("× 64")
    (trained_run.folder / "model.keras").write_bytes(b"cut")
    app.selectbox(key=f"{part}.run 1").set_value(trained_run.id).run()
    assert "cannot be read" in errors(app)
    assert draft.load().model.layers[1] == layer
