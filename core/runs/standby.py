"""A worker that is started before its run is known, so that TensorFlow is there when a run comes.

It is a child of the dispatcher of the first slot (core.runs.dispatcher), which for its sake stays a
while when nothing waits. So there is never more than one, it is waited for like any other worker,
and it ends when its dispatcher does, which closes its input. Files of saved_models/.queue:

    backbone    touched when it is to have the bundled pretrained network ready too
    wanted      touched when a person seems about to train: how long it waits counts from there
    warm.json   present while it waits: the processes, and what code and settings they were made of
    bell        touched when runs wait: the dispatcher is to look
    leave       touched when runs wait that this worker is not to train: its code is older, or
                settings in the environment are others
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from core import files, workspace
from core.errors import SpecError, storing
from core.runs import turns
from core.runs.run import Run
from core.runs.status import State

_LOOK = 0.05  # seconds between two looks at the bell
_CHECK = 2.0  # seconds between two looks whether the code is still the same
# settings in the environment that a worker reads when it starts, or that reach what it imports
_SETTINGS = (
    *("CUDA", "KERAS", "LAYERWISE", "LD_", "MKL", "NVIDIA"),
    *("OMP", "ONEDNN", "PYTHON", "TF", "XLA"),
)


def minutes() -> float:
    """How long a worker waits for a run: $LAYERWISE_WARM, 10 by default, 0 for none at all."""
    text = os.environ.get("LAYERWISE_WARM", "10")
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1440:
        raise SpecError(
            "LAYERWISE_WARM is not valid",
            expected="minutes from 0 to 1440",
            received=repr(text),
            remedy="Unset it for 10 minutes, or set it to 0 to have no worker wait",
        )
    return number


def want() -> bool:
    """Have a worker wait from now on; whether the settings allow one. Raises StorageError."""
    if minutes() == 0:
        return False
    _touch("wanted")
    return True


def want_backbone() -> None:
    """Have the worker that waits get the pretrained network ready too. Raises StorageError."""
    if minutes():
        _touch("backbone")


def backbone_wanted() -> bool:
    """Whether someone was about to use the pretrained network lately."""
    return _lately("backbone")


def ring() -> bool:
    """Tell the dispatcher that idles, if one does, that runs wait; whether it leaves instead."""
    try:
        made_of = json.loads((_folder() / "warm.json").read_bytes())["made_of"]
    except (OSError, ValueError, TypeError, KeyError):
        return False
    other = bool(made_of != fingerprint())
    _touch("leave" if other else "bell")
    return other


def fingerprint() -> str:
    """What a worker started now would be made of: code, interpreter, packages, settings."""
    environment = workspace.environment()
    parts: list[object] = [sys.prefix, sys.version, _stamp(Path(sysconfig.get_path("purelib")))]
    parts += [(key, environment[key]) for key in sorted(environment) if key.startswith(_SETTINGS)]
    core = workspace.CHECKOUT / "core"
    parts += [(str(path), _stamp(path)) for path in sorted(core.rglob("*.py"))]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class Standby:
    """The worker that waits, as its dispatcher sees it. Close it in the end."""

    def __init__(self) -> None:
        self._made_of = fingerprint()
        self._child: subprocess.Popen[bytes] | None = None
        self._bell, self._leave = _stamp(_folder() / "bell"), _stamp(_folder() / "leave")
        self.dismissed = False  # by one who starts a dispatcher of its own
        self._hide()

    def wait(self) -> bool:
        """Wait until there may be a run; False when it is time to end."""
        if self._child is None:
            if not self._wanted():
                return False
            self._start()
            return True  # a run may have come before anyone could know whom to tell
        checked = time.monotonic()
        while self._wanted() and self._child.poll() is None:
            if _stamp(_folder() / "leave") != self._leave:
                self.dismissed = True
                return False
            bell, rung = self._bell, _stamp(_folder() / "bell")
            if bell != rung or time.monotonic() - checked > _CHECK:
                if fingerprint() != self._made_of:
                    return False
                checked, self._bell = time.monotonic(), rung
            if bell != rung:
                return True
            time.sleep(_LOOK)
        return False

    def work(self, run: Run) -> int | None:
        """Have the waiting worker train `run` to its end.

        Returns:
            The worker's exit code; None where there was no worker or it died before it took the run.
        """
        child, self._child = self._child, None
        self._hide()
        if child is None or child.stdin is None:
            return None
        try:
            with child.stdin as pipe:
                pipe.write(json.dumps(str(run.folder)).encode() + b"\n")
        except OSError:  # it died this very moment
            pass
        code = child.wait()
        status = run.saved_status
        taken = status.state is not State.RUNNING or status.pid != os.getpid()
        return code if taken else None

    def close(self) -> None:
        """End the waiting worker."""
        child, self._child = self._child, None
        self._hide()
        if child is not None:
            child.kill()
            child.communicate()

    def _start(self) -> None:
        folder = turns.folder()
        with storing(folder, "start a worker"), (folder / "dispatcher.log").open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "core.train.warm"],
                cwd=workspace.CHECKOUT,
                env=workspace.environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        content = {"pid": os.getpid(), "worker": self._child.pid, "made_of": self._made_of}
        files.write_json(folder / "warm.json", content)

    def _wanted(self) -> bool:
        """Whether someone was about to train lately; not when the workspace is gone."""
        return _lately("wanted")

    def _hide(self) -> None:
        with storing(_folder(), "keep the queue"):
            (_folder() / "warm.json").unlink(missing_ok=True)


def _lately(name: str) -> bool:
    """Whether a file was touched within the time for which a worker waits."""
    try:
        since = (_folder() / name).stat().st_mtime
        return time.time() - since < 60 * minutes()
    except (OSError, SpecError):  # a wrong setting is told on the page
        return False


def _folder() -> Path:
    """Where the files are; not made here, so that a deleted workspace stays deleted."""
    return workspace.runs_folder() / ".queue"


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _touch(name: str) -> None:
    folder = turns.folder()
    with storing(folder, "keep the queue"):
        (folder / name).touch()
