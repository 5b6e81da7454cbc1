"""core.train.schedule: the learning rate of every step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.specs import TrainSpec
from core.train.schedule import Schedule

KINDS = ("constant", "step", "cosine", "one-cycle", "plateau")


def rates(steps: int, epochs: int, **settings: Any) -> Any:
    """All rates of a training whose highest is 1."""
    spec = TrainSpec(**{"learning_rate": 1.0, "epochs": epochs, **settings})
    return Schedule(spec, steps, (epochs,)).rates(0, steps * epochs)


def test_constant() -> None:
    """Always the same."""
    assert rates(3, 2).tolist() == [1.0] * 6


def test_step() -> None:
    """Lower every so many epochs."""
    found = rates(2, 6, schedule="step", decay_epochs=2, decay_factor=0.5)
    assert found.tolist() == [1.0] * 4 + [0.5] * 4 + [0.25] * 4


def test_cosine() -> None:
    """Half a cosine, from the rate to almost nothing, half of it in the middle."""
    found = rates(50, 2, schedule="cosine")
    assert found[0] == 1.0
    assert found[50] == pytest.approx(0.5)
    assert found[25] == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert 0 < found[-1] < 0.001


def test_one_cycle() -> None:
    """Up by a line for 30% of the steps, then down by a line to almost nothing."""
    found = rates(50, 2, schedule="one-cycle")
    assert found.argmax() in (29, 30)
    assert found.max() == 1.0
    assert np.allclose(np.diff(found[:30]), found[1] - found[0], atol=1e-6)
    assert np.allclose(np.diff(found[30:]), found[-1] - found[-2], atol=1e-6)
    assert 0.04 < found[0] < 0.08
    assert 0 < found[-1] < 0.02


def test_warm_up() -> None:
    """A rise from nothing over the first epochs, before any schedule; of one-cycle it is the rise."""
    for kind in ("constant", "cosine", "plateau"):
        found = rates(4, 3, schedule=kind, warmup=1.0)
        assert found[:4].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert rates(4, 4, schedule="one-cycle", warmup=2.0).argmax() in (7, 8)
    assert rates(4, 1, warmup=9.0).tolist() == [0.25, 0.5, 0.75, 1.0]


def test_plateau() -> None:
    """Lower after so many epochs without a better validation loss, again and again."""
    spec = TrainSpec(learning_rate=1.0, schedule="plateau", decay_epochs=2, decay_factor=0.5)
    schedule = Schedule(spec, 1, (20,))
    found = []
    losses = (3.0, 2.0, 2.0, 2.1, 1.0, 1.0, 1.0, 1.0, 1.0, math.nan, math.nan)
    for epochs, loss in enumerate(losses, start=1):
        schedule.after_epoch(loss, epochs)
        found.append(float(schedule.rates(5, 1)[0]))
    assert found == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625]


def test_a_plateau_waits_for_the_warm_up() -> None:
    """While the rate still rises nothing is lowered, however bad the losses are."""
    spec = TrainSpec(
        learning_rate=1.0, schedule="plateau", decay_epochs=1, decay_factor=0.5, warmup=3.0
    )
    schedule = Schedule(spec, 2, (9,))
    found = []
    for epochs in range(1, 6):
        schedule.after_epoch(5.0, epochs)
        found.append(float(schedule.rates(2 * epochs, 1)[0]))
    assert found == pytest.approx([0.5, 5 / 6, 0.5, 0.25, 0.125])


def test_a_plateau_goes_on_where_it_was() -> None:
    """Its state, through JSON's floats, is all that it depends on."""
    spec = TrainSpec(schedule="plateau", decay_epochs=2)
    losses = [3.0, 3.0, 2.0, 2.5, 2.5, 2.5, 1.0]
    whole = Schedule(spec, 1, (9,))
    for cut in range(len(losses)):
        first, second = Schedule(spec, 1, (9,)), Schedule(spec, 1, (9,))
        for epochs, loss in enumerate(losses[:cut], start=1):
            first.after_epoch(loss, epochs)
        second.state = [float(value) for value in first.state]
        for epochs, loss in enumerate(losses[cut:], start=cut + 1):
            second.after_epoch(loss, epochs)
        if cut == 0:
            for epochs, loss in enumerate(losses, start=1):
                whole.after_epoch(loss, epochs)
        assert second.state == whole.state


def test_added_epochs_are_a_cycle_of_their_own() -> None:
    """After the first cycle's fall the rate rises again; what was trained stays as it was."""
    spec = TrainSpec(learning_rate=1.0, epochs=2, schedule="one-cycle")
    before = Schedule(spec, 10, (2,)).rates(0, 20)
    after = Schedule(spec, 10, (2, 6)).rates(0, 60)
    assert after[:20].tolist() == before.tolist()
    assert after[20:].max() == 1.0
    assert after[20] < 0.2
    assert after[-1] < 0.05


@given(
    kind=some.sampled_from(KINDS),
    steps=some.integers(1, 40),
    ends=some.lists(some.integers(1, 20), min_size=1, max_size=3, unique=True),
    warmup=some.floats(0, 30),
    cut=some.integers(0, 800),
)
def test_rates_are_never_wild(
    kind: Any, steps: int, ends: list[int], warmup: float, cut: int
) -> None:
    """They are above zero, never above the highest, and do not depend on how many are asked for."""
    ends = sorted(ends)
    spec = TrainSpec(learning_rate=0.5, schedule=kind, warmup=warmup)
    schedule = Schedule(spec, steps, ends)
    total = steps * ends[-1]
    found = schedule.rates(0, total)
    assert found.dtype == np.float32
    assert (found > 0).all()
    assert (found <= 0.5).all()
    cut = min(cut, total)
    parts = [schedule.rates(0, cut), schedule.rates(cut, total - cut)]
    assert np.concatenate(parts).tolist() == found.tolist()
