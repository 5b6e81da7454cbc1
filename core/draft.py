"""What a person is putting together: the chosen images, design and training, kept between visits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from core import files, workspace
from core.design.history import History
from core.design.presets import PRESETS
from core.errors import SpecError, storing
from core.specs import DataSpec, ModelSpec, RunSpec, Spec, TrainSpec

_NAMES = {item.name: item.model for item in PRESETS}


class Draft(Spec):
    """The next run, not yet ordered."""

    data: DataSpec = DataSpec()
    model: ModelSpec = PRESETS[0].model
    train: TrainSpec = TrainSpec()
    folders: tuple[str, ...] = ()  # opened by their path, the latest first

    def order(self) -> RunSpec:
        """The run it describes."""
        return RunSpec(model=self.model, data=self.data, train=self.train)


def load() -> Draft:
    """The draft of this workspace; a fresh one where there is none or it cannot be read."""
    try:
        return Draft.parse(json.loads(_path().read_bytes()))
    except (OSError, ValueError, TypeError, SpecError):
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
        if changed.model != draft.model:
            _save_history(history().record(draft.model))
        _save(changed)
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
        _save_history(history().record(draft.model))
        _save(changed)
    return changed


def undo() -> Draft:
    """Take the last edit of the design back."""
    return _step(lambda past, model: past.undo(model))


def redo() -> Draft:
    """Make the edit again that was taken back last."""
    return _step(lambda past, model: past.redo(model))


def history() -> History:
    """The design's earlier and later steps; none where they cannot be read."""
    try:
        return History.from_dict(json.loads(_history_path().read_bytes()))
    except (OSError, ValueError):
        return History()


def _step(take: Callable[[History, ModelSpec], tuple[History, ModelSpec]]) -> Draft:
    with _locked():
        draft = load()
        rest, model = take(history(), draft.model)
        changed = draft.model_copy(update={"model": model})
        _save_history(rest)
        _save(changed)
    return changed


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
    files.write_json(_history_path(), steps.to_dict())


def _path() -> Path:
    return workspace.runs_folder() / ".draft.json"


def _history_path() -> Path:
    return workspace.runs_folder() / ".history.json"
