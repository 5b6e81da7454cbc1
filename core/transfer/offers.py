"""The pretrained networks as a person chooses among them: what is here, what is missing, how fast.

datasets/.cache/backbones/<network>-<version>/speed.json    how long an image takes on this machine
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from core import files, words
from core.design.backbones import BACKBONES, Facts, facts
from core.errors import ModelError
from core.specs import Backbone
from core.specs.layers.pretrained import RUN
from core.transfer import weights

_FLOAT = 4  # bytes


@dataclass(frozen=True)
class Offer:
    """One network, on this machine.

    Attributes:
        ready: whether its weights are here.
        milliseconds: for an image at its usual size; None where that was not measured yet.
    """

    layer: Backbone
    ready: bool
    milliseconds: float | None

    @property
    def facts(self) -> Facts:
        """What is known of it everywhere."""
        return facts(self.layer)

    @property
    def where(self) -> str:
        """Where its weights are, or what to do to have them."""
        known, path = self.facts.application, weights.path(self.layer)
        if self.layer.network == RUN:
            return str(path)
        if known is None or path is None:
            return "Comes with Layerwise"
        return str(path) if self.ready else f"{weights.remedy(known)}."

    @property
    def speed(self) -> str:
        """In words."""
        if self.milliseconds is None:
            return "not measured here yet"
        return f"{self.milliseconds:.3g} ms an image here"

    @property
    def explained(self) -> str:
        """What happens where its weights are not here, and what to do without a network."""
        known = self.facts.application
        if self.ready or known is None:
            return ""
        size = words.size(_FLOAT * self.facts.parameters)
        return (
            f"The weights of {self.facts.title} are not on this machine. Train downloads them, about "
            f"{size}. Without a network: {self.where[:1].lower()}{self.where[1:]}"
        )


def offer(layer: Backbone) -> Offer:
    """Of the network that the layer names, with its weights."""
    ready = weights.ready(layer)
    return Offer(layer, ready, speed(layer) if ready else None)


def offers() -> list[Offer]:
    """All networks, those that are here first."""
    found = [offer(Backbone(network=name)) for name in BACKBONES]
    return sorted(found, key=lambda one: not one.ready)


def speed(layer: Backbone) -> float | None:
    """Milliseconds for an image at its usual size; None where that was not measured yet."""
    try:
        told = json.loads((weights.prepared(layer) / "speed.json").read_bytes())
        return float(told["milliseconds"])
    except (OSError, ValueError, TypeError, KeyError, ModelError):
        return None


def keep_speed(layer: Backbone, seconds: float, engine: str) -> None:
    """Remember how long an image takes. Raises StorageError."""
    told = {"milliseconds": round(1000 * seconds, 3), "size": facts(layer).size, "engine": engine}
    files.write_json(weights.prepared(layer) / "speed.json", told)
