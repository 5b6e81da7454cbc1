"""What a run's answers mean: its classes, and how its images were made, from labels.json."""

from __future__ import annotations

import json
from dataclasses import dataclass

from core.errors import ModelError
from core.runs.run import Run
from core.specs.data import Fit


@dataclass(frozen=True)
class Labels:
    """The classes in the order of the model's outputs, and what decoding a photo takes."""

    classes: tuple[str, ...]
    size: int  # height and width in pixels
    channels: int
    fit: Fit

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.size, self.size, self.channels


def read(run: Run) -> Labels:
    """The labels of a run; raises ModelError where they are missing or damaged."""
    try:
        found = json.loads((run.folder / "labels.json").read_bytes())
        return Labels(
            classes=tuple(map(str, found["classes"])),
            size=int(found["size"]),
            channels=int(found["channels"]),
            fit=found["fit"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The run {run.id} does not say what its classes are",
            expected=f"a whole labels.json in {run.folder}",
            received=str(error)[:300],
            remedy="Train the run again, or put the file back",
        ) from error


def classes(run: Run) -> tuple[str, ...]:
    """Names of the classes; empty where the run has none yet."""
    try:
        return read(run).classes
    except ModelError:
        return ()
