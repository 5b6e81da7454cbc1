"""Predict."""

from __future__ import annotations

import io
import shutil

from core.runs.run import Run
from tests.conftest import COLORS, draw_example
from tests.pages.conftest import OpenPage, errors


def photo(label: str, number: int) -> bytes:
    """A PNG of an image that the trained run has not seen."""
    buffer = io.BytesIO()
    draw_example(label, number, size=120).save(buffer, "PNG")
    return buffer.getvalue()


def test_without_a_model_it_invites_to_the_demo(open_page: OpenPage) -> None:
    """An empty workspace says that nothing has been trained."""
    assert "No model has been trained yet." in open_page("pages/predict.py").info[0].value


def test_classifies_uploaded_photos(open_page: OpenPage, trained_run: Run) -> None:
    """Every uploaded photo gets a chart; an unreadable one is named and holds up no other."""
    app = open_page("pages/predict.py", run=trained_run.id)
    files = [(f"{label}.png", photo(label, 900), "image/png") for label in COLORS]
    app.file_uploader[0].set_value([*files, ("broken.jpg", b"not an image", "image/jpeg")]).run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == len(COLORS)
    assert "1 photo cannot be read" in app.warning[0].value
    assert "broken" in app.warning[0].value
    assert any("4 photos" in item.value for item in app.markdown)


def test_tries_test_images(open_page: OpenPage, trained_run: Run) -> None:
    """Five test images of the run's own set can be tried without a photo at hand."""
    app = open_page("pages/predict.py")
    next(b for b in app.button if b.label == "Try five test images").click().run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 5


def test_damaged_model_is_explained(open_page: OpenPage, trained_run: Run) -> None:
    """A model file cut in half gives a clear message on the page."""
    for name in ("model.onnx", "model.keras"):
        path = trained_run.folder / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    app = open_page("pages/predict.py", run=trained_run.id)
    app.file_uploader[0].set_value([("a.png", photo("circles", 901), "image/png")]).run()
    assert "cannot be read" in errors(app)


def test_a_deleted_run_is_not_replaced_by_another(open_page: OpenPage, trained_run: Run) -> None:
    """An address of a run that is gone says so and waits for a choice."""
    app = open_page("pages/predict.py", run="gone-7")
    assert "The run gone-7 is not there" in app.warning[0].value
    assert app.selectbox(key="predict-run").value is None
    assert not app.file_uploader


def test_a_newer_model_does_not_replace_the_chosen_one(
    open_page: OpenPage, trained_run: Run
) -> None:
    """Without an address, the model in use stays when a newer run gets its model."""
    app = open_page("pages/predict.py")
    assert app.selectbox(key="predict-run").value == trained_run.id
    newer = trained_run.folder.with_name("examples-starter-2")
    shutil.copytree(trained_run.folder, newer)
    status = trained_run.saved_status
    Run(newer).write_status(status.model_copy(update={"created": status.created + 60}))
    app.run()
    assert app.selectbox(key="predict-run").value == trained_run.id


def test_the_model_box_can_be_cleared(open_page: OpenPage, trained_run: Run) -> None:
    """Clearing the box raises nothing, empties the address, and waits for a choice."""
    app = open_page("pages/predict.py", run=trained_run.id)
    app.selectbox(key="predict-run").set_value(None).run()
    assert not app.exception
    assert app.selectbox(key="predict-run").value is None
    assert app.query_params.get("run", "") in ("", [""])
    assert not app.file_uploader
    app.selectbox(key="predict-run").set_value(trained_run.id).run()
    assert len(app.file_uploader) == 1
