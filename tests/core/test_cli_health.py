"""core.cli.health: what is wrong with a training, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.health import case
from core.health.doctor import diagnose
from core.health.record import NAME
from core.runs.run import Run, create
from core.specs import DataSpec
from tests.conftest import small_spec
from tests.core.conftest import Cli, last_json

DATA = {
    "event": "data",
    "mean": 120.0,
    "spread": 70.0,
    "train_shares": [0.25] * 4,
    "validation_shares": [0.25] * 4,
    "features": [],
    "compared": 60,
    "batch_classes": 3.5,
    "shuffled_classes": 3.6,
}


def sick_run() -> Run:
    """A run whose inputs are not scaled and whose loss stays where guessing is."""
    run = create(small_spec("sketches", epochs=4).changed(data=DataSpec(source="sketches")))
    lines = [
        {
            **{"event": "epoch", "epoch": epoch, "loss": 1.39, "val_loss": 1.39},
            **{"accuracy": 0.25, "val_accuracy": 0.25, "learning_rate": 0.001},
        }
        for epoch in (1, 2, 3, 4)
    ]
    told = [DATA, {"event": "epoch", "epoch": 1, "layers": [{"number": 2, "title": "Conv2D"}]}]
    for name, content in (("metrics.jsonl", lines), (NAME, told)):
        (run.folder / name).write_text("".join(json.dumps(line) + "\n" for line in content))
    return run


def test_health_is_one_value_of_json(home: Path, cli: Cli) -> None:
    """--json tells the run, each diagnosis with its remedies, and after how many epochs it looked."""
    run = sick_run()
    code, out, err = cli("health", run.id, "--json")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 1
    told = last_json(out)
    assert set(told) == {"run", "diagnoses", "looked_at_epochs"}
    assert told["run"] == run.id
    assert told["looked_at_epochs"] == 1
    assert told["diagnoses"] == [one.to_dict() for one in diagnose(case.of(run))]


def test_health_is_told_in_sentences(home: Path, cli: Cli) -> None:
    """Each fault with its evidence and remedies, the first first, or that nothing was found."""
    run = sick_run()
    code, out, err = cli("health", str(run.folder))
    assert (code, err) == (0, "")
    found = diagnose(case.of(run))
    places = [out.index(one.evidence) for one in found]
    assert places == sorted(places)
    for one in found:
        assert one.explained in out
        assert all(remedy.label in out and remedy.about in out for remedy in one.remedies)
    assert ("Nothing wrong found so far." in out) == (not found)
    assert "Looked at 4 epochs, after 1 of them at the layers." in out


@pytest.mark.tensorflow
def test_a_healthy_run_was_looked_at(trained_run: Run, cli: Cli) -> None:
    """A run that was really trained has epochs whose layers were looked at."""
    told = last_json(cli("health", trained_run.id, "--json")[1])
    assert told["looked_at_epochs"] >= 2


def test_health_of_nothing_is_bad_input(home: Path, cli: Cli) -> None:
    """A run that is not there ends with exit code 2; one that waits has nothing wrong so far."""
    code, out, err = cli("health", "gone-1", "--json")
    assert code == 2
    assert "There is no run gone-1" in err
    assert "error" in last_json(out)
    waiting = create(small_spec("sketches"))
    told = last_json(cli("health", waiting.id, "--json")[1])
    assert told == {"run": waiting.id, "diagnoses": [], "looked_at_epochs": 0}


def test_a_damaged_spec_is_told(home: Path, cli: Cli) -> None:
    """Without a whole spec.json there is no verdict, but an error that names the file."""
    run = create(small_spec("sketches"))
    (run.folder / "spec.json").write_text("{")
    code, _, err = cli("health", run.id)
    assert code == 1
    assert "spec.json" in err
