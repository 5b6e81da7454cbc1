"""The worker's voice: status.json with a heartbeat and what it takes of the machine, and the log."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.errors import AppError, RunError, storing
from core.runs.memory import smaller
from core.runs.run import Run, process_identity
from core.runs.status import RunStatus, State
from core.train.usage import Usage

BEAT = 1.0  # seconds between two writes of status.json
_RESERVE = 64 * 1024  # bytes kept back so that even on a full disk the end can be reported


class Reporter:
    """Holds the run's status and writes it every second from a thread of its own.

    Used as a context manager: on entry the worker takes the run over, on exit the beat stops.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._status = run.saved_status
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._end = threading.Event()
        self._usage = Usage()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.gone = False  # whether the run's folder has been missed, even if it is there again

    def __enter__(self) -> Self:
        now = time.time()
        self.update(
            state=State.RUNNING,
            started=self._status.started or now,
            ended=None,
            error=None,
            **process_identity(os.getpid()),
        )
        self.flush()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()

    def reserve(self) -> None:
        """Keep back space on the disk for the end's report; raises StorageError."""
        with storing(self.run.folder, "start the training"):
            self._reserve.write_bytes(bytes(_RESERVE))

    def require_folder(self) -> None:
        """Raise RunError once the run's folder has been missed."""
        if self.gone:
            raise RunError(
                "The run folder was deleted while it trained",
                expected=f"the folder {self.run.folder}",
                received="no such folder",
                remedy="Train again",
            )

    @property
    def status(self) -> RunStatus:
        """The status as it will be written at the next beat."""
        return self._status

    def update(self, **values: Any) -> None:
        """Change fields of the status; they reach the file with the next beat."""
        with self._lock:
            self._status = self._status.model_copy(update=values)

    def phase(self, words: str) -> None:
        """Say what the worker does now, in the status at once and in the log."""
        self.require_folder()
        self.update(phase=words)
        self.log(words)
        self.flush()

    def note(self, words: str) -> None:
        """Keep a sentence that a person should know of this run, once."""
        if words not in self._status.notes:
            self.update(notes=(*self._status.notes, words))

    def unnote(self, beginning: str) -> None:
        """Take sentences back that begin so and are true no more."""
        kept = tuple(note for note in self._status.notes if not note.startswith(beginning))
        if kept != self._status.notes:
            self.update(notes=kept)

    def log(self, line: str) -> None:
        """A line in worker.log, with the time."""
        with contextlib.suppress(OSError):  # a full disk must not keep the status from being told
            print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)

    def finish(self, state: State, error: AppError | None = None) -> None:
        """Write the final status; nothing is written after it."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        now = time.time()
        details = error.to_dict() if error else self._status.error
        self.update(state=state, phase="", ended=now, heartbeat=now, eta=None, error=details)
        with contextlib.suppress(OSError):
            self._reserve.unlink()
        self.flush()
        if error is not None:
            self.log(str(error))

    def retry(self, batch_size: int) -> None:
        """Put the run back into the queue, to be trained in batches of this size."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(OSError):
            self._reserve.unlink()
        self.update(**smaller(self._status, batch_size))
        self.flush()

    def _beat(self) -> None:
        while not self._end.wait(BEAT):
            self.update(**self._usage.look())
            self.flush()

    def flush(self) -> None:
        """Write the status now, rather than with the next beat."""
        if self.gone:  # a new run may have taken the place and the name
            return
        with self._writing:  # else the beat could put an older status over a newer one
            self.update(heartbeat=time.time())
            try:
                self.run.write_status(self._status)
            except AppError as error:  # one missed beat does no harm; saving reports a full disk
                self.gone = not self.run.folder.exists()
                self.log(str(error))

    @property
    def _reserve(self) -> Path:
        return self.run.folder / ".reserve"
