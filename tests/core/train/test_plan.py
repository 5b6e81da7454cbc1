"""core.train.plan: what was measured is kept for this machine alone, and a person's wish comes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import SpecError
from core.specs import TrainSpec
from core.train import backend, plan, speed
from core.train.plan import Plan

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def free(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured, and no variable stands in for that."""
    backend.start()
    monkeypatch.delenv("LAYERWISE_PRECISION")


def test_what_is_fastest_has_to_be_measured_once() -> None:
    """Unknown at first; then the plan that was saved, with this machine's towers."""
    assert plan.choose(TrainSpec()) is None
    plan.save(Plan("bfloat16", 1, xla=True))
    assert plan.choose(TrainSpec()) == Plan("bfloat16", backend.towers(), xla=True)
    plan.save(Plan("float32", 1))
    assert plan.load() == Plan("float32", backend.towers())


def test_a_wish_comes_before_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's own precision first, then the variable's; XLA only with what it was measured with."""
    wish = TrainSpec(precision="float32")
    assert plan.choose(wish) == Plan("float32", backend.towers())
    plan.save(Plan("bfloat16", 1, xla=True))
    assert plan.choose(wish) == Plan("float32", backend.towers())
    monkeypatch.setenv("LAYERWISE_PRECISION", "float32")
    assert plan.choose(TrainSpec()) == Plan("float32", backend.towers())
    assert plan.choose(TrainSpec(precision="bfloat16")) == Plan(
        "bfloat16", backend.towers(), xla=True
    )
    monkeypatch.setenv("LAYERWISE_PRECISION", "float8")
    with pytest.raises(SpecError, match="LAYERWISE_PRECISION is not valid"):
        plan.choose(TrainSpec())


@pytest.mark.parametrize(
    "change",
    [{"precision": "float8"}, {"precision": None}, {"of": {}}, {"of": None}],
)
def test_of_another_machine_or_damaged(change: dict[str, object]) -> None:
    """What is of no use is as if it were not there."""
    plan.save(Plan("bfloat16", 1))
    path = speed.folder() / "plan.json"
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps({**content, **change}))
    assert plan.load() is None
    path.write_text("{")
    assert plan.load() is None


def test_words() -> None:
    """A run says how it is trained."""
    assert Plan("bfloat16", 2).words == "bfloat16, batches in 2 parts side by side"
    assert Plan("bfloat16", 1, xla=True).words == "bfloat16, whole batches, XLA"
    assert Plan(plain=True).words == "plain Keras, float32"
