"""core.tune.sweep: the same network at several learning rates, and the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SpecError
from core.runs import queue
from core.runs.run import all_runs
from core.runs.status import State
from core.specs import RunSpec
from core.tune import group, sweep
from tests.conftest import small_spec
from tests.core.conftest import hold_slot
from tests.core.tune.conftest import Trained


def at(rate: float) -> RunSpec:
    """A run of the sweep."""
    spec = small_spec("sketches", group="s", kind="sweep")
    return spec.changed(train=spec.train.changed(learning_rate=rate))


def test_only_the_learning_rate_differs(queue_home: Path, examples: Path) -> None:
    """Each rate is tried once, the smallest first, with the same seed and all other settings."""
    lock = hold_slot(queue_home)
    spec = small_spec(str(examples))
    made = sweep.order(spec, [1.0, 1e-6, 0.01, 1.0])
    assert [member.tags["rate"] for member in made.members] == ["0.000001", "0.01", "1"]
    for member, rate in zip(made.members, (1e-6, 0.01, 1.0), strict=True):
        assert member.spec.train == spec.train.changed(learning_rate=rate)
        assert member.spec.model == spec.model
        queue.cancel(member.run)
    with pytest.raises(SpecError, match="learning_rate"):
        sweep.order(spec, [0.1, 11.0])
    assert len(all_runs()) == 3
    lock.release()


def test_the_verdict_in_words(home: Path, trained_as: Trained) -> None:
    """Too small, good, too large and exploding rates are told apart."""
    trained_as(at(1.0), 0.34, losses=[4000.0, 1.1])
    trained_as(at(0.001), 0.7, losses=[1.0, 0.6])
    trained_as(at(1e-6), 0.35, losses=[1.1, 1.09])
    trained_as(at(0.01), 0.9, losses=[0.8, 0.3])
    trained_as(at(0.1), 0.36, losses=[1.2, 1.1])
    trained_as(at(0.02), 0.89, losses=[0.8, 0.3])
    assert sweep.verdict(group.find("s"), 3) == (
        "At 0.000001 it hardly learns (35.0%); 0.001 learns more slowly (70.0%); 0.01 learns best "
        "(90.0%); 0.02 learns as well (89.0%), as far as chance can tell; at 0.1 it hardly learns "
        "(36.0%), the steps are too large; at 1 the loss explodes."
    )


def test_a_loss_that_is_no_number_explodes(home: Path, trained_as: Trained) -> None:
    """A run that failed since its loss was not finite is told so; another failure is not."""
    trained_as(at(0.01), 0.9, losses=[0.5])
    trained_as(at(1.0), None, state=State.FAILED, losses=[None])
    trained_as(at(2.0), None, state=State.FAILED)
    words = sweep.verdict(group.find("s"), 3)
    assert words == (
        "0.01 learns best (90.0%); at 1 the loss explodes; at 2 it could not be trained."
    )


def test_what_is_on_its_way_has_no_verdict(home: Path, trained_as: Trained) -> None:
    """Runs that wait or train are told as such, and nothing is concluded from them."""
    trained_as(at(0.01), None, state=State.QUEUED)
    assert sweep.verdict(group.find("s"), 3) == "0.01 is waiting."


def test_where_nothing_learns(home: Path, trained_as: Trained) -> None:
    """None is called best when all guess, and other rates are proposed."""
    trained_as(at(1e-6), 0.33, losses=[1.1])
    trained_as(at(1e-5), 0.34, losses=[1.1])
    words = sweep.verdict(group.find("s"), 3)
    assert "best" not in words
    assert words.endswith("None of them learns: try rates in between, or the range test.")
