"""Keeps a training's checkpoint: often, but never for more than a twentieth of its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core import words
from core.errors import StorageError
from core.runs import checkpoints
from core.train.checkpoint import Checkpoint
from core.train.reporter import Reporter

_SHARE = 20.0  # so many times as long as a checkpoint takes, there is none
_WITHIN = 30.0  # seconds of an epoch after which there is one before its end


class Keeper:
    """Writes checkpoint.npz of a run.

    A training goes on without one where the disk or the budget for checkpoints is full; the log
    says so.

    Args:
        take: gives the state of the training.
    """

    def __init__(self, reporter: Reporter, take: Callable[[], Checkpoint]) -> None:
        self._reporter, self._take = reporter, take
        self._path = reporter.run.folder / checkpoints.NAME
        self._saved, self._took = time.monotonic(), 0.0
        self._told = False

    def within_epoch(self) -> None:
        """Keep the state if much would be lost without."""
        if time.monotonic() - self._saved >= max(_WITHIN, _SHARE * self._took):
            self._save(None)

    def after_epoch(self, line: dict[str, Any], *, last: bool) -> None:
        """Keep the state with the line that will be written; surely if nothing comes after it."""
        if last or time.monotonic() - self._saved >= _SHARE * self._took:
            self._save(line)

    def _save(self, line: dict[str, Any] | None) -> None:
        begun = time.monotonic()
        checkpoint = replace(self._take(), line=line)
        run = self._reporter.run
        self._reporter.require_folder()
        if not checkpoints.make_room(run, checkpoint.bytes):
            self._tell(
                f"no checkpoint: it needs {words.size(checkpoint.bytes)}, and all checkpoints "
                f"together may have {words.size(checkpoints.budget())}"
            )
            self._path.unlink(missing_ok=True)  # an old one would lead back too far
        else:
            try:
                checkpoint.save(self._path)
            except StorageError as error:
                self._reporter.require_folder()
                self._tell(f"no checkpoint: {error}")
        self._saved = time.monotonic()
        self._took = self._saved - begun

    def _tell(self, line: str) -> None:
        if not self._told:
            self._reporter.log(line)
        self._told = True
