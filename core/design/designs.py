"""What a person's word for a design stands for: a preset's name or a JSON file."""

from __future__ import annotations

import json
import re
from pathlib import Path

from core import words
from core.design.presets import Preset, preset
from core.errors import SpecError
from core.specs import ModelSpec

LARGEST = 1_000_000  # bytes of a design's file


def read(text: str) -> Preset:
    """The preset of that name, or the design in that JSON file.

    Raises:
        NotFoundError: neither a preset nor a file.
        SpecError: the file is not JSON, or not a valid design.
    """
    try:
        path = Path(text).expanduser()
        is_file = path.is_file()
    except (OSError, RuntimeError):  # too long for a path, or the ~ of an unknown user
        is_file = False
    if not is_file:
        return preset(text)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(str(path), error) from error
    return Preset(parse(content, path.name), "", str(path))


def parse(content: bytes, name: str) -> ModelSpec:
    """The design in the content of a JSON file of that name; raises SpecError."""
    try:
        if len(content) > LARGEST:
            raise ValueError(f"a file of {words.size(len(content))}")
        values = json.loads(content)
        if not isinstance(values, dict):
            raise ValueError(f"a JSON {type(values).__name__} at the top")
    except (ValueError, RecursionError) as error:
        raise _refused(name, error) from error
    usual = re.sub(r"[^\w .()+-]", "-", Path(name).stem)[:60] or "design"
    return ModelSpec.parse({"name": usual, **values})


def _refused(name: str, error: Exception) -> SpecError:
    return SpecError(
        f"{name} is not a design",
        expected='a JSON object such as {"name": "mine", "layers": [{"kind": "input"}, ...]}',
        received=str(error)[:200],
        remedy="Check the file",
    )
