"""The model that is kept, in Keras and in ONNX, answers as what was learned on features does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from core import workspace
from core.data.decode import to_array
from core.design.analysis import table
from core.errors import ModelError
from core.specs import Backbone, Dense, Flatten, GlobalAveragePooling2D, Input, ModelSpec, Output
from core.specs.layers import Layer
from core.transfer import engines, networks, weights
from core.transfer.between import Between
from core.transfer.between import onnx as until
from core.transfer.cut import Cut, cut
from core.transfer.serving import Models, models, tuned
from core.transfer.tail import tail
from tests.core.transfer import small_network

pytestmark = pytest.mark.tensorflow
NETWORK, SIZE, CLASSES = "efficientnet_lite0", 64, 5
POOLED: tuple[Layer, ...] = GlobalAveragePooling2D(), Dense(units=16), Output()
MAPS: tuple[Layer, ...] = Flatten(), Output()


class Case(NamedTuple):
    """A design, and how it is used."""

    side: int  # of the images, in pixels
    enlarge: int | None
    mirror: bool
    behind: tuple[Layer, ...] = POOLED


CASES = [
    Case(SIZE, None, False),
    Case(SIZE, None, True),
    Case(28, SIZE, False),
    Case(28, SIZE, True),
]


def name(case: Case) -> str:
    """As it is listed."""
    return f"{case.side}-{case.enlarge}-{case.behind[0].kind}{'-mirror' * case.mirror}"


class Kept(NamedTuple):
    """A workspace with the network's files, and what was told while they were made."""

    folder: Path
    told: list[str]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """LAYERWISE_HOME for all tests that name it, with each file made once."""
    found = Kept(tmp_path_factory.mktemp("serving"), [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_HOME", str(found.folder))
        networks.onnx(Backbone(), True, found.told.append)
        networks.engine(Backbone(), SIZE, True, found.told.append)
        yield found


def parted(case: Case) -> Cut:
    """Its design, cut behind the backbone."""
    front = Input(scale="0 to 255"), Backbone(enlarge=case.enlarge)
    model = ModelSpec(name="mine", layers=(*front, *case.behind))
    found = cut(table(model, (case.side, case.side, 3), CLASSES))
    assert found is not None
    return found


@cache
def made(case: Case) -> Models:
    """Its models, the head drawn at random, sure enough that features matter."""
    keras.utils.set_random_seed(0)
    return models(parted(case), (case.side, case.side, 3), "pad", mirror=case.mirror)


@cache
def photos(side: int) -> np.ndarray:
    """Six square parts of two photos, uint8 [6, side, side, 3]."""
    parts = []
    for file in ("china.jpg", "flower.jpg"):
        photo = load_sample_image(file)
        for left in (0, 100, 200):
            step = 400 // side
            parts.append(photo[: step * side : step, left : left + step * side : step])
    return np.stack(parts)


def features(case: Case, images: np.ndarray) -> np.ndarray:
    """What the frozen part makes of them, in half precision, as they are kept."""
    maps = networks.network(Backbone(enlarge=case.enlarge), "backbone")(images)
    if parted(case).pooled:
        maps = keras.ops.mean(maps, axis=(1, 2))
    return np.asarray(maps).astype(np.float16)


def by_turns(case: Case, images: np.ndarray) -> np.ndarray:
    """The probabilities by way of the features."""
    views = [images, images[:, :, ::-1]] if case.mirror else [images]
    told = [np.asarray(made(case).rest(features(case, view))) for view in views]
    return np.mean(told, axis=0)


@pytest.mark.parametrize("case", [*CASES, Case(SIZE, None, True, MAPS)], ids=name)
def test_the_whole_is_what_learned_behind_the_backbone(case: Case) -> None:
    """From photos to what the rest makes of their features."""
    images = photos(case.side)
    found, wanted = np.asarray(made(case).whole(images)), by_turns(case, images)
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    assert found.std(axis=0).max() > 0.02  # else it would say nothing


def test_mirror_images_are_averaged() -> None:
    """A photo and its mirror image get the same, and not what one of them gets alone."""
    images = photos(SIZE)
    both, one = made(Case(SIZE, None, True)).whole, made(Case(SIZE, None, False)).whole
    turned = images[:, :, ::-1]
    np.testing.assert_allclose(both(images), both(turned), atol=1e-5)
    assert np.abs(np.asarray(one(images)) - np.asarray(one(turned))).max() > 0.01


def test_photos_of_any_size() -> None:
    """They are brought to the working size first, much as the run's images were."""
    case = Case(SIZE, None, True)
    whole = made(case).whole
    assert whole.input.shape == (None, None, None, 3)
    assert whole.input.dtype == "uint8"
    photo = load_sample_image("flower.jpg")
    decoded = to_array(Image.fromarray(photo), SIZE, fit="pad", channels=3)
    np.testing.assert_allclose(whole(photo[None]), by_turns(case, decoded[None]), atol=0.05)


@pytest.mark.parametrize("case", [CASES[0], CASES[3]], ids=name)
def test_the_backbone_stays_as_it_is(case: Case) -> None:
    """Only what is behind it learns, and as if training it answers as it predicts."""
    both = made(case)
    learned = [weight.path for weight in both.whole.trainable_weights]
    assert learned == [weight.path for weight in both.rest.trainable_weights]
    assert len(learned) == 4
    images = photos(case.side)
    np.testing.assert_array_equal(both.whole(images, training=True), both.whole(images))


def test_what_one_learns_the_other_knows() -> None:
    """They are of the same layers: weights set in the whole are those of the rest."""
    case = Case(28, SIZE, False)
    both = made(case)
    before = both.rest(features(case, photos(28)))
    rng = np.random.default_rng(0)
    for row in parted(case).rest:
        layer = both.whole.get_layer(row.name)
        layer.set_weights([rng.normal(0, 0.3, weight.shape) for weight in layer.get_weights()])
        ours, theirs = both.rest.get_layer(row.name).get_weights(), layer.get_weights()
        assert all((one == other).all() for one, other in zip(ours, theirs, strict=True))
    after = np.asarray(both.rest(features(case, photos(28))))
    assert np.abs(after - np.asarray(before)).max() > 0.05
    np.testing.assert_allclose(both.whole(photos(28)), after, atol=5e-3)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_onnx(kept: Kept, tmp_path: Path, case: Case) -> None:
    """The file answers as Keras does, for one image and for several."""
    path = tmp_path / "model.onnx"
    both = made(case)
    told = both.write_onnx(path, lambda _: None)
    assert told <= 1e-3
    assert [item.name for item in tmp_path.iterdir()] == ["model.onnx"]
    ask, images = both.session(path), photos(case.side)
    wanted = np.asarray(both.whole(images))
    np.testing.assert_allclose(ask(images), wanted, atol=1e-3)
    np.testing.assert_allclose(ask(images[:1]), wanted[:1], atol=1e-3)


def test_another_model_is_refused(kept: Kept, tmp_path: Path) -> None:
    """Where the file would not answer as Keras does, there is none; an earlier one stays."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"earlier")
    first = made(CASES[0])
    other = models(parted(CASES[0]), first.shape, "pad")  # its head is drawn anew
    for wrong in (replace(first, behind=other.behind), replace(first, mirror=True)):
        with pytest.raises(ModelError, match="does not agree") as caught:
            wrong.write_onnx(path, lambda _: None)
        assert "at most 0.001" in caught.value.expected
    assert [item.name for item in tmp_path.iterdir()] == ["model.onnx"]
    assert path.read_bytes() == b"earlier"


@pytest.mark.parametrize("case", CASES[-1:], ids=name)
def test_saved_and_loaded(tmp_path: Path, case: Case) -> None:
    """Keras reads the model back without anything of ours."""
    path = tmp_path / "model.keras"
    made(case).whole.save(path)
    images = photos(case.side)
    again = keras.models.load_model(path)(images)
    np.testing.assert_allclose(again, made(case).whole(images), atol=1e-5)


def test_files_are_made_once(kept: Kept) -> None:
    """Whoever waits for one is told why; later it is there."""
    words = "preparing the pretrained network, once on this machine"
    assert kept.told == [words, words]
    networks.onnx(Backbone(), True, kept.told.append)
    networks.engine(Backbone(), 32, True, kept.told.append)
    networks.prepare(Backbone())
    assert len(kept.told) == 2
    folder = kept.folder / "datasets" / ".cache" / "backbones" / f"{NETWORK}-v{weights.VERSION}"
    files = {item.name for item in folder.iterdir() if item.suffix != ".lock"}
    assert files == {"pooled.onnx", "pooled-int8.tflite", "speed.json"}


def test_the_engine_says_what_the_network_does(kept: Kept) -> None:
    """Much the same, in 8-bit integers."""
    engine = networks.engine(Backbone(), SIZE, True, kept.told.append)
    assert networks.kind(engine) == "int8"
    found, wanted = engine.run(photos(SIZE)), features(Case(SIZE, None, False), photos(SIZE))
    assert found.shape == wanted.shape == (6, 1280)
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.95


def test_features_in_onnx(kept: Kept) -> None:
    """Where LiteRT is not there, they are computed in floats: those of Keras."""
    engine = engines.Onnx(networks.onnx(Backbone(), True, kept.told.append), SIZE)
    assert networks.kind(engine) == "float"
    wanted = features(Case(SIZE, None, False), photos(SIZE))
    np.testing.assert_allclose(engine.run(photos(SIZE)), wanted, atol=5e-3)


def damaged(kept: Kept, file: str, share: float) -> Path:
    """That file, in a workspace of its own, with so much of it left."""
    shutil.copytree(kept.folder / "datasets", workspace.datasets_folder())
    path = networks.folder(Backbone()) / file
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_damaged_engine_is_told(kept: Kept, home: Path, share: float) -> None:
    """With the file to delete."""
    path = damaged(kept, "pooled-int8.tflite", share)
    with pytest.raises(ModelError, match=r"pooled-int8\.tflite cannot be read") as caught:
        networks.engine(Backbone(), SIZE, True, kept.told.append)
    assert str(path) in caught.value.remedy


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_damaged_onnx_is_told(kept: Kept, home: Path, tmp_path: Path, share: float) -> None:
    """With the file to delete, when the model is written."""
    path = damaged(kept, "pooled.onnx", share)
    with pytest.raises(ModelError, match=r"pooled\.onnx cannot be read") as caught:
        made(CASES[0]).write_onnx(tmp_path / "model.onnx", lambda _: None)
    assert str(path) in caught.value.remedy
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("case", [CASES[0], CASES[2]], ids=name)
@pytest.mark.parametrize("first", [0, 2])
def test_with_a_tail_that_learns(tmp_path: Path, case: Case, first: int) -> None:
    """From photos, from kept maps and in ONNX the same, also once all that learns has changed."""
    with small_network.in_place(tmp_path / "home"):
        layer = Backbone(enlarge=case.enlarge)
        both = changed(case, layer, first)
        images = photos(case.side)
        wanted = np.asarray(both.whole(images))
        assert wanted.std(axis=0).max() > 0.02  # else it would say nothing
        kept = images
        if first:
            large = keras.ops.image.resize(images.astype(np.float32), (SIZE, SIZE))
            assert both.tail is not None
            assert both.tail.front is not None
            kept = np.asarray(both.tail.front(networks.scaling(layer)(large), training=False))
        assert both.rest.input.dtype == ("float16" if first else "uint8")
        found = both.rest(kept.astype(both.rest.input.dtype))
        np.testing.assert_allclose(found, wanted, atol=5e-3)
        path = tmp_path / "model.onnx"
        assert both.write_onnx(path, lambda _: None) <= 1e-3
        np.testing.assert_allclose(both.session(path)(images), wanted, atol=1e-3)
        saved = tmp_path / "model.keras"
        both.whole.save(saved)
        np.testing.assert_allclose(keras.models.load_model(saved)(images), wanted, atol=1e-5)


def changed(case: Case, layer: Backbone, first: int) -> Models:
    """Models whose tail begins with that block, each weight that learns moved."""
    design = Input(scale="0 to 255"), layer, *case.behind
    shape = case.side, case.side, 3
    found = cut(table(ModelSpec(name="mine", layers=design), shape, CLASSES))
    assert found is not None
    blocks = networks.blocks(layer)
    learns = tail(networks.scaled(layer), blocks, first, SIZE)
    frozen = None
    if first:
        path = until(layer, blocks[first - 1].name, lambda _: None)
        engine = engines.Onnx(path, SIZE)
        height, width, channels = engine.shapes[0]
        frozen = Between(engine, (height, width, channels), ((1.0, 0), (1.0, 0)))
    keras.utils.set_random_seed(0)
    made = tuned(found, learns, frozen, shape, "pad")
    names = [weight.path for weight in made.rest.trainable_weights]
    assert names == [weight.path for weight in made.whole.trainable_weights]
    assert names[: len(learns.depths())] == [one.path for one in learns.model.trainable_weights]
    rng = np.random.default_rng(0)
    for weight in made.rest.trainable_weights:
        weight.assign(weight + rng.normal(0, 0.1, weight.shape))
    return made
