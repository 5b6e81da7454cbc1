"""What a person is putting together: the chosen images, design and training, kept between visits."""

from __future__ import annotations

import json
from pathlib import Path

from core import files, workspace
from core.design.presets import PRESETS
from core.errors import SpecError, storing
from core.specs import DataSpec, ModelSpec, RunSpec, Spec, TrainSpec


class Draft(Spec):
    """The next run, not yet ordered."""

    data: DataSpec = DataSpec()
    model: ModelSpec = PRESETS[0].model
    train: TrainSpec = TrainSpec()

    def order(self) -> RunSpec:
        """The run it describes."""
        return RunSpec(model=self.model, data=self.data, train=self.train)


def load() -> Draft:
    """The draft of this workspace; a fresh one where there is none or it cannot be read."""
    try:
        return Draft.parse(json.loads(_path().read_bytes()))
    except (OSError, ValueError, TypeError, SpecError):
        return Draft()


def save(draft: Draft) -> None:
    """Keep the draft for the next visit; raises StorageError."""
    with storing(_path(), "save the draft"):
        _path().parent.mkdir(parents=True, exist_ok=True)
    files.write_json(_path(), draft.model_dump(mode="json"))


def _path() -> Path:
    return workspace.runs_folder() / ".draft.json"
