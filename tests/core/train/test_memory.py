"""Whether a training fits in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.design.analysis import Analysis, analyse
from core.design.presets import preset
from core.errors import SpecError
from core.specs import TrainSpec
from core.train import memory


def starter() -> Analysis:
    """The starter preset on the sketches."""
    return analyse(preset("starter").model, (64, 64, 3), 12)


def test_this_machine_can_train_the_starter() -> None:
    """The starter design fits where the tests run."""
    assert memory.total() > 10**9
    memory.require(starter(), TrainSpec())


def test_a_container_s_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the container may use is what there is; without a limit, all of the machine."""
    limit = tmp_path / "memory.max"
    whole = memory.total()
    monkeypatch.setattr(memory, "_LIMIT", limit)
    limit.write_text("100000000\n")
    assert memory.total() == 100_000_000
    with pytest.raises(SpecError, match="does not fit in memory") as caught:
        memory.require(starter(), TrainSpec())
    assert "100 MB" in caught.value.expected
    limit.write_text("max\n")
    assert memory.total() >= whole
    limit.unlink()
    assert memory.total() >= whole


def test_blocks_that_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a batch leaves in them is to fit too."""
    monkeypatch.setattr(memory, "_LIMIT", tmp_path / "memory.max")
    (tmp_path / "memory.max").write_text("1000000000\n")
    memory.require_blocks(64, 1_000_000)
    with pytest.raises(SpecError, match="blocks of the pretrained network") as caught:
        memory.require_blocks(64, 100_000_000)
    assert caught.value.received == "about 25.6 GB at batch size 64"
