"""What a design was before, step by step, so that every edit can be taken back and made again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Self

from core.design.link import brief
from core.errors import SpecError
from core.specs import ModelSpec

LONGEST = 300  # steps that are kept


@dataclass(frozen=True)
class History:
    """Designs as JSON, the latest step last in `past` and first in line to come in `future`."""

    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()

    def record(self, before: ModelSpec) -> Self:
        """After an edit: what it was before can come back, what had been taken back is gone."""
        return type(self)((*self.past, _text(before))[-LONGEST:])

    def undo(self, now: ModelSpec) -> tuple[Self, ModelSpec]:
        """One step back, or `now` where there is none."""
        if not self.past:
            return self, now
        design = _design(self.past[-1])
        rest = type(self)(self.past[:-1], (*self.future, _text(now)))
        return (rest, design) if design else (type(self)(self.past[:-1], self.future), now)

    def redo(self, now: ModelSpec) -> tuple[Self, ModelSpec]:
        """One step forward again, or `now` where there is none."""
        if not self.future:
            return self, now
        design = _design(self.future[-1])
        rest = type(self)((*self.past, _text(now))[-LONGEST:], self.future[:-1])
        return (rest, design) if design else (type(self)(self.past, self.future[:-1]), now)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {"past": list(self.past), "future": list(self.future)}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The history in a file; an empty one where it makes no sense."""
        steps = values if isinstance(values, dict) else {}
        lists = [steps.get(name, []) for name in ("past", "future")]
        if not all(isinstance(item, list) for item in lists):
            return cls()
        past, future = (tuple(step for step in item if isinstance(step, str)) for item in lists)
        return cls(past, future)


def _text(model: ModelSpec) -> str:
    return json.dumps(brief(model), separators=(",", ":"))


def _design(text: str) -> ModelSpec | None:
    """None where the step was written by another version that had other layers."""
    try:
        return ModelSpec.parse(json.loads(text))
    except (ValueError, TypeError, SpecError):
        return None
