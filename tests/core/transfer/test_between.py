"""What a network makes of images between two of its blocks and at its end, in 8 bits and in floats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import load
from core.specs import Backbone, DataSpec
from core.transfer import engines, int8, networks
from core.transfer.between import Between, between
from core.transfer.features import Extractor, View
from tests.conftest import write_examples
from tests.core.transfer import small_network

pytestmark = pytest.mark.tensorflow
SIZE, BLOCK = 64, "block2"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with the small network's files, each made once."""
    with small_network.in_place(tmp_path_factory.mktemp("between")) as folder:
        between(Backbone(), SIZE, BLOCK, lambda _: None)
        yield folder


@cache
def photos(count: int = 20) -> np.ndarray:
    """Images that it was not calibrated with."""
    return np.stack([int8.calibration(1000 + number, SIZE) for number in range(count)])


def in_keras(block: str) -> list[np.ndarray]:
    """The maps that leave a block, and the averaged ones of the end."""
    import keras

    network, found = networks.scaled(Backbone()), networks.blocks(Backbone())
    (output,) = (one.output for one in found if one.name == block)
    pixels = networks.scaling(Backbone())(photos().astype(np.float32))
    maps, end = keras.Model(network.inputs[0], [output, found[-1].output])(pixels)
    return [np.asarray(maps), np.asarray(end).mean(axis=(1, 2))]


def require_alike(made: Between, block: str, alike: float) -> None:
    """Its maps and its end, in floats, are those of Keras."""
    rows = made.engine.run(photos()).astype(made.engine.kept)
    worth, zero = made.steps[0]
    maps = (made.maps(rows).astype(np.float32) - zero) * worth
    for found, wanted in zip((maps, made.end(rows)), in_keras(block), strict=True):
        assert found.shape == wanted.shape
        assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > alike
        assert np.abs(found - wanted).mean() < 0.1 * wanted.std()


@pytest.mark.parametrize("block", small_network.BLOCKS[:-1])
def test_in_8_bits(kept: Path, block: str) -> None:
    """One file has what leaves every block, and the end; kept as it comes, in bytes."""
    made = between(Backbone(), SIZE, block, pytest.fail)
    assert isinstance(made.engine, engines.LiteRT)
    assert made.engine.kept == made.engine.run(photos(1)).dtype == np.int8
    assert made.engine.width == np.prod(made.shape) + 1280
    assert made.end(made.engine.run(photos(1))).dtype == np.float16
    require_alike(made, block, 0.99)


def test_in_floats(kept: Path) -> None:
    """Where 8 bits were refused: another file, to be made for each block, once."""
    path = networks.folder(Backbone()) / "blocks-int8.tflite"
    aside, told = path.rename(path.with_name("aside")), list[str]()
    path.with_suffix(networks.REFUSED).write_text("{}")
    try:
        for _ in range(2):
            made = between(Backbone(), SIZE, BLOCK, told.append)
            assert isinstance(made.engine, engines.Onnx)
            assert made.engine.kept is np.float16
            require_alike(made, BLOCK, 0.99999)
        assert told == ["preparing the pretrained network, once on this machine"]
    finally:
        aside.rename(path)
        path.with_suffix(networks.REFUSED).unlink()


@pytest.mark.usefixtures("home")
def test_other_features_are_refused(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 8 bits that say something else a file tells why, and nothing is converted again."""
    monkeypatch.setattr(networks, "_ALIKE", 1.1)
    made = between(Backbone(), SIZE, BLOCK, lambda _: None)
    assert networks.kind(made.engine) == "float"
    folder = networks.folder(Backbone())
    assert not (folder / "blocks-int8.tflite").exists()
    refused = json.loads((folder / "blocks-int8.refused").read_bytes())
    assert refused["what"] == "EfficientNet-Lite0 in 8-bit integers makes other features"
    assert networks.kind(between(Backbone(), SIZE, BLOCK, pytest.fail).engine) == "float"


def test_rows_are_kept(kept: Path, tmp_path: Path) -> None:
    """What was computed is read again, to the last bit, also by another process; mirrored is another."""
    made = between(Backbone(), SIZE, BLOCK, lambda _: None)
    data = load(DataSpec(source=str(write_examples(tmp_path / "examples", 8)), size=SIZE))
    rows = np.random.default_rng(0).permutation(len(data.images.labels))

    def look(view: View) -> tuple[np.ndarray, int]:
        extractor = Extractor(Backbone(), made.engine, "v1-int8-between", SIZE)
        found = extractor.of(data, rows, lambda *_: True, view)
        assert found is not None
        return found, extractor.computed

    wanted = made.engine.run(np.asarray(data.images.images[rows]))
    first, computed = look("plain")
    assert (first.dtype, computed) == (np.int8, len(rows))
    again, computed = look("plain")
    assert computed == 0
    np.testing.assert_array_equal(first, wanted)
    np.testing.assert_array_equal(again, wanted)
    mirrored, _ = look("flipped")
    assert not np.array_equal(mirrored, wanted)
    assert {path.stat().st_size for path in kept.rglob("values.bin")} == {wanted.nbytes}


def test_several_outputs_are_those_of_one(kept: Path) -> None:
    """Of a file with several, any are taken, in the order asked for, side by side in a row."""
    path = networks.folder(Backbone()) / "blocks-int8.tflite"
    places = json.loads(path.with_suffix(".json").read_bytes())
    assert set(places) == {*small_network.BLOCKS[:-1], "end"}
    made = between(Backbone(), SIZE, BLOCK, lambda _: None)
    known = networks.facts(Backbone())

    def run(*names: str) -> np.ndarray:
        chosen = [places[name] for name in names]
        return engines.LiteRT(path, SIZE, known.mean, known.spread, outputs=chosen).run(photos(37))

    maps, end = run(BLOCK), run("end")
    np.testing.assert_array_equal(run(BLOCK, "end"), np.concatenate([maps, end], axis=1))
    np.testing.assert_array_equal(run("end", BLOCK), np.concatenate([end, maps], axis=1))
    np.testing.assert_array_equal(run(BLOCK, "end"), made.engine.run(photos(37)))
