"""Weights are found where they are, or downloaded whole, or it is said what to do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from core.design import backbones
from core.errors import ModelError, NotFoundError, SpecError, StorageError
from core.specs import Backbone
from core.transfer import weights
from tests.core.transfer.server import Weights, serving

LAYER = Backbone(network="mobilenet_v3_small")
KNOWN = backbones.BACKBONES["mobilenet_v3_small"]
CONTENT = bytes(range(256)) * 4000  # a megabyte, so that it comes in several pieces


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Weights]:
    """One that has the file of LAYER, with the checksum that the table names."""
    assert KNOWN.application is not None
    known = replace(KNOWN.application, digest=hashlib.md5(CONTENT).hexdigest())
    monkeypatch.setitem(
        backbones.BACKBONES, "mobilenet_v3_small", replace(KNOWN, application=known)
    )
    with serving() as found:
        monkeypatch.setenv(weights.VARIABLE, found.url + "/")
        found.files[f"/{known.folder}/{known.file}"] = CONTENT
        yield found


def go_on(done: int, total: int | None) -> bool:
    """Nobody stops it."""
    return True


def left() -> list[str]:
    """What is in Keras's folder, but for locks."""
    folder = weights.folder()
    return [one.name for one in folder.iterdir() if one.suffix != ".lock"]


def test_keras_keeps_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In $KERAS_HOME/models, or in .keras of the person's own folder."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert weights.folder() == tmp_path / "keras" / "models"
    monkeypatch.delenv("KERAS_HOME")
    assert weights.folder() == Path.home() / ".keras" / "models"


def test_they_are_downloaded_once(server: Weights) -> None:
    """Whole, telling how far it is; then they are there."""
    told: list[tuple[int, int | None]] = []

    def note(done: int, total: int | None) -> bool:
        told.append((done, total))
        return True

    assert not weights.ready(LAYER)
    assert weights.obtain(LAYER, note)
    path = weights.path(LAYER)
    assert path is not None
    assert path.read_bytes() == CONTENT
    assert left() == [path.name]
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(told) >= 4
    assert told == sorted(told)
    assert weights.ready(LAYER)
    assert weights.obtain(LAYER, note)
    assert len(server.asked) == 1


def test_a_line_that_breaks_leaves_nothing(server: Weights) -> None:
    """The next try begins anew."""
    server.cut = 0.6
    with pytest.raises(ModelError, match="could not be downloaded") as caught:
        weights.obtain(LAYER, go_on)
    assert f"of {len(CONTENT):,} bytes" in caught.value.received
    assert left() == []
    server.cut = 1.0
    assert weights.obtain(LAYER, go_on)


def test_another_file_is_refused(server: Weights) -> None:
    """By its checksum."""
    (name,) = server.files
    server.files[name] = CONTENT[:-1] + b"x"
    with pytest.raises(ModelError, match="could not be downloaded") as caught:
        weights.obtain(LAYER, go_on)
    assert "by its checksum" in caught.value.received
    assert left() == []


def test_no_such_file(server: Weights) -> None:
    """What the server says is told."""
    server.files.clear()
    with pytest.raises(ModelError) as caught:
        weights.obtain(LAYER, go_on)
    assert "404" in caught.value.received


def test_without_a_network(server: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which file to put where, and from where, is told."""
    monkeypatch.setenv(weights.VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(ModelError) as caught:
        weights.obtain(LAYER, go_on)
    file = "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"
    assert caught.value.expected == f"the file {file} from http://127.0.0.1:9/mobilenet_v3/{file}"
    told = f"Fetch http://127.0.0.1:9/mobilenet_v3/{file} elsewhere and put it into"
    assert f"{told} {weights.folder()}" in caught.value.remedy
    assert "EfficientNet-Lite0, which needs no download" in caught.value.remedy


def test_it_can_be_stopped(server: Weights) -> None:
    """In the middle, which leaves nothing."""
    assert not weights.obtain(LAYER, lambda done, _: done < len(CONTENT) / 2)
    assert left() == []


def test_one_process_downloads(server: Weights) -> None:
    """Another waits for it, can be stopped, and takes what came."""
    path = weights.path(LAYER)
    assert path is not None
    path.parent.mkdir(parents=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    with lock:
        assert not weights.obtain(LAYER, lambda *_: False)
        threading.Timer(0.2, lambda: path.write_bytes(b"by another")).start()
        assert weights.obtain(LAYER, go_on)
    assert path.read_bytes() == b"by another"
    assert server.asked == []


def test_a_folder_that_cannot_be_written(server: Weights, home: Path) -> None:
    """Is told with the variable that names another."""
    weights.folder().parent.write_text("a file in the way")
    with pytest.raises(StorageError, match="keep a network's weights") as caught:
        weights.obtain(LAYER, go_on)
    assert "KERAS_HOME" in caught.value.remedy


def test_a_file_that_is_given(server: Weights, tmp_path: Path) -> None:
    """Is taken as it is; one that is not there is told, and nothing is downloaded."""
    given = tmp_path / "mine.h5"
    layer = LAYER.changed(weights=str(given))
    with pytest.raises(NotFoundError, match="The file of weights is not there") as caught:
        weights.obtain(layer, go_on)
    assert str(given) in caught.value.expected
    with pytest.raises(ModelError, match="cannot be read"):
        weights.version(layer)
    given.write_bytes(b"mine")
    assert weights.path(layer) == given
    assert weights.obtain(layer, go_on)
    assert server.asked == []


def test_the_bundled_one_takes_no_file(home: Path) -> None:
    """It brings its own."""
    assert weights.ready(Backbone())
    assert weights.obtain(Backbone(), go_on)
    with pytest.raises(SpecError, match="comes with its weights"):
        weights.require(Backbone(weights="mine.h5"))


def test_other_weights_are_another_version(home: Path, tmp_path: Path) -> None:
    """So what is made with them is never mixed; the same ones at another place are the same."""
    names = []
    for number, content in enumerate((b"one", b"two", b"one")):
        path = tmp_path / f"{number}.h5"
        path.write_bytes(content)
        names.append(weights.prepared(LAYER.changed(weights=str(path))).name)
    assert names[0] == names[2] != names[1]
    assert names[0].startswith("mobilenet_v3_small-v")
    path.write_bytes(b"three")
    assert weights.prepared(LAYER.changed(weights=str(path))).name not in names
