"""What a person's word for a design stands for: a preset's name or a JSON file."""

from __future__ import annotations

import json
import re
from pathlib import Path

from core.design.presets import Preset, preset
from core.errors import SpecError
from core.specs import ModelSpec


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
        values = json.loads(path.read_bytes())
        if not isinstance(values, dict):
            raise ValueError(f"a JSON {type(values).__name__} at the top")
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(
            f"{path} is not a design",
            expected='a JSON object such as {"name": "mine", "layers": [{"kind": "input"}, ...]}',
            received=str(error)[:200],
            remedy="Check the file",
        ) from error
    name = re.sub(r"[^\w .()+-]", "-", path.stem)[:60]
    return Preset(ModelSpec.parse({"name": name, **values}), "", str(path))
