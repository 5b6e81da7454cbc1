"""core.tune.estimate: how long a run trains here."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.dataset import load
from core.design.cost import KINDS, Speed
from core.tune import estimate
from tests.conftest import small_spec


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
