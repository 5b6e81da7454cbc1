"""core.train.expected: how long a fine-tuning takes, before it is ordered."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.design.cost import KINDS, Speed
from core.specs import Backbone, TransferSpec
from core.train.expected import choices
from core.transfer import offers, weights

SPEED = Speed(**dict.fromkeys(KINDS, 1e-9))


def test_every_way_from_none_to_all(home: Path) -> None:
    """Each has one block more than the one before; none is known in time before anything was measured."""
    found = choices(Backbone(), TransferSpec(), 1000, 160, None)
    assert found[0].finetune == "none"
    assert [one.finetune for one in found[1:3]] == ["last-1-block", "last-2-blocks"]
    assert found[-1].finetune == "all"
    assert [len(one.blocks) for one in found] == list(range(19))
    assert found[-1].parameters == 3_413_024
    assert all(one.seconds is None for one in found)
    for one in found:  # each is what the command line takes
        tuning = TransferSpec(finetune=one.finetune).tuning
        count = None if tuning is None else tuning.blocks
        assert count == (len(one.blocks) if 0 < len(one.blocks) < 18 else None)


def test_time_is_that_of_the_looks_and_of_the_epochs(home: Path) -> None:
    """More blocks, images, epochs and pixels take longer; mirror images take all of it twice."""
    weights.prepared(Backbone()).mkdir(parents=True)
    offers.keep_speed(Backbone(), 0.002, "int8")
    looks = 1000 * 0.002 * (112 / 224) ** 2
    plain = choices(Backbone(), TransferSpec(epochs=2), 1000, 112, SPEED)
    assert plain[0].seconds == pytest.approx(looks)
    times = [one.seconds or 0 for one in plain]
    assert times == sorted(times)
    tuned = times[5] - looks
    longer = choices(Backbone(), TransferSpec(epochs=4), 1000, 112, SPEED)
    assert longer[5].seconds == pytest.approx(looks + 2 * tuned)
    mirrored = choices(Backbone(), TransferSpec(epochs=2, flips=True), 1000, 112, SPEED)
    assert mirrored[5].seconds == pytest.approx(2 * times[5])
    every = TransferSpec(epochs=2, flips=True, zooms=True)
    assert choices(Backbone(), every, 1000, 112, SPEED)[5].seconds == pytest.approx(4 * times[5])
