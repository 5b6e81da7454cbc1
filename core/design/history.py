"""What a design was before, step by step, so that every edit can be taken back and made again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from core.design.link import brief
from core.errors import SpecError
from core.specs import AugmentSpec, ModelSpec, TrainSpec

LONGEST = 300  # steps that are kept
LARGEST = 200_000  # characters of all steps; the file is written with every edit


class Step(NamedTuple):
    """A design, and the settings of training and augmentation where the step changed them too."""

    model: ModelSpec
    train: TrainSpec | None = None
    augment: AugmentSpec | None = None


@dataclass(frozen=True)
class History:
    """Steps as JSON, the latest one last in `past`, and the next one to come last in `future`."""

    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()

    def record(self, before: Step) -> Self:
        """After an edit: what it was before can come back, what had been taken back is gone."""
        return type(self)(_newest((*self.past, _text(before))))

    def undo(self, now: Step) -> tuple[Self, Step | None]:
        """One step back; None where there is none, or where it cannot be read.

        Args:
            now: with all settings, of which are kept those that the step changes.
        """
        if not self.past:
            return self, None
        step = _step(self.past[-1])
        if step is None:
            return type(self)(self.past[:-1], self.future), None
        return type(self)(self.past[:-1], (*self.future, _text(_like(step, now)))), step

    def redo(self, now: Step) -> tuple[Self, Step | None]:
        """One step forward again; None as in `undo`."""
        if not self.future:
            return self, None
        step = _step(self.future[-1])
        if step is None:
            return type(self)(self.past, self.future[:-1]), None
        return type(self)(_newest((*self.past, _text(_like(step, now)))), self.future[:-1]), step

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


def _newest(steps: tuple[str, ...]) -> tuple[str, ...]:
    """The newest steps that are kept: ten in any case, so that the largest designs have some too."""
    kept, size = 0, 0
    for step in reversed(steps):
        size += len(step)
        if kept >= LONGEST or (kept >= 10 and size > LARGEST):
            break
        kept += 1
    return steps[len(steps) - kept :]


def _like(step: Step, now: Step) -> Step:
    """What is now, with those settings of which the step brings others."""
    return Step(now.model, step.train and now.train, step.augment and now.augment)


def _text(step: Step) -> str:
    values = brief(step.model)
    for name, part in (("train", step.train), ("augment", step.augment)):
        if part is not None:
            values[name] = part.model_dump(mode="json")
    return json.dumps(values, separators=(",", ":"))


def _step(text: str) -> Step | None:
    """None where the step was written by another version that had other layers."""
    try:
        values = json.loads(text)
        train, augment = (values.pop(name, None) for name in ("train", "augment"))
        return Step(
            ModelSpec.parse(values),
            train and TrainSpec.parse(train),
            augment and AugmentSpec.parse(augment),
        )
    except (ValueError, TypeError, AttributeError, SpecError):
        return None
