"""Who drives a ladder: ``python -m core.tune.climber GROUP``.

A climber is a light process that waits for the ladder's last run, orders the next one, and ends when
there is none. It outlives the app, as a dispatcher does. All that it goes by is in the folders of the
runs, so another one can take its place at any time: `ensure`, which every page calls, starts one for
each ladder that is to go on and has none.

saved_models/.ladders/
    <group>.json     there while the ladder is to go on; with an error, where it could not
    <group>.lock     held by its climber
    climber.log      what climbers printed
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from core import files, workspace
from core.data.cache import Progress
from core.data.dataset import load
from core.errors import AppError, NotFoundError, from_dict, storing
from core.runs import queue
from core.runs.resume import resumable, resume
from core.runs.status import State
from core.specs import RunSpec
from core.specs.spec import Spec
from core.train.order import order
from core.tune import group, ladder
from core.tune.group import Group
from core.tune.ladder import End, Grow

_LOOK = 0.5  # seconds between two looks at the run
_children: list[subprocess.Popen[bytes]] = []  # climbers started here, kept to be reaped


class Climb(Spec):
    """Whether a ladder is to go on."""

    going: bool = True
    error: dict[str, str] | None = None


def start(spec: RunSpec, shrink: int, most: int, progress: Progress | None = None) -> Group:
    """Order a ladder's first step and have the others follow by themselves.

    Raises as core.train.order.order.
    """
    data = load(spec.data, progress)
    begin = ladder.first(spec, data.shape, len(data.classes), shrink, most)
    made = group.order("ladder", [(begin, {})], progress)
    go_on(made)
    return made


def go_on(found: Group) -> None:
    """Have a ladder go on; a last step that was not trained to its end is taken up again."""
    last = found.members[-1]
    broken = last.status.state in (State.STOPPED, State.LOST, State.FAILED)
    with _locked(found.id):
        if broken and ladder.following(found) == End("broken"):
            if resumable(last.run, last.run.status):
                resume(last.run)
            else:
                order(last.spec)
        _write(found.id, Climb())
    ensure()


def stop(found: Group) -> None:
    """Have no further step follow, and stop the one that trains."""
    with _locked(found.id), storing(folder(), "stop the ladder"):
        _path(found.id).unlink(missing_ok=True)
    group.cancel(group.find(found.id))


def climbing(name: str) -> bool:
    """Whether a ladder is to go on."""
    return _read(name).going


def failure(name: str) -> AppError | None:
    """Why a ladder could not go on; None where it could."""
    error = _read(name).error
    return None if error is None else from_dict(error)


def ensure() -> None:
    """Start a climber for every ladder that is to go on and has none. Cheap where there is none."""
    _children[:] = [child for child in _children if child.poll() is None]
    for name in under_way():
        lock = FileLock(folder() / f"{name}.lock")
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


def under_way() -> list[str]:
    """Groups of the ladders that are to go on."""
    return [path.stem for path in sorted(folder().glob("[!.]*.json")) if climbing(path.stem)]


def climb(name: str) -> int:
    """Drive a ladder to its end; returns the exit code."""
    lock = FileLock(folder() / f"{name}.lock")
    try:
        # longer than the moment for which `ensure` holds the lock to see whether it is free
        lock.acquire(timeout=0.5)
    except Timeout:
        return 0
    with lock:
        try:
            while _step(name):
                time.sleep(_LOOK)
        except AppError as error:
            print(f"{name}: {error}", flush=True)
            gone = isinstance(error, NotFoundError) and not _exists(name)
            if gone:
                _path(name).unlink(missing_ok=True)
            else:
                _write(name, Climb(going=False, error=error.to_dict()))
            return 1
    return 0


def _step(name: str) -> bool:
    """Order the next run if it is time to; whether there is more to do."""
    with _locked(name):
        if not climbing(name):
            return False
        after = ladder.following(group.find(name))
        if isinstance(after, Grow):
            print(f"{name}: {after.change} than step {after.origin}", flush=True)
            order(after.spec)
        elif isinstance(after, End):
            print(f"{name}: {after.reason}", flush=True)
            _path(name).unlink(missing_ok=True)
            return False
    queue.ensure()
    return True


def _exists(name: str) -> bool:
    return any(found.id == name for found in group.groups())


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Ordering a step and stopping the ladder exclude each other."""
    with storing(folder(), "keep the ladder"):
        folder().mkdir(parents=True, exist_ok=True)
    with FileLock(folder() / f"{name}.step.lock", timeout=60):
        yield


def _read(name: str) -> Climb:
    try:
        return Climb.model_validate_json(_path(name).read_bytes())
    except (OSError, ValidationError):
        return Climb(going=False)


def _write(name: str, climb: Climb) -> None:
    files.write_json(_path(name), climb.model_dump())


def _path(name: str) -> Path:
    return folder() / f"{name}.json"


def folder() -> Path:
    """Where it is kept which ladders are to go on; it need not be there."""
    return workspace.runs_folder() / ".ladders"


if __name__ == "__main__":
    sys.exit(climb(sys.argv[1]))
