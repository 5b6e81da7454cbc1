"""Tests of the draft: what a person is putting together, kept between visits."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import draft, files
from core.design import edits
from core.design.presets import preset
from core.draft import Draft
from core.errors import SpecError, StorageError
from core.runs.run import all_runs
from core.specs import AugmentSpec, DataSpec, Dropout, TrainSpec, TransferSpec


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
    assert draft.change(data=mine.data, model=mine.model, train=mine.train) == mine
    assert draft.load() == mine


def test_one_setting_changes_alone(home: Path) -> None:
    """A part given as a dict changes only those settings and leaves the others as saved."""
    draft.change(train={"epochs": 3})
    draft.change(train={"optimizer": "sgd"}, data={"size": 32})
    found = draft.load()
    assert (found.train.epochs, found.train.optimizer, found.data.size) == (3, "sgd", 32)


def test_changes_at_once_lose_none(home: Path) -> None:
    """Eight threads that change different settings at the same moment all find theirs saved."""
    wanted = {
        "epochs": 3,
        "batch_size": 16,
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "validation_share": 0.3,
        "patience": 2,
        "seed": 9,
    }
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: draft.change(train=dict([item])), wanted.items()))
    assert draft.load().train == TrainSpec(**wanted)


def test_invalid_change_is_refused(home: Path) -> None:
    """A value out of bounds raises SpecError and leaves the draft as it was."""
    draft.change(train={"epochs": 3})
    with pytest.raises(SpecError, match="epochs"):
        draft.change(train={"epochs": 0})
    assert draft.load().train.epochs == 3


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff", b'{"unknown": 1}', b'{"train": {"epochs": 0}}']
)
def test_unreadable_draft(home: Path, content: bytes) -> None:
    """A draft that cannot be read, or is of another version, gives way to a fresh one."""
    draft.change()
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
    draft.change()
    assert all_runs() == []


def test_workspace_that_cannot_be_written(home: Path) -> None:
    """Where nothing can be saved, a StorageError says so."""
    (home / "saved_models").write_text("a file in the way")
    with pytest.raises(StorageError, match="save the draft"):
        draft.change()
    assert draft.load() == Draft()


def test_edit_undo_redo(home: Path) -> None:
    """An edit of the design is saved, can be taken back and made again, over restarts."""
    draft.edit(lambda model: edits.add(model, 1, Dropout(rate=0.1)))
    assert draft.load().model.layers[1] == Dropout(rate=0.1)
    assert len(draft.history().past) == 1
    assert draft.undo().model == preset("starter").model
    assert draft.load().model == preset("starter").model
    assert draft.redo().model.layers[1] == Dropout(rate=0.1)
    assert draft.redo() == draft.load()


def test_a_changed_preset_gets_a_name_of_its_own(home: Path) -> None:
    """A changed starter is no longer called starter; undone, it is again."""
    assert draft.edit(lambda model: edits.remove(model, 1)).model.name == "my-starter"
    assert draft.edit(lambda model: edits.remove(model, 1)).model.name == "my-starter"
    draft.undo()
    assert draft.undo().model.name == "starter"


def test_another_design_can_be_taken_back(home: Path) -> None:
    """Choosing a preset is a step that undo takes back, with nothing lost."""
    mine = draft.edit(lambda model: edits.remove(model, 1)).model
    draft.change(model=preset("lenet-5").model)
    assert draft.undo().model == mine


def test_an_edit_that_changes_nothing_is_no_step(home: Path) -> None:
    """Moving the Input leaves draft and history alone."""
    draft.edit(lambda model: edits.move(model, 0, 3))
    draft.change(train={"epochs": 3})
    assert draft.history().past == ()


def test_a_damaged_history_is_none(home: Path) -> None:
    """Without a readable history there is nothing to undo, and no error."""
    draft.edit(lambda model: edits.remove(model, 1))
    (home / "saved_models" / ".history.json").write_text("{")
    now = draft.load().model
    assert draft.undo().model == now


def test_training_settings_come_back_with_undo(home: Path) -> None:
    """Undoing the choice of a preset brings back one's own optimizer; redo the preset's."""
    draft.change(train={"optimizer": "sgd", "learning_rate": 0.03})
    draft.change(
        model=preset("keras-cifar10").model, train={"optimizer": "rmsprop", "learning_rate": 1e-4}
    )
    assert draft.undo().train.optimizer == "sgd"
    assert draft.redo().train.optimizer == "rmsprop"
    assert draft.redo().model.name == "keras-cifar10"


def test_augmentation_comes_back_with_undo(home: Path) -> None:
    """A preset that brings augmentation along takes it away again."""
    draft.change(augment={"rotation": 5.0}, train={"epochs": 7})
    item = preset("fast")
    draft.change(model=item.model, augment=AugmentSpec().changed(**item.augment))
    undone = draft.undo()
    assert undone.augment == AugmentSpec(rotation=5.0)
    assert undone.train.epochs == 7
    draft.change(train={"epochs": 8})  # what the step did not change stays as it is by then
    redone = draft.redo()
    assert (redone.model, redone.augment.flip, redone.train.epochs) == (item.model, "horizontal", 8)


def test_undo_only_what_was_seen(home: Path) -> None:
    """Undo of a design that is no longer the one on the screen does nothing."""
    mine = draft.edit(lambda model: edits.remove(model, 1)).model
    assert draft.undo(lambda model: model != mine).model == mine
    assert draft.undo(lambda model: model == mine).model == preset("starter").model


@pytest.mark.parametrize("action", ["edit", "change", "undo", "redo"])
def test_a_full_disk_loses_no_step(
    home: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """Where the draft cannot be written, neither design nor history has changed afterwards."""
    draft.edit(lambda model: edits.remove(model, 1))
    draft.edit(lambda model: edits.remove(model, 1))
    draft.undo()
    before, steps = draft.load(), draft.history()
    write = files.write_bytes

    def full(path: Path, content: bytes) -> None:
        if path.name == ".draft.json":
            raise StorageError("The disk is full")
        write(path, content)

    monkeypatch.setattr(files, "write_bytes", full)
    actions = {
        "edit": lambda: draft.edit(lambda model: edits.remove(model, 2)),
        "change": lambda: draft.change(model=preset("lenet-5").model),
        "undo": draft.undo,
        "redo": draft.redo,
    }
    with pytest.raises(StorageError):
        actions[action]()
    monkeypatch.setattr(files, "write_bytes", write)
    assert draft.load() == before
    assert draft.history() == steps


def test_a_draft_of_before_there_were_other_networks(home: Path) -> None:
    """Is read as it was meant: nothing else of it is lost."""
    draft.change(train={"epochs": 7}, transfer={"units": 64})
    path = home / "saved_models" / ".draft.json"
    content = json.loads(path.read_bytes())
    content["transfer"].pop("backbone")
    content["transfer"].pop("weights")
    content["transfer"]["network"] = "efficientnet_lite0"
    path.write_text(json.dumps(content))
    assert draft.load().train.epochs == 7
    assert draft.load().transfer == TransferSpec(units=64)
