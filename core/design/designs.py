"""What a person's word for a design stands for: a preset's name or a JSON file."""

from __future__ import annotations

import json
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
    path = Path(text).expanduser()
    if not path.is_file():
        return preset(text)
    try:
        values = json.loads(path.read_bytes())
        if not isinstance(values, dict):
            raise ValueError(f"a JSON {type(values).__name__} at the top")
    except (OSError, ValueError) as error:
        raise SpecError(
            f"{path} is not a design",
            expected='a JSON object such as {"name": "mine", "layers": [{"kind": "input"}, ...]}',
            received=str(error)[:200],
            remedy="Check the file",
        ) from error
    return Preset(ModelSpec.parse({"name": path.stem, **values}), "", str(path))
