"""core.train.export: model.keras -> model.onnx, checked against Keras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from core.data.decode import decode
from core.design.presets import preset
from core.errors import ModelError
from core.runs.run import Run
from core.specs import Activation, Conv2D, Flatten, Input, ModelSpec, Output
from core.specs.data import Fit
from core.specs.layers.base import Function
from core.train import backend
from tests.conftest import draw_example

pytestmark = pytest.mark.tensorflow


def photos(*shape: int) -> Any:
    """Random images."""
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def predicted(path: Path, images: Any) -> Any:
    """What a model.onnx says of images."""
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def test_onnx_says_what_keras_says(trained_run: Run) -> None:
    """model.onnx and model.keras give 32 images the same probabilities, up to rounding."""
    keras = backend.start()
    model = keras.models.load_model(trained_run.folder / "model.keras", compile=False)
    images = photos(32, 24, 24, 3)
    found = predicted(trained_run.folder / "model.onnx", images)
    assert found.shape == (32, 3)
    assert np.abs(found - np.asarray(model(images, training=False))).max() < 1e-5


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_model_keras_prepares_photos_as_training_did(tmp_path: Path, fit: Fit) -> None:
    """A photo of another shape fed to the saved model gives what the decoded photo gives."""
    keras = backend.start()
    from core.design.build import build

    keras.utils.set_random_seed(0)
    model = build(preset("starter").model, (24, 24, 3), 3, resize=fit)
    model.save(tmp_path / "model.keras")
    saved = keras.models.load_model(tmp_path / "model.keras", compile=False)
    for width, height in ((150, 90), (60, 200), (24, 24), (20, 13)):
        path = tmp_path / "photo.png"
        draw_example("circles", 7, size=300).resize((width, height)).save(path)
        with Image.open(path) as photo:
            raw = np.asarray(photo)[None]
        decoded, _ = decode(path, 24, fit=fit)
        found, wanted = (np.asarray(saved(x, training=False)) for x in (raw, decoded[None]))
        assert np.abs(found - wanted).max() < 0.02


def test_model_onnx_refuses_images_of_another_size(trained_run: Run) -> None:
    """model.onnx has no resizing inside, so an image of the wrong size fails loudly."""
    with pytest.raises(Exception, match="invalid dimensions"):
        predicted(trained_run.folder / "model.onnx", photos(2, 50, 31, 3))


@pytest.mark.parametrize("name", ["lab-cifar10", "lenet-5"])
def test_designs_export_as_they_predict(tmp_path: Path, name: str) -> None:
    """Dropout, batch normalization and average pooling export in the way they predict."""
    keras = backend.start()
    from core.design.build import build
    from core.design.onnx import TOLERANCE
    from core.train.export import export_onnx

    keras.utils.set_random_seed(0)
    model = build(preset(name).model, (32, 32, 1), 4, resize="pad")
    for variable in model.weights:  # statistics as training leaves them, not 0 and 1
        if "moving_variance" in variable.path:
            variable.assign(variable * 2.5)
    images = photos(32, 32, 32, 1)
    difference = export_onnx(model, tmp_path / "model.onnx", images)
    assert difference <= TOLERANCE
    wanted = np.asarray(model(images, training=False))
    assert predicted(tmp_path / "model.onnx", images) == pytest.approx(wanted, abs=TOLERANCE)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("function", [*get_args(Function)])
def test_every_activation_exports(tmp_path: Path, function: Function) -> None:
    """ONNX knows each curve that a design can have, in layers and on its own."""
    backend.start()
    from core.design.build import build
    from core.train.export import export_onnx

    layers = (Input(), Conv2D(activation=function), Activation(function=function), Flatten())
    model = build(ModelSpec(name="curved", layers=(*layers, Output())), (8, 8, 3), 3)
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    assert export_onnx(model, tmp_path / "model.onnx", images) < 1e-5


def test_what_onnx_cannot_express_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the conversion raises comes out as one clear error, and leaves no file."""
    from core.train import export

    def convert(*_: object) -> None:
        raise ValueError("no such operator")

    monkeypatch.setattr(export.onnx, "_write", convert)
    model = export.keras.Sequential([export.keras.Input((8, 8, 3))])
    with pytest.raises(ModelError, match="cannot be exported") as caught:
        export.export_onnx(model, tmp_path / "model.onnx", np.zeros((1, 8, 8, 3), np.uint8))
    assert caught.value.received == "no such operator"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["fast", "resnet-mini"])
def test_mirror_images_are_exported(tmp_path: Path, name: str) -> None:
    """model.keras and model.onnx hold the averaging with the mirror image, and the weights once."""
    keras = backend.start()
    from core.design.build import build
    from core.train.export import export_onnx

    keras.utils.set_random_seed(0)
    design, images = preset(name).model, photos(32, 24, 24, 3)
    plain = build(design, (24, 24, 3), 3)
    model = build(design, (24, 24, 3), 3, resize="pad", mirror=True)
    model.set_weights(plain.get_weights())
    model.save(tmp_path / "model.keras")
    saved = keras.models.load_model(tmp_path / "model.keras", compile=False)
    path = tmp_path / "model.onnx"
    assert export_onnx(saved, path, images) < 1e-5
    one, other = (np.asarray(plain(some)) for some in (images, images[:, :, ::-1]))
    assert np.abs(one - other).max() > 1e-3
    for some in (images, images[:, :, ::-1]):
        assert np.abs(predicted(path, some) - (one + other) / 2).max() < 1e-5
    assert path.stat().st_size < 5 * plain.count_params() + 100_000


def test_a_model_that_differs_is_refused(tmp_path: Path) -> None:
    """An exported model that does not agree with Keras is refused, and the old file stays."""
    keras = backend.start()
    import tensorflow as tf

    from core.train.export import export_onnx

    @keras.saving.register_keras_serializable()
    class Fickle(keras.layers.Layer):  # type: ignore[misc]
        """Answers otherwise when it is traced for the export."""

        def call(self, x: Any) -> Any:
            return x[:, ::-1] if tf.inside_function() else x

    image = keras.Input((2, 2, 1), dtype="uint8")
    scores = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, Fickle()(keras.layers.Softmax()(scores)))
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the old one")
    with pytest.raises(ModelError) as caught:
        export_onnx(model, path, photos(32, 2, 2, 1))
    assert "0.001" in caught.value.expected
    assert "32 images" in caught.value.received
    assert path.read_bytes() == b"the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_run_is_exported_again(trained_run: Run) -> None:
    """The export of a run's model.keras says the same as the one made when it was trained."""
    from core.train import export

    images = photos(5, 24, 24, 3)
    path = trained_run.folder / "model.onnx"
    wanted = predicted(path, images)
    path.unlink()
    export.main(trained_run.folder)
    assert predicted(path, images) == pytest.approx(wanted, abs=1e-6)


def test_an_export_is_as_old_as_its_model(trained_run: Run) -> None:
    """A model.keras saved while an older one is exported is seen to be newer than the export."""
    from core.train import export

    model = trained_run.folder / "model.keras"
    os.utime(model, (1_000, 1_000))
    export.main(trained_run.folder)
    assert (trained_run.folder / "model.onnx").stat().st_mtime == 1_000


@pytest.mark.parametrize("damage", ["half", "empty", "missing", "overwritten"])
def test_a_damaged_model_is_a_clear_error(trained_run: Run, damage: str) -> None:
    """A model.keras that is cut, empty, gone or overwritten in its middle is named in the error."""
    from core.train import export

    path = trained_run.folder / "model.keras"
    content = path.read_bytes()
    middle = len(content) // 2
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {
                "half": content[:middle],
                "empty": b"",
                "overwritten": content[: middle - 500] + bytes(1000) + content[middle + 500 :],
            }[damage]
        )
    before = (trained_run.folder / "model.onnx").read_bytes()
    with pytest.raises(ModelError) as caught:
        export.main(trained_run.folder)
    assert trained_run.id in caught.value.what
    assert "model.keras" in caught.value.expected
    assert "bytes" in caught.value.received
    assert (trained_run.folder / "model.onnx").read_bytes() == before
