"""The bundled network's last two blocks, in 8 bits as most machines have them, learn with a head."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.runs.run import create
from core.runs.status import State
from core.specs import Backbone, DataSpec, TransferSpec
from core.train.worker import work
from core.transfer.compose import compose
from tests.conftest import write_examples
from tests.core.train.test_frozen import require_figures_of_the_saved_model
from tests.core.transfer.small_network import calibrated_quickly

pytestmark = pytest.mark.tensorflow
SIZE, BLOCK = 64, "block15"


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace for both tests of this file: the network's files are made once."""
    folder = tmp_path_factory.mktemp("bundled")
    write_examples(folder / "datasets" / "examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERWISE_HOME", str(folder))
        calibrated_quickly(patch)
        yield folder


def test_its_maps_in_8_bits() -> None:
    """Those of 192 channels that leave the fifteenth block, and the averaged ones, are Keras's."""
    import keras

    from core.transfer import int8, networks
    from core.transfer.between import between

    made = between(Backbone(), SIZE, BLOCK, lambda _: None)
    assert networks.kind(made.engine) == "int8"
    assert made.shape == (2, 2, 192)
    images = np.stack([int8.calibration(1000 + number, SIZE) for number in range(20)])
    rows = made.engine.run(images)
    worth, zero = made.steps[0]
    found = [(made.maps(rows).astype(np.float32) - zero) * worth, made.end(rows)]
    blocks = networks.blocks(Backbone())
    (output,) = (block.output for block in blocks if block.name == BLOCK)
    both = keras.Model(networks.scaled(Backbone()).inputs[0], [output, blocks[-1].output])
    maps, end = both(networks.scaling(Backbone())(images.astype(np.float32)))
    for one, wanted in zip(found, (maps, np.mean(end, axis=(1, 2))), strict=True):
        assert one.shape == wanted.shape
        assert np.corrcoef(np.ravel(one), np.ravel(wanted))[0, 1] > 0.95


def test_it_learns_on() -> None:
    """Both phases are told, and the figures are those of the saved model, which is all floats."""
    asked = TransferSpec(size=SIZE, finetune="last-2-blocks", head="linear")
    train = {"epochs": 2, "batch_size": 8, "precision": "float32"}
    run = create(compose(asked, DataSpec(source="examples"), train=train))
    assert work(run) is State.DONE, run.status.error
    assert run.status.error is None
    assert run.status.epoch == run.status.ends[0] + 2
    lines = run.metrics("epoch")
    best = min(lines, key=lambda line: line["val_loss"])
    assert run.status.best_epoch == best["epoch"]
    require_figures_of_the_saved_model(run)
    assert run.status.test_accuracy is not None
    assert run.status.test_accuracy > 0.7
