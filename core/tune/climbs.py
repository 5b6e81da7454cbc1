"""Which ladders are to go on, as pages and commands need to know; see core.tune.climber.

saved_models/.ladders/
    <group>.json     there while the ladder is to go on; with an error, where it could not
    <group>.lock     held by its climber
    climber.log      what climbers printed
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from core import files, workspace
from core.errors import AppError, RunError, from_dict, storing
from core.specs.spec import Spec

_children: list[subprocess.Popen[bytes]] = []  # climbers started here, kept to be reaped


class Climb(Spec):
    """Whether a ladder is to go on."""

    going: bool = True
    error: dict[str, str] | None = None


def climbing(name: str) -> bool:
    """Whether a ladder is to go on."""
    return _read(name).going


def failure(name: str) -> AppError | None:
    """Why a ladder could not go on; None where it could."""
    error = _read(name).error
    return None if error is None else from_dict(error)


def under_way() -> list[str]:
    """Groups of the ladders that are to go on."""
    return [path.stem for path in sorted(folder().glob("[!.]*.json")) if climbing(path.stem)]


def ensure() -> None:
    """Start a climber for every ladder that is to go on and has none. Cheap where there is none."""
    _children[:] = [child for child in _children if child.poll() is None]
    for name in under_way():
        lock = climber_lock(name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        lock.release()
        path = folder() / "climber.log"
        with storing(path, "go on with the ladder"), path.open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "core.tune.climber", name],
                cwd=workspace.CHECKOUT,
                env=workspace.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _children.append(child)


def climber_lock(name: str) -> FileLock:
    """Held by whoever drives a ladder."""
    return FileLock(folder() / f"{name}.lock")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Ordering a step and stopping the ladder exclude each other; raises RunError."""
    with storing(folder(), "keep the ladder"):
        folder().mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder() / f"{name}.step.lock")
    try:
        lock.acquire(timeout=60)
    except Timeout as error:
        raise RunError(
            "The ladder is busy",
            expected="its lock to be free within 60 s",
            received=f"{lock.lock_file} held by another process",
            remedy="Try again; if it stays so, end the process that holds it",
        ) from error
    try:
        yield
    finally:
        lock.release()


def begin(name: str) -> None:
    """Have a ladder go on; raises StorageError."""
    files.write_json(_path(name), Climb().model_dump())


def end(name: str, error: AppError | None = None) -> None:
    """Have it go on no longer; raises StorageError."""
    if error is not None:
        files.write_json(_path(name), Climb(going=False, error=error.to_dict()).model_dump())
        return
    with storing(folder(), "end the ladder"):
        _path(name).unlink(missing_ok=True)


def folder() -> Path:
    """Where it is kept which ladders are to go on; it need not be there."""
    return workspace.runs_folder() / ".ladders"


def _read(name: str) -> Climb:
    try:
        return Climb.model_validate_json(_path(name).read_bytes())
    except (OSError, ValidationError):
        return Climb(going=False)


def _path(name: str) -> Path:
    return folder() / f"{name}.json"
