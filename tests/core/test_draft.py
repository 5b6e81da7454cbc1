"""Tests of the draft: what a person is putting together, kept between visits."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import draft
from core.design.presets import preset
from core.draft import Draft
from core.errors import StorageError
from core.runs.run import all_runs
from core.specs import DataSpec, TrainSpec


def test_fresh_workspace(home: Path) -> None:
    """A fresh workspace proposes the starter design on the sketches."""
    found = draft.load()
    assert found == Draft()
    assert (found.model.name, found.data.source) == ("starter", "sketches")


def test_kept(home: Path) -> None:
    """What is saved is there on the next visit, also for a workspace used for the first time."""
    mine = Draft(
        data=DataSpec(source="mnist", size=28),
        model=preset("lenet-5").model,
        train=TrainSpec(epochs=3, optimizer="sgd"),
    )
    draft.save(mine)
    assert draft.load() == mine


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff", b'{"unknown": 1}', b'{"train": {"epochs": 0}}']
)
def test_unreadable_draft(home: Path, content: bytes) -> None:
    """A draft that cannot be read, or is of another version, gives way to a fresh one."""
    draft.save(Draft())
    (home / "saved_models" / ".draft.json").write_bytes(content)
    assert draft.load() == Draft()


def test_order() -> None:
    """The order of a draft is a run of just its parts."""
    mine = Draft(train=TrainSpec(epochs=2))
    order = mine.order()
    assert (order.data, order.model, order.train) == (mine.data, mine.model, mine.train)
    assert order.tags == {}


def test_draft_is_no_run(home: Path) -> None:
    """The draft's file lies among the runs and is not taken for one."""
    draft.save(Draft())
    assert all_runs() == []


def test_workspace_that_cannot_be_written(home: Path) -> None:
    """Where nothing can be saved, a StorageError says so."""
    (home / "saved_models").write_text("a file in the way")
    with pytest.raises(StorageError, match="save the draft"):
        draft.save(Draft())
    assert draft.load() == Draft()
