"""A design in few characters: as plain JSON for a file, and packed for a link.

What is at its default is left out. A link holds the whole design, so it needs no server that knows
it: "1" for the version, then the JSON, deflated, in the URL's own base 64.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from core.errors import SpecError
from core.specs import LayerSpec, ModelSpec, Spec

VERSION = "1"
_LONGEST = 1_000_000  # characters of JSON that a link may unpack to


def brief(model: ModelSpec) -> dict[str, Any]:
    """The design as plain values, without what is at its default; ModelSpec.parse reads it."""
    return {"name": model.name, "layers": [_brief(layer) for layer in model.layers]}


def text(model: ModelSpec) -> str:
    """The design as a JSON file to read: one layer a line."""
    lines = ",\n".join("    " + json.dumps(_brief(layer)) for layer in model.layers)
    return f'{{\n  "name": {json.dumps(model.name)},\n  "layers": [\n{lines}\n  ]\n}}\n'


def pack(model: ModelSpec) -> str:
    """The design as a word of letters, digits, - and _."""
    plain = json.dumps(brief(model), separators=(",", ":")).encode()
    return VERSION + base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")


def unpack(word: str) -> ModelSpec:
    """The design of a link; raises SpecError when it is cut short or no design."""
    try:
        if word[:1] != VERSION:
            raise ValueError(f"version {word[:1]!r}")
        packed = base64.urlsafe_b64decode(word[1:] + "=" * (-len(word[1:]) % 4))
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, _LONGEST)
        if not unpacker.eof:
            raise ValueError("it is cut short" if len(plain) < _LONGEST else "it is too long")
        values = json.loads(plain)
        if not isinstance(values, dict):
            raise ValueError("no design inside")
    except (ValueError, zlib.error, binascii.Error, RecursionError) as error:
        raise SpecError(
            "The link holds no design",
            expected="a whole link, as Layerwise makes it",
            received=f"{word[:40]}{'…' if len(word) > 40 else ''}: {error}",
            remedy="Copy the link again, all of it",
        ) from error
    return ModelSpec.parse(values)


def _brief(layer: LayerSpec) -> dict[str, Any]:
    values: dict[str, Any] = {"kind": layer.KIND}
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        if name != "kind" and value != field.default:
            values[name] = _plain(value)
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Spec):
        return value.model_dump(mode="json", exclude_none=True)
    return value
