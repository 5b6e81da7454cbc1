"""A run fetches the weights that it needs, or ends with what is to be done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotFoundError
from core.runs import queue
from core.runs.run import Run, create
from core.runs.status import State
from core.specs import DataSpec, RunSpec, TransferSpec
from core.train import order
from core.train.reporter import Reporter
from core.train.worker import work
from core.transfer import int8, networks, weights
from core.transfer.compose import compose
from tests.core.transfer.server import Weights, serving
from tests.core.transfer.weight_files import drawn, write

pytestmark = pytest.mark.tensorflow
FILE = "mobilenet_2_5_224_tf_no_top.h5"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of weights, drawn at random."""
    from core.specs import Backbone

    path = tmp_path_factory.mktemp("weights") / FILE
    return write(drawn(Backbone(network="mobilenet_025")), path).read_bytes()


@pytest.fixture
def server(home: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Weights]:
    """One that has it."""
    monkeypatch.setattr(int8, "IMAGES", 8)
    monkeypatch.setattr(networks, "CALIBRATED_AT", 64)
    with serving() as found:
        monkeypatch.setenv(weights.VARIABLE, found.url)
        found.files[f"/mobilenet/{FILE}"] = content
        yield found


def transfer(examples: Path, **settings: Any) -> RunSpec:
    """Of small images of three classes."""
    asked = {"backbone": "mobilenet_025", "size": 64, "head": "linear", **settings}
    return compose(TransferSpec.parse(asked), DataSpec(source=str(examples), test_share=0.2))


def test_they_are_downloaded_before_it_trains(
    server: Weights, examples: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telling how far that is; the run ends well, and the next one needs no server."""
    told: list[tuple[str, float]] = []
    update = Reporter.update

    def note(self: Reporter, **values: Any) -> None:
        update(self, **values)
        if "%" in str(values.get("phase")):
            told.append((self.status.phase, self.status.progress))

    monkeypatch.setattr(Reporter, "update", note)
    run = create(transfer(examples))
    assert work(run) is State.DONE, run.status.error
    assert run.status.test_accuracy is not None
    assert (weights.folder() / FILE).read_bytes() == content
    assert told[0] == ("downloading the weights of MobileNet 0.25, 0% of 1.1 MB", 0.0)
    assert told[-1] == (told[0][0].replace(" 0%", " 100%"), 1.0)
    assert server.asked == [f"/mobilenet/{FILE}"]
    again = create(transfer(examples, head="auto"))
    assert work(again) is State.DONE
    assert len(server.asked) == 1
    features = list((weights.prepared(backbone(run)).parents[1] / "features").iterdir())
    assert features
    assert all(weights.version(backbone(run)) in one.name for one in features)


def backbone(run: Run) -> Any:
    """Of a run's design."""
    return run.spec.model.layers[1]


def test_without_a_network(
    server: Weights, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails before TensorFlow starts, with the file and its place."""
    monkeypatch.setenv(weights.VARIABLE, "http://127.0.0.1:9")
    run = create(transfer(examples))
    assert work(run) is State.FAILED
    assert run.status.error is not None
    assert run.status.error["what"].startswith("The weights of MobileNet 0.25")
    assert (
        f"Fetch http://127.0.0.1:9/mobilenet/{FILE} elsewhere and put it into"
        in run.status.error["remedy"]
    )


def test_a_stop_ends_a_download(server: Weights, examples: Path) -> None:
    """And leaves nothing of it."""
    run = create(transfer(examples))
    with Reporter(run) as reporter:
        from core.train import downloads

        queue.cancel(run)
        assert not downloads.weights_there(run.spec.model, run, reporter)
    assert not (weights.folder() / FILE).exists()


def test_a_file_that_is_not_there_makes_no_run(home: Path, examples: Path) -> None:
    """It is told when the run is ordered, with the whole path."""
    with pytest.raises(NotFoundError, match="The file of weights is not there") as caught:
        order.order(transfer(examples, weights="mine.h5"))
    assert str(Path("mine.h5").resolve()) in caught.value.expected


def test_a_truncated_file(server: Weights, examples: Path, tmp_path: Path, content: bytes) -> None:
    """Fails the run with its path and what was found."""
    path = tmp_path / "cut.h5"
    path.write_bytes(content[: len(content) // 3])
    run = create(transfer(examples, weights=str(path)))
    assert work(run) is State.FAILED
    assert run.status.error is not None
    assert run.status.error["kind"] == "ModelError"
    assert str(path) in run.status.error["expected"]
    assert "truncated" in run.status.error["received"]
    assert server.asked == []
