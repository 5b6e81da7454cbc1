"""How this machine trains fastest: the precision of its sums, and how a batch is cut.

saved_models/.speed/plan.json    the faster precision, and the machine it was measured on
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Literal

from core import files
from core.errors import SpecError
from core.specs import TrainSpec
from core.train import backend, speed

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
_VARIABLE = "LAYERWISE_PRECISION"


@dataclass(frozen=True)
class Plan:
    """How a design is trained.

    Attributes:
        precision: of the sums in training; weights, validation and tests are float32.
        towers: parts of a batch that go through the network side by side.
        plain: by Keras's own layers and optimizer, a step at a time.
        xla: each step compiled by XLA, which pays on some graphics cards and never on a processor.
    """

    precision: Precision = "float32"
    towers: int = 1
    plain: bool = False
    xla: bool = False

    @property
    def words(self) -> str:
        """For people."""
        if self.plain:
            return "plain Keras, float32"
        if self.towers == 1:
            return f"{self.precision}, whole batches{', XLA' if self.xla else ''}"
        return f"{self.precision}, batches in {self.towers} parts side by side"


def choose(spec: TrainSpec) -> Plan | None:
    """The plan for a training; None where what is fastest has yet to be measured.

    $LAYERWISE_PRECISION stands in for the measurement where it is set.
    Call this once TensorFlow is started. Raises SpecError.
    """
    measured = load()
    wanted = spec.precision if spec.precision != "auto" else _from_environment()
    if wanted is None:
        return measured
    # XLA was measured with one precision, and says nothing of the other
    return measured if measured and measured.precision == wanted else Plan(wanted, backend.towers())


def load() -> Plan | None:
    """The fastest plan as it was measured; None where it was not, or on another machine.

    Call this once TensorFlow is started.
    """
    try:
        content = json.loads((speed.folder() / "plan.json").read_bytes())
        if content["precision"] not in PRECISIONS or content["of"] != speed.machine():
            return None
        return Plan(content["precision"], backend.towers(), xla=content.get("xla") is True)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def save(fastest: Plan) -> None:
    """Keep what is fastest on this machine; raises StorageError."""
    content = {"of": speed.machine(), "precision": fastest.precision, "xla": fastest.xla}
    files.write_json(speed.made_folder() / "plan.json", content)


def _from_environment() -> Precision | None:
    text = os.environ.get(_VARIABLE)
    if not text:
        return None
    for known in PRECISIONS:
        if text == known:
            return known
    raise SpecError(
        f"{_VARIABLE} is not valid",
        expected=" or ".join(PRECISIONS),
        received=repr(text),
        remedy="Unset it to have the faster one measured",
    )
