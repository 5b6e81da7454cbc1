"""A training at one moment, in a file from which it can go on. Free of TensorFlow."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError, storing


@dataclass(frozen=True)
class Checkpoint:
    """All that a training depends on but its spec and its images.

    Attributes:
        arrays: weights, optimizer's state, number of the step, in the order of core.train.loop.
        progress: fields of core.train.watcher.Progress.
        plan: fields of core.train.plan.Plan.
        plateau: state of the schedule, see core.train.schedule.
        batch_size: of the steps that are counted.
        data: digest of the images and classes; with others, its figures would be wrong.
        line: of metrics.jsonl, which is written right after the checkpoint.
    """

    arrays: list[NDArray[Any]]
    progress: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    plateau: list[float] = field(default_factory=list)
    batch_size: int = 1
    data: str = ""
    line: dict[str, Any] | None = None

    @property
    def bytes(self) -> int:
        """Size of its file, about."""
        return sum(array.nbytes + 256 for array in self.arrays) + 4096

    def save(self, path: Path) -> None:
        """Replace the file, atomically and through to the disk; raises StorageError."""
        told = {
            "progress": self.progress,
            "plan": self.plan,
            "plateau": self.plateau,
            "batch_size": self.batch_size,
            "data": self.data,
            "line": self.line,
        }
        note = np.frombuffer(json.dumps(told).encode(), np.uint8)
        named: dict[str, Any] = {
            f"array{number}": array for number, array in enumerate(self.arrays)
        }
        with (
            storing(path, "save the state of the training"),
            files.replacing(path) as part,
            part.open("wb") as file,
        ):
            np.savez(file, note=note, **named)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read a file that `save` wrote; raises RunError where there is none, or a damaged one."""
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                told = json.loads(file["note"].tobytes())
                arrays = [file[f"array{number}"] for number in range(len(file.files) - 1)]
            return cls(arrays, **told)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise RunError(
                "The training cannot go on from where it was",
                expected=f"a whole file {path.name} in {path.parent}",
                received="no such file" if not path.exists() else str(error)[:300],
                remedy="Train again with the same settings",
            ) from error

    def require(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """Raise RunError unless its arrays have these shapes."""
        if [array.shape for array in self.arrays] != list(shapes):
            raise RunError(
                "The training cannot go on from where it was",
                expected=f"{len(shapes)} arrays of this design and optimizer",
                received=f"{len(self.arrays)} arrays of another one",
                remedy="Train again with the same settings",
            )
