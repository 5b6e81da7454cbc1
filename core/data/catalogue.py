"""Which sets of images there are, and what a name, folder or zip stands for."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from core import workspace
from core.data.arrays import ArraySource
from core.data.drawn import PER_CLASS, SketchSource
from core.data.folder import FolderSource
from core.data.source import Source
from core.data.zips import import_zip
from core.errors import NotFoundError
from core.specs.arrays import ARRAY_SETS


@dataclass(frozen=True)
class Entry:
    """One set of the catalogue."""

    name: str
    title: str
    description: str
    ready: bool  # on this machine already


def entries() -> list[Entry]:
    """The built-in sets, then the folders in datasets/, by name."""
    count = PER_CLASS * len(SketchSource.classes)
    built_in = [
        Entry(
            "sketches",
            SketchSource.title,
            f"{count:,} drawings of {len(SketchSource.classes)} kinds of outdoor gear, made here "
            "in code; not photos",
            True,
        ),
        *(Entry(s.name, s.title, s.description, s.path.exists()) for s in ARRAY_SETS),
    ]
    folder = workspace.datasets_folder()
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    taken = {entry.name for entry in built_in}
    own = [
        # a folder called like a built-in set goes by its path, so that each name means one set
        Entry(str(path) if path.name in taken else path.name, path.name, "your images", True)
        for path in found
        if path.is_dir() and not path.name.startswith(".")
    ]
    return built_in + own


def locate(text: str) -> str:
    """The DataSpec source for what a person wrote: a name, a folder, or a zip (imported now).

    Raises NotFoundError, or DataError for a zip that cannot be used.
    """
    if text in {entry.name for entry in entries()}:
        return text
    try:
        path = Path(text).expanduser()
        is_folder, is_file = bool(text) and path.is_dir(), path.is_file()
    except (OSError, RuntimeError) as error:  # too long for a path, or the ~ of an unknown user
        raise _unknown(text) from error
    if is_folder:
        return str(path.resolve())
    if is_file:
        with path.open("rb") as file:
            return import_zip(file, path.stem)
    raise _unknown(text)


def source(name: str) -> Source:
    """The images behind a DataSpec's source; raises NotFoundError or DataError."""
    if name == "sketches":
        return SketchSource()
    for array_set in ARRAY_SETS:
        if array_set.name == name:
            return ArraySource(array_set)
    if name in {entry.name for entry in entries()}:
        return FolderSource(workspace.datasets_folder() / name)
    if Path(name).is_absolute():
        return FolderSource(Path(name))
    raise _unknown(name)


def _unknown(text: str) -> NotFoundError:
    names = [entry.name for entry in entries()]
    lowered = {name.lower(): name for name in names}
    close = [lowered[name] for name in difflib.get_close_matches(text.lower(), lowered, n=1)]
    return NotFoundError(
        f"There is no set of images {text}",
        expected=f"one of {', '.join(names)}, or the path of a folder or zip of class folders",
        received=repr(text),
        remedy=f"Did you mean {close[0]}?" if close else "Check the spelling or the path",
    )
