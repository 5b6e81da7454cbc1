"""What a model says of one photo."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """The probability of every class for one photo, in the order of the classes."""

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]  # sum to 1

    def top(self, count: int | None = None) -> list[tuple[str, float]]:
        """(class, probability) from the likeliest down."""
        pairs = zip(self.classes, self.probabilities, strict=True)
        return sorted(pairs, key=lambda pair: -pair[1])[:count]
