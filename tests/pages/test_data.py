"""Data."""

from __future__ import annotations

from pathlib import Path

from core import draft
from tests.pages.conftest import OpenPage, errors


def test_shows_counts_sizes_and_samples(open_page: OpenPage, examples: Path) -> None:
    """A folder's images, classes, sizes and test images are shown as figures."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/data.py")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures == {
        "Images": "60",
        "Classes": "3",
        "Size in pixels": "40 × 40",
        "Test images": "12",
    }


def test_lists_the_built_in_sets(open_page: OpenPage) -> None:
    """The four built-in sets can be chosen, the sketches called drawings."""
    app = open_page("pages/data.py")
    options = app.radio[0].options
    assert options == ["Sketches (drawings)", "CIFAR-10", "MNIST", "Fashion-MNIST"]


def test_opens_a_folder_by_its_path(open_page: OpenPage, examples: Path) -> None:
    """A typed path becomes the chosen set and is kept in the draft."""
    app = open_page("pages/data.py")
    app.text_input[0].input(str(examples))
    next(b for b in app.button if b.label == "Open folder").click().run()
    assert not app.exception
    assert draft.load().data.source == str(examples)
    assert {metric.label: metric.value for metric in app.metric}["Images"] == "60"


def test_says_what_is_wrong_with_a_path(open_page: OpenPage) -> None:
    """A path that does not exist gives one clear message and keeps the set chosen before."""
    app = open_page("pages/data.py")
    app.text_input[0].input("/no/such/folder")
    next(b for b in app.button if b.label == "Open folder").click().run()
    assert "There is no set of images /no/such/folder" in errors(app)
    assert draft.load().data.source == "sketches"


def test_lists_files_left_out(open_page: OpenPage, examples: Path) -> None:
    """A damaged file is listed with its reason and the other images are shown."""
    (examples / "circles" / "bad.jpg").write_bytes(b"")
    draft.change(data={"source": str(examples)})
    app = open_page("pages/data.py")
    assert app.expander[-1].label == "1 file left out"
    assert "empty" in app.dataframe[0].value["Reason"].iloc[0]


def test_working_size_changes_the_draft(open_page: OpenPage, examples: Path) -> None:
    """A working size typed on the page is what the next run will use."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/data.py")
    app.number_input(key="data.size").set_value(32).run()
    assert not app.exception
    assert draft.load().data.size == 32


def test_other_images_start_with_their_own_size(open_page: OpenPage, examples: Path) -> None:
    """A working size set for one set does not carry over to the next."""
    draft.change(data={"source": str(examples), "size": 96}, folders=(str(examples),))
    app = open_page("pages/data.py")
    app.radio(key="data-source").set_value("sketches").run()
    assert not app.exception
    assert draft.load().data.source == "sketches"
    assert draft.load().data.size is None
    assert str(examples) in draft.load().folders


def test_a_set_that_is_not_here_is_offered_not_fetched(open_page: OpenPage) -> None:
    """Choosing CIFAR-10 without its file offers the download and says where the file would go."""
    app = open_page("pages/data.py")
    app.radio(key="data-source").set_value("cifar10").run()
    assert "cifar10.npz" in app.info[0].value
    assert any(button.label == "Download CIFAR-10" for button in app.button)
    assert "not on this machine yet" in errors(open_page("pages/design.py"))


def test_a_bad_zip_is_refused_once(open_page: OpenPage, examples: Path) -> None:
    """A file that is no zip gets one message, and the page goes on working."""
    draft.change(data={"source": str(examples)})
    app = open_page("pages/data.py")
    app.file_uploader[0].set_value([("bad.zip", b"no zip", "application/zip")]).run()
    assert "It is not a whole zip file" in errors(app)
    assert {metric.label: metric.value for metric in app.metric}["Images"] == "60"
    app.run()
    assert errors(app) == ""
