"""What a person is putting together: the chosen images, design and training, kept between visits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from filelock import FileLock

from core import files, workspace
from core.design.presets import PRESETS
from core.errors import SpecError, storing
from core.specs import DataSpec, ModelSpec, RunSpec, Spec, TrainSpec


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

    Read and written under a lock, so that two tabs changing different settings lose neither.
    Raises SpecError, and StorageError when the draft cannot be written.
    """
    path = _path()
    with storing(path, "save the draft"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            draft = load()
            values = {
                name: getattr(draft, name).changed(**part) if isinstance(part, dict) else part
                for name, part in parts.items()
            }
            changed = draft.changed(**values)
            files.write_json(path, changed.model_dump(mode="json"))
    return changed


def _path() -> Path:
    return workspace.runs_folder() / ".draft.json"
