"""core.tune.estimate: how long a run trains here."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import files
from core.data.dataset import load
from core.design.cost import KINDS, Speed
from core.runs.status import State
from core.tune import estimate
from tests.conftest import small_spec
from tests.core.tune.conftest import Trained


def test_it_grows_with_the_epochs(home: Path, examples: Path) -> None:
    """Ten times the epochs take ten times as long; a smaller batch takes more steps."""
    known = Speed(**dict.fromkeys(KINDS, 0.0) | {"steps": 1.0})
    spec = small_spec(str(examples), epochs=1, batch_size=8)
    data = load(spec.data)
    train = len(data.split(spec.train.validation_share).train)
    seconds = estimate.seconds(spec, data, known)
    assert seconds == pytest.approx(-(-train // 8) + 1)  # its steps, and one of validation
    longer = spec.changed(train=spec.train.changed(epochs=10))
    assert estimate.seconds(longer, data, known) == pytest.approx(10 * seconds)
    smaller = spec.changed(train=spec.train.changed(batch_size=4))
    assert estimate.seconds(smaller, data, known) > seconds


def test_what_a_run_takes_beside_its_epochs(home: Path, trained_as: Trained) -> None:
    """It is the median of the runs that ended well; before there is one, a usual value."""
    assert estimate.beside() == estimate._USUAL
    for seconds in (30.0, 14.0, 16.0):
        run = trained_as(small_spec("sketches"), 0.5)
        values = {"started": 100.0, "ended": 100.0 + seconds}
        run.write_status(run.saved_status.model_copy(update=values))
        for epoch in (1, 2):
            line = {"event": "epoch", "epoch": epoch, "seconds": 2.0}
            files.append_json(run.folder / "metrics.jsonl", line)
    trained_as(small_spec("sketches"), 0.5, state=State.FAILED)
    assert estimate.beside() == 12.0
