"""Every error a person can meet, in one tree.

    AppError                 what happened, what was expected, what was received, what to do
    ├── InputError           what was given cannot be used (exit code 2)
    │   ├── SpecError        a setting or a design is not valid
    │   ├── DataError        a folder, zip or set of images cannot be used
    │   │   └── ImageError   one image cannot be read
    │   └── NotFoundError    a run, preset, data set or file of that name does not exist
    └── FailureError         the work was right but could not be finished (exit code 1)
        ├── RunError         a run cannot do what is asked of it
        ├── ModelError       a model file cannot be read or made
        └── StorageError     the disk is full, read-only or gone

An error is raised with one short sentence or phrase for each of its parts; faces (frame.py, core/cli)
decide how to show them.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AppError(Exception):
    """Base of all errors meant for people."""

    exit_code = 1

    def __init__(
        self, what: str, *, expected: str = "", received: str = "", remedy: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.received = received
        self.remedy = remedy

    def __str__(self) -> str:
        parts = [
            self.what,
            self.expected and f"Expected: {self.expected}",
            self.received and f"Received: {self.received}",
            self.remedy,
        ]
        return " ".join(part if part[-1] in ".?" else part + "." for part in parts if part)

    def to_dict(self) -> dict[str, str]:
        """The parts as plain strings, for status.json and ``--json`` output."""
        return {
            "kind": type(self).__name__,
            "what": self.what,
            "expected": self.expected,
            "received": self.received,
            "remedy": self.remedy,
        }


class InputError(AppError):
    """What was given cannot be used."""

    exit_code = 2


class SpecError(InputError):
    """A setting or a design is not valid."""


class DataError(InputError):
    """A folder, zip or set of images cannot be used."""


class ImageError(DataError):
    """One image cannot be read."""


class NotFoundError(InputError):
    """A run, preset, data set or file of that name does not exist."""


class FailureError(AppError):
    """The work was right but could not be finished."""


class RunError(FailureError):
    """A run cannot do what is asked of it."""


class ModelError(FailureError):
    """A model file cannot be read or made."""


class StorageError(FailureError):
    """The disk is full, read-only or gone."""


def unexpected(error: Exception, what: str, *, expected: str, remedy: str) -> AppError:
    """An error as people can read it: one of these as it is, any other by its name and last line."""
    if isinstance(error, AppError):
        return error
    return RunError(
        f"{what}: {type(error).__name__}",
        expected=expected,
        received=(str(error).strip().splitlines() or ["no message"])[-1][:300],
        remedy=remedy,
    )


def from_dict(parts: dict[str, str]) -> AppError:
    """The error that `AppError.to_dict` described."""
    rest = {key: parts.get(key, "") for key in ("expected", "received", "remedy")}
    kind = globals().get(parts.get("kind", ""))
    if not (isinstance(kind, type) and issubclass(kind, AppError)):
        kind = AppError
    return kind(parts.get("what", "Something went wrong"), **rest)


_DISK = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The disk quota is used up",
    errno.EROFS: "The disk is read-only",
    errno.EACCES: "The folder may not be written to",
    errno.EPERM: "The folder may not be written to",
    errno.ENOENT: "The folder is gone",
    errno.EFBIG: "The file is too large for this disk",
}


def storage_error(
    error: OSError, path: Path, action: str, variable: str = "LAYERWISE_HOME"
) -> StorageError:
    """The StorageError that explains `error`, met while doing `action` (a verb phrase) to `path`,
    which is where the environment's `variable` says."""
    what = _DISK.get(error.errno or 0, f"The disk reported: {error.strerror or error}")
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    first = "Free some space" if full else "Check the folder and its permissions"
    return StorageError(
        f"{what}, so Layerwise could not {action}",
        expected=f"to write {path}",
        received=error.strerror or str(error),
        remedy=f"{first}, or choose another folder with {variable}, then try again",
    )


@contextmanager
def storing(path: Path, action: str, variable: str = "LAYERWISE_HOME") -> Iterator[None]:
    """Turn any OSError inside the block into a StorageError about `path`."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path, action, variable) from error
