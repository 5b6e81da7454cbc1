"""What is wrong with a training: its name, the evidence, what it means, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.specs import RunSpec


class Fault(StrEnum):
    """What can be wrong; the value is its name on screen and on the command line."""

    INPUTS = "inputs not scaled"
    ORDER = "order not shuffled"
    PARTS = "validation not like training"
    EXPLODING = "exploding loss"
    DEAD = "dying ReLU"
    VANISHING = "vanishing gradients"
    RATE_HIGH = "learning rate too high"
    RATE_LOW = "learning rate too low"
    LAG = "normalization lags behind"
    COLLAPSE = "class collapse"
    NOISE = "label noise suspected"
    OVERFITTING = "overfitting"
    PLATEAU = "plateau"
    UNDERFITTING = "underfitting"


@dataclass(frozen=True)
class Remedy:
    """A training that should go better.

    Attributes:
        label: what a button says, verb first.
        about: what it changes and why, in a sentence.
        spec: the whole run.
    """

    label: str
    about: str
    spec: RunSpec


@dataclass(frozen=True)
class Diagnosis:
    """Something that is wrong.

    Attributes:
        fault: which of the known ones.
        evidence: what was seen, with its figures, in a sentence.
        explained: what that means, for a person who hears of it for the first time, in two sentences.
        epoch: where it began, or turned, counted from 1; None where it was so from the beginning.
        layers: numbers of the layers concerned, from 1.
        remedies: the best first; empty where nothing that can be set would help.
    """

    fault: Fault
    evidence: str
    explained: str
    epoch: int | None = None
    layers: tuple[int, ...] = ()
    remedies: tuple[Remedy, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As the command line tells it."""
        return {
            "fault": str(self.fault),
            "evidence": self.evidence,
            "explained": self.explained,
            "epoch": self.epoch,
            "layers": list(self.layers),
            "remedies": [
                {"label": remedy.label, "about": remedy.about} for remedy in self.remedies
            ],
        }
