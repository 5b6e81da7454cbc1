"""core.runs.checkpoints: their share of the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SpecError
from core.runs import checkpoints
from core.runs.run import Run, create
from core.runs.status import State
from tests.conftest import small_spec


def run(state: State, *, size: int, ended: float | None = None) -> Run:
    """A run in a state, with a checkpoint of so many bytes."""
    made = create(small_spec("sketches"))
    made.write_status(made.saved_status.model_copy(update={"state": state, "ended": ended}))
    (made.folder / checkpoints.NAME).write_bytes(bytes(size))
    return made


def sizes(*runs: Run) -> list[int]:
    """What their checkpoints take."""
    return [checkpoints.size(item) for item in runs]


def test_those_that_ended_first_go_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only as many as must, and never one of a run that waits or trains."""
    monkeypatch.setenv("LAYERWISE_CHECKPOINTS", "0.000001")  # 1,000 bytes
    waits = run(State.QUEUED, size=200)
    late, early, middle = (run(State.DONE, size=200, ended=at) for at in (30.0, 10.0, 20.0))
    mine = run(State.QUEUED, size=500)
    assert checkpoints.make_room(mine, 400)  # in place of its own
    assert sizes(waits, late, early, middle, mine) == [200, 200, 0, 200, 500]
    assert checkpoints.make_room(mine, 800)
    assert sizes(waits, late, early, middle) == [200, 0, 0, 0]
    assert not checkpoints.make_room(mine, 801)
    assert sizes(waits) == [200]


def test_one_that_can_never_fit_costs_no_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than the budget is refused before anything goes."""
    monkeypatch.setenv("LAYERWISE_CHECKPOINTS", "0.000001")
    other, mine = run(State.DONE, size=900, ended=1.0), run(State.QUEUED, size=0)
    assert not checkpoints.make_room(mine, 1001)
    assert sizes(other) == [900]


def test_the_budget_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """In gigabytes; 4 by default."""
    monkeypatch.delenv("LAYERWISE_CHECKPOINTS", raising=False)
    assert checkpoints.budget() == 4_000_000_000
    monkeypatch.setenv("LAYERWISE_CHECKPOINTS", "0")
    assert checkpoints.budget() == 0
    for text in ("-1", "much", "nan", "inf"):
        monkeypatch.setenv("LAYERWISE_CHECKPOINTS", text)
        with pytest.raises(SpecError, match="LAYERWISE_CHECKPOINTS"):
            checkpoints.budget()
