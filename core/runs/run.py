"""One run folder: spec, status, metrics, model; and the ways to make, find and stop one.

saved_models/<run>/
    spec.json        the RunSpec, written once
    status.json      the RunStatus, replaced whole by the run's one writer
    metrics.jsonl    one line a measurement, appended
    health.jsonl     what was measured of the layers and the images, appended (core.health.record)
    views.jsonl      the answers after each epoch, appended (core.health.views)
    samples.json     the handful of images with the answers: their classes and names
    samples.png      their pixels, one below the other
    worker.log       what the worker printed
    labels.json      class names, image size and fit: what predicting needs to know
    learned.npy      which images it learns from, see core.transfer.learned
    model.keras      the best model so far; resizes and rescales photos of any size
    model.onnx       the same for onnxruntime, for images at the working size
    design.json      the design as it was built, where the spec left something open: a hidden layer or none
    checkpoint.npz   the training at its last checkpoint, from which it can be resumed
    cancel           present when someone asked the worker to stop
    now              present when someone told it not to wait for a slot
    told.json        which alerts the webhook was told, see core.runs.webhook
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
from pydantic import ValidationError

from core import files, workspace
from core.errors import NotFoundError, RunError, SpecError, storing
from core.runs import metrics
from core.runs.status import LOST_AFTER, Holder, RunStatus, State
from core.specs import RunSpec


@dataclass(frozen=True)
class Run:
    """A run by its folder. Everything else is read from the files when asked for."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name, unique in the workspace."""
        return self.folder.name

    @property
    def spec(self) -> RunSpec:
        """What was ordered; raises RunError when spec.json is gone or damaged."""
        path = self.folder / "spec.json"
        try:
            return _read_spec(path, _stamp(path))
        except (OSError, ValueError, TypeError, SpecError) as error:
            raise RunError(
                f"The run {self.id} has no readable description",
                expected=f"a whole spec.json in {self.folder}",
                received=str(error)[:300],
                remedy="Delete the run's folder, or put the file back",
            ) from error

    @property
    def saved_status(self) -> RunStatus:
        """status.json as it stands, whether the worker lives or not."""
        path = self.folder / "status.json"
        try:
            return _read_status(path, _stamp(path))
        except FileNotFoundError:
            problem = self._gone()
            return RunStatus(state=State.FAILED, error=problem.to_dict())
        except (OSError, ValueError, ValidationError) as error:
            problem = RunError(
                f"The status of the run {self.id} cannot be read",
                expected=f"a whole status.json in {self.folder}",
                received=str(error)[:300],
                remedy="Delete the run's folder; its other files are of no use without it",
            )
            return RunStatus(state=State.FAILED, error=problem.to_dict())

    def _gone(self) -> RunError:
        whole = self.folder.is_dir()
        return RunError(
            f"The run {self.id} has no status" if whole else f"The run {self.id} was deleted",
            expected=f"the file status.json in {self.folder}",
            received="no such file" if whole else "no such folder",
            remedy="Delete the folder; it is of no use without its status"
            if whole
            else "Train it again if you still need it",
        )

    @property
    def status(self) -> RunStatus:
        """The status a person should see: a running one whose worker is gone is lost."""
        status = self.saved_status
        if status.state is State.RUNNING and not worker_alive(status):
            status = self.saved_status  # it may have ended in the moment between the two looks
            if status.state is not State.RUNNING or worker_alive(status):
                return status
            return status.model_copy(
                update={"state": State.LOST, "ended": status.heartbeat, "eta": None}
            )
        return status

    def write_status(self, status: RunStatus) -> None:
        """Replace status.json. Only the run's one writer calls this; see core.runs.queue."""
        # pydantic writes infinity and not-a-number as null, which JSON knows
        content = status.model_dump_json(indent=2) + "\n"
        files.write_bytes(self.folder / "status.json", content.encode())

    def metrics(self, event: str | None = None) -> list[dict[str, Any]]:
        """Lines of metrics.jsonl that hold, all or of one event: "batch" or "epoch"."""
        lines = metrics.current(files.read_json_lines(self.folder / "metrics.jsonl"))
        return [line for line in lines if event is None or line.get("event") == event]

    @property
    def has_model(self) -> bool:
        """Whether there is a model to predict with."""
        return (self.folder / "model.keras").exists() or (self.folder / "model.onnx").exists()

    @property
    def cancelled(self) -> bool:
        """Whether someone asked it to stop."""
        return (self.folder / "cancel").exists()

    @property
    def hurried(self) -> bool:
        """Whether someone told it not to wait for its turn."""
        return (self.folder / "now").exists()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of worker.log, empty where there is none."""
        try:
            with (self.folder / "worker.log").open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - 20_000))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes with the file."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


@lru_cache(maxsize=4096)
def _read_spec(path: Path, stamp: tuple[int, ...]) -> RunSpec:  # noqa: ARG001
    """Parse spec.json once for each state of the file; pages look at hundreds of them."""
    return RunSpec.parse(json.loads(path.read_bytes()))


@lru_cache(maxsize=4096)
def _read_status(path: Path, stamp: tuple[int, ...]) -> RunStatus:  # noqa: ARG001
    """Parse status.json once for each state of the file; pages list hundreds of them every second."""
    return RunStatus.model_validate(json.loads(path.read_bytes()))


def create(spec: RunSpec) -> Run:
    """Make the folder of a new, queued run, named after its data and design and counted up."""
    parent = workspace.runs_folder()
    base = re.sub(r"[^\w-]+", "-", f"{Path(spec.data.source).name}-{spec.model.name}").lower()
    base = base.strip("-")[:60] or "run"
    with storing(parent, "create a run"):
        parent.mkdir(parents=True, exist_ok=True)
        taken = [path.name.removeprefix(f"{base}-") for path in parent.glob(f"{base}-*")]
        number = max((int(text) for text in taken if text.isdecimal()), default=0) + 1
        while True:
            run = Run(parent / f"{base}-{number}")
            try:
                run.folder.mkdir()
                break
            except FileExistsError:
                number += 1
    try:
        # spec.json last: a folder without it is no run yet, so readers never meet half of one
        run.write_status(RunStatus(created=time.time(), epochs=spec.train.epochs))
        files.write_json(run.folder / "spec.json", spec.model_dump(mode="json"))
    except BaseException:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise
    return run


def all_runs() -> list[Run]:
    """Every run of the workspace, the newest first."""
    parent = workspace.runs_folder()
    if not parent.is_dir():
        return []
    found = [Run(path.parent) for path in parent.glob("[!.]*/spec.json")]
    return sorted(found, key=lambda run: (run.saved_status.created, run.id), reverse=True)


def find(text: str) -> Run:
    """The run of that id; raises NotFoundError. A path is no id, wherever it leads."""
    if text and text == Path(text).name and text[0] != "." and (run := _at(text)) is not None:
        return run
    newest = ", ".join(run.id for run in all_runs()[:5]) or "none so far"
    raise NotFoundError(
        f"There is no run {text}",
        expected=f"a run of this workspace (the latest: {newest})",
        received=repr(text),
        remedy="It may have been deleted; choose one from the list of runs",
    )


def locate(text: str) -> Run:
    """The run of that id, or the run folder at that path; raises NotFoundError."""
    if os.sep in text and (run := _at(str(Path(text).expanduser().absolute()))) is not None:
        return run
    return find(text)


def _at(path: str) -> Run | None:
    """The run in that folder; a path that is not absolute starts from the runs' folder."""
    folder = workspace.runs_folder() / path
    try:
        return Run(folder.resolve()) if (folder / "spec.json").is_file() else None
    except (OSError, ValueError):  # too long for a name, or with a character that none may have
        return None


def delete(run: Run) -> None:
    """Delete a run that has ended, with everything in its folder; raises RunError, StorageError."""
    status = run.status
    if not status.state.final:
        raise RunError(
            f"The run {run.id} cannot be deleted yet",
            expected="a run that has ended",
            received=f"a run that is {status.state}",
            remedy="Stop it first",
        )
    with storing(run.folder, "delete the run"):
        # renamed first, so that no reader meets a half-deleted run
        gone = run.folder.rename(run.folder.with_name(f".deleted-{run.id}-{time.time_ns()}"))
        shutil.rmtree(gone)


def process_identity(pid: int) -> dict[str, Any]:
    """The fields of Holder that tell which process it is."""
    return {
        "host": socket.gethostname(),
        "pid": pid,
        "pid_created": psutil.Process(pid).create_time(),
    }


def worker_alive(status: Holder) -> bool:
    """Whether the process that a running status names is still there."""
    if status.host != socket.gethostname():  # on another machine only its heartbeat can tell
        return time.time() - (status.heartbeat or 0.0) < LOST_AFTER
    if status.pid is None:
        return False
    try:
        process = psutil.Process(status.pid)
        # create_time moves when the clock is set; a fresh heartbeat then still tells it is the worker
        same = abs(process.create_time() - (status.pid_created or 0.0)) < 1.0
        fresh = abs(time.time() - (status.heartbeat or 0.0)) < LOST_AFTER
        same = same or (status.pid_created is not None and fresh)
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
