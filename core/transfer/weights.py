"""Where the weights of pretrained networks are, and how they come there. Free of TensorFlow.

A network of Keras Applications has its weights in a file that is given, or else in
$KERAS_HOME/models (~/.keras where that is not set), where Keras itself keeps them. One that is not
there is downloaded first, from where Keras has it or from $LAYERWISE_WEIGHTS_URL, which has the same
folders. Those of a trained run are in its model as it is kept, see core.transfer.kept.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from core import workspace
from core.design.backbones import Application, facts, kept
from core.errors import ModelError, NotFoundError, SpecError, storing
from core.specs import Backbone
from core.specs.layers.pretrained import RUN

VERSION = 1  # of what is kept of a prepared network
VARIABLE = "LAYERWISE_WEIGHTS_URL"
_USUAL = "https://storage.googleapis.com/tensorflow/keras-applications"
_AT_ONCE = 2**18  # bytes
_PATIENCE = 30.0  # seconds without a byte
_TURN = 0.5  # seconds between two looks whether another process has downloaded it

# (bytes so far, bytes in all where that is known) -> whether to go on
Told = Callable[[int, int | None], bool]


def folder() -> Path:
    """Where Keras keeps the weights of its networks."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser().absolute() / "models"


def path(layer: Backbone) -> Path | None:
    """The file of its weights, there or not; None of a network that comes with Layerwise."""
    if layer.network == RUN:
        return kept(layer.run) / "model.keras"
    known = facts(layer).application
    if known is None:
        return None
    return Path(layer.weights).expanduser() if layer.weights else folder() / known.file


def ready(layer: Backbone) -> bool:
    """Whether its weights are on this machine."""
    found = path(layer)
    return found is None or found.is_file()


def address(known: Application) -> str:
    """Where its weights are downloaded from."""
    base = os.environ.get(VARIABLE) or _USUAL
    return f"{base.rstrip('/')}/{known.folder}/{known.file}"


def remedy(known: Application) -> str:
    """What to do where there is no network."""
    return f"Fetch {address(known)} elsewhere and put it into {folder()}"


def require(layer: Backbone) -> None:
    """Raise InputError where a file is given that cannot be meant."""
    found = path(layer)
    if layer.network == RUN and not ready(layer):
        raise NotFoundError(
            "The trained run that the network is of is not there",
            expected=f"its model at {found}",
            received="no such file",
            remedy="Choose a run again, or another network",
        )
    if layer.weights and facts(layer).application is None:
        raise SpecError(
            f"{facts(layer).title} comes with its weights",
            expected="no file of weights",
            received=layer.weights[:200],
            remedy="Leave the file out, or choose the network that it is of",
        )
    if layer.weights and found is not None and not found.is_file():
        raise NotFoundError(
            "The file of weights is not there",
            expected=f"weights of {facts(layer).title} at {found}",
            received="no such file",
            remedy="Give the path of the file, or none to have it downloaded",
        )


def version(layer: Backbone) -> str:
    """Of what is made with its weights: other weights, another version.

    Raises:
        ModelError: the weights are not there.
    """
    found = path(layer)
    if found is None:
        return f"v{VERSION}"
    try:
        stat = found.stat()
        return f"v{VERSION}-{_digest(found, stat.st_mtime_ns, stat.st_size)}"
    except OSError as error:
        known = facts(layer).application
        raise ModelError(
            f"The weights of {facts(layer).title} cannot be read",
            expected=f"a file at {found}",
            received=error.strerror or str(error),
            remedy=remedy(known) if known and not layer.weights else "Put the file in its place",
        ) from error


@lru_cache(maxsize=64)
def _digest(path: Path, changed: int, size: int) -> str:  # noqa: ARG001 - a changed file is another
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=6)).hexdigest()


def prepared(layer: Backbone) -> Path:
    """Where what is made of a network is kept, see core.transfer.networks; raises ModelError."""
    name = f"{layer.network}-{version(layer)}"
    return workspace.datasets_folder() / ".cache" / "backbones" / name


def obtain(layer: Backbone, told: Told) -> bool:
    """Download the weights where they are not there; whether they are, or `told` stopped it.

    Another process that downloads the same file is waited for.

    Raises:
        InputError: the file that is given is not there.
        ModelError: they could not be downloaded.
        StorageError: there is no room for them.
    """
    require(layer)
    found, known = path(layer), facts(layer).application
    if known is None or found is None or layer.weights:
        return True
    while not found.is_file():
        with _storing(found):
            found.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(found.with_name(f".{found.name}.lock"))
        if not _acquired(lock, found):
            if not told(0, None):
                return False
            continue
        try:
            if not found.is_file() and not _download(known, facts(layer).title, found, told):
                return False
        finally:
            lock.release()
    return True


def _acquired(lock: FileLock, path: Path) -> bool:
    with _storing(path):
        try:
            lock.acquire(timeout=_TURN)
        except Timeout:
            return False
    return True


def _download(known: Application, title: str, path: Path, told: Told) -> bool:
    """Fetch a file, which is there whole or not at all; whether it is."""
    part = path.with_name(f".{path.name}.part")  # what a killed process left is written over
    try:
        with _storing(path):
            file = part.open("wb", buffering=0)
        with file:
            if not _fetch(known, title, file, path, told):
                return False
            with _storing(path):
                os.fsync(file.fileno())
        if known.digest and _checksum(part, known.digest) != known.digest:
            size = part.stat().st_size
            raise _failed(known, title, f"another file of {size:,} bytes, by its checksum")
        with _storing(path):
            part.replace(path)
        return True
    finally:
        part.unlink(missing_ok=True)


def _fetch(known: Application, title: str, file: BinaryIO, path: Path, told: Told) -> bool:
    """Write what comes to `file`; False where `told` stopped it."""
    done, total = 0, None
    try:
        request = urllib.request.Request(address(known), headers={"User-Agent": "Layerwise"})
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            going = told(done, total)
            while going and (content := answer.read(_AT_ONCE)):
                with _storing(path):
                    file.write(content)
                done += len(content)
                going = told(done, total)
    except urllib.error.HTTPError as error:
        with error:  # it holds the line
            raise _failed(known, title, _reason(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(known, title, _reason(error)) from error
    if going and total is not None and done != total:  # the line was cut
        raise _failed(known, title, f"{done:,} of {total:,} bytes")
    return going


def _storing(path: Path) -> AbstractContextManager[None]:
    return storing(path, "keep a network's weights", "KERAS_HOME")


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _checksum(path: Path, like: str) -> str:
    kind = "md5" if len(like) == 32 else "sha256"
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def _failed(known: Application, title: str, received: str) -> ModelError:
    return ModelError(
        f"The weights of {title} could not be downloaded",
        expected=f"the file {known.file} from {address(known)}",
        received=received,
        remedy=f"{remedy(known)}, or take EfficientNet-Lite0, which needs no download",
    )
