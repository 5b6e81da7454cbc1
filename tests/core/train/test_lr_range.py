"""core.train.lr_range: a step at each learning rate, in a process of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import files
from core.specs import RunSpec
from core.train import lr_range, range_tests
from core.train.rate_curve import RateCurve
from tests.conftest import small_spec


@pytest.fixture(autouse=True)
def _as_quick_as_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Testing rates in this process must not slow down all tests after it."""
    if hasattr(os, "nice"):
        monkeypatch.setattr(os, "nice", lambda _: 0)


def measured(spec: RunSpec, steps: int = 200) -> tuple[RateCurve, list[dict[str, Any]]]:
    """The curve of a spec, and what was reported on the way."""
    told: list[dict[str, Any]] = []
    curve = lr_range.measure(spec, lambda **values: told.append(values), steps)
    return curve, told


@pytest.mark.tensorflow
def test_a_rate_is_suggested_for_what_can_be_learned(home: Path, examples: Path) -> None:
    """On easy images the loss falls, and the suggestion is where it still does so safely."""
    curve, told = measured(small_spec(str(examples)))
    assert len(curve.rates) == len(curve.losses) <= 200
    assert curve.suggestion is not None
    assert curve.lowest is not None
    assert 1e-4 <= curve.suggestion <= curve.lowest <= 1.0
    first = float(np.mean([loss for loss in curve.losses[:40] if loss is not None]))
    assert first == pytest.approx(np.log(3), abs=0.2)  # three classes, and nothing learned yet
    phases = [values["phase"] for values in told if "phase" in values]
    assert phases[0] == "loading images"
    assert phases[-1] == "training a step at each learning rate"


@pytest.mark.tensorflow
def test_the_same_settings_give_the_same_curve(home: Path, examples: Path) -> None:
    """First weights, order and steps depend on the seed alone; the learning rate plays no part."""
    spec = small_spec(str(examples))
    other = spec.changed(train=spec.train.changed(learning_rate=0.5, epochs=7))
    first, second = measured(spec, 24)[0], measured(other, 24)[0]
    assert first.losses == pytest.approx(second.losses, rel=1e-4)


@pytest.mark.tensorflow
def test_it_ends_where_the_loss_explodes(home: Path, examples: Path) -> None:
    """Steps are not made beyond a loss four times the best: what follows would tell nothing."""
    spec = small_spec(str(examples))
    curve, _ = measured(spec.changed(train=spec.train.changed(optimizer="sgd", momentum=0.99)), 100)
    assert curve.exploded
    assert len(curve.rates) < 100


@pytest.mark.parametrize(("seconds", "steps"), [(0.001, 600), (0.1, 300), (5.0, 200)])
def test_as_many_steps_as_there_is_time_for(
    monkeypatch: pytest.MonkeyPatch, seconds: float, steps: int
) -> None:
    """Half a minute of steps, of which 200 are the fewest and 600 the most; the quickest counts."""
    passed = iter([0.0, 9.0, 10.0, 10.0 + seconds, 20.0, 26.0, 30.0, 37.0])
    monkeypatch.setattr(lr_range.time, "perf_counter", lambda: next(passed))
    assert lr_range._steps(lambda: None) == pytest.approx(steps, abs=1)


def test_what_goes_wrong_is_told(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Images that are gone end the test with the reason, and the log has the details."""
    spec = small_spec("/no/such/folder")
    name = range_tests.digest(spec)
    files.write_json(range_tests.made_folder() / f"{name}.order", spec.model_dump(mode="json"))
    assert lr_range.main(name) == 1
    test = range_tests.find(spec)
    assert test is not None
    assert test.failure is not None
    assert "/no/such/folder" in test.failure.what
    assert "Traceback" in capfd.readouterr().err


def test_an_error_of_another_kind_is_explained(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever TensorFlow raises reaches the person with its name, its message and a remedy."""

    def fail(*_: object) -> None:
        raise ValueError("no such kernel")

    spec = small_spec("sketches")
    name = range_tests.digest(spec)
    (range_tests.made_folder() / f"{name}.order").write_text(
        json.dumps(spec.model_dump(mode="json"))
    )
    monkeypatch.setattr(lr_range, "measure", fail)
    assert lr_range.main(name) == 1
    test = range_tests.find(spec)
    assert test is not None
    assert test.failure is not None
    assert "ValueError" in test.failure.what
    assert test.failure.received == "no such kernel"
