"""What a person is putting together: the chosen images, design and training, kept between visits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from core import files, workspace
from core.design.history import History, Step
from core.design.presets import PRESETS
from core.errors import SpecError, storing
from core.specs import (
    AugmentSpec,
    DataSpec,
    ModelSpec,
    RunSpec,
    Spec,
    TrainSpec,
    TransferSpec,
    TuneSpec,
)

_NAMES = {item.name: item.model for item in PRESETS}


class Draft(Spec):
    """The next run, not yet ordered."""

    data: DataSpec = DataSpec()
    model: ModelSpec = PRESETS[0].model
    train: TrainSpec = TrainSpec()
    augment: AugmentSpec = AugmentSpec()
    tune: TuneSpec = TuneSpec()
    transfer: TransferSpec = TransferSpec()
    folders: tuple[str, ...] = ()  # opened by their path, the latest first

    def order(self) -> RunSpec:
        """The run it describes."""
        return RunSpec(model=self.model, data=self.data, train=self.train, augment=self.augment)


def load() -> Draft:
    """The draft of this workspace; a fresh one where there is none or it cannot be read."""
    try:
        content = json.loads(_path().read_bytes())
        content.get("transfer", {}).pop("network", None)  # of when there was one network only
        return Draft.parse(content)
    except (OSError, ValueError, TypeError, AttributeError, SpecError):
        return Draft()


def change(**parts: Any) -> Draft:
    """Replace parts of the saved draft, or some settings of a part given as a dict.

    Read and written under a lock, so that two tabs changing different settings lose neither. What
    the design was before can be had back with `undo`.
    Raises SpecError, and StorageError when the draft cannot be written.
    """
    with _locked():
        draft = load()
        values = {
            name: getattr(draft, name).changed(**part) if isinstance(part, dict) else part
            for name, part in parts.items()
        }
        changed = draft.changed(**values)
        _save(changed)
        if changed.model != draft.model:
            train = draft.train if changed.train != draft.train else None
            augment = draft.augment if changed.augment != draft.augment else None
            _save_history(history().record(Step(draft.model, train, augment)))
    return changed


def edit(change: Callable[[ModelSpec], ModelSpec]) -> Draft:
    """Change the design as it is now, by whatever tab. A preset that is changed gets a new name."""
    with _locked():
        draft = load()
        model = change(draft.model)
        if model == draft.model:
            return draft
        if model.name in _NAMES and model != _NAMES[model.name]:
            model = model.changed(name=f"my-{model.name}")
        changed = draft.model_copy(update={"model": model})
        _save(changed)
        _save_history(history().record(Step(draft.model)))
    return changed


def undo(seen: Callable[[ModelSpec], bool] = lambda _: True) -> Draft:
    """Take the last edit of the design back, if it is the one that was `seen`."""
    return _go(lambda steps, now: steps.undo(now), seen)


def redo(seen: Callable[[ModelSpec], bool] = lambda _: True) -> Draft:
    """Make the edit again that was taken back last, if the design is the one that was `seen`."""
    return _go(lambda steps, now: steps.redo(now), seen)


def history() -> History:
    """The design's earlier and later steps; none where they cannot be read."""
    try:
        return History.from_dict(json.loads(_history_path().read_bytes()))
    except (OSError, ValueError):
        return History()


def _go(
    take: Callable[[History, Step], tuple[History, Step | None]], seen: Callable[[ModelSpec], bool]
) -> Draft:
    with _locked():
        draft = load()
        if not seen(draft.model):
            return draft
        rest, step = take(history(), Step(draft.model, draft.train, draft.augment))
        if step is not None:
            update = {name: part for name, part in step._asdict().items() if part is not None}
            draft = draft.model_copy(update=update)
            _save(draft)
        _save_history(rest)
    return draft


@contextmanager
def _locked() -> Iterator[None]:
    path = _path()
    with storing(path, "save the draft"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            yield


def _save(draft: Draft) -> None:
    files.write_json(_path(), draft.model_dump(mode="json"))


def _save_history(steps: History) -> None:
    # after the draft: where the disk is full, an edit is refused whole, and no step is lost
    files.write_bytes(_history_path(), json.dumps(steps.to_dict()).encode())


def _path() -> Path:
    return workspace.runs_folder() / ".draft.json"


def _history_path() -> Path:
    return workspace.runs_folder() / ".history.json"
