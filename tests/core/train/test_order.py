"""core.train.order: what can be checked is checked before a run is made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.design.analysis import Analysis, analyse
from core.errors import AppError, DataError, NotFoundError, SpecError
from core.runs.run import all_runs
from core.runs.status import State
from core.specs import Conv2D, DataSpec, Input, ModelSpec, Output, TransferSpec
from core.train.order import order
from core.transfer.compose import compose
from tests.conftest import small_spec
from tests.core.conftest import hold_slot


def test_a_good_order_is_queued(queue_home: Path, examples: Path) -> None:
    """A run whose images and design fit is queued, and the reading of its images is reported."""
    lock = hold_slot(queue_home)
    reports: list[tuple[int, int]] = []
    run = order(small_spec(str(examples)), lambda done, total: reports.append((done, total)))
    assert reports[-1] == (60, 60)
    assert run.status.state is State.QUEUED
    assert all_runs() == [run]
    lock.release()


def test_a_design_is_analysed_once(
    queue_home: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order goes through its design once, however much is asked of it."""
    lock = hold_slot(queue_home)
    calls: list[ModelSpec] = []

    def counted(model: ModelSpec, shape: tuple[int, int, int], classes: int) -> Analysis:
        calls.append(model)
        return analyse(model, shape, classes)

    monkeypatch.setattr("core.design.analysis.analyse", counted)
    monkeypatch.setattr("core.train.order.analyse", counted)
    spec = small_spec(str(examples))
    order(spec)
    assert calls == [spec.model]
    lock.release()


@pytest.mark.parametrize(
    ("damage", "kind", "word"),
    [
        ("missing", NotFoundError, "folder"),
        ("empty", DataError, "images"),
        ("one class", DataError, "class"),
        ("one image", DataError, "too few images"),
        ("design", SpecError, "Layer 2"),
    ],
)
def test_a_bad_order_makes_no_run(
    queue_home: Path, examples: Path, damage: str, kind: type[AppError], word: str
) -> None:
    """Images or a design that cannot be used are refused before there is a run."""
    spec = small_spec(str(examples))
    if damage == "missing":
        shutil.rmtree(examples)
    elif damage == "empty":
        shutil.rmtree(examples)
        examples.mkdir()
    elif damage == "one class":
        for name in ("circles", "crosses"):
            shutil.rmtree(examples / name)
    elif damage == "one image":
        for path in sorted((examples / "circles").iterdir())[1:]:
            path.unlink()
    else:
        layers = (Input(), Conv2D(kernel_size=31), Output())
        spec = spec.changed(model=ModelSpec(name="wide", layers=layers).model_dump())
    with pytest.raises(kind) as caught:
        order(spec)
    assert word in str(caught.value)
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.remedy
    assert all_runs() == []


@pytest.mark.parametrize("finetune", ["none", "last-2-blocks", "all"])
def test_what_no_transfer_can_have(
    queue_home: Path, examples: Path, monkeypatch: pytest.MonkeyPatch, finetune: str
) -> None:
    """A setting that its worker could not read is told at once."""
    lock = hold_slot(queue_home)
    spec = compose(TransferSpec(size=64, finetune=finetune), DataSpec(source=str(examples)))
    monkeypatch.setenv("LAYERWISE_FEATURES", "much")
    with pytest.raises(SpecError, match="LAYERWISE_FEATURES is not valid"):
        order(spec)
    monkeypatch.delenv("LAYERWISE_FEATURES")
    assert order(spec).status.state is State.QUEUED
    lock.release()


def test_blocks_that_do_not_fit(
    queue_home: Path, examples: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All of a network at a large size and batch takes more than a small machine has."""
    limit = tmp_path / "memory.max"
    limit.write_text("2000000000\n")
    monkeypatch.setattr("core.train.memory._LIMIT", limit)
    transfer = TransferSpec(size=512, finetune="all")
    spec = compose(transfer, DataSpec(source=str(examples)), train={"batch_size": 256})
    with pytest.raises(SpecError, match="blocks of the pretrained network"):
        order(spec)
    assert all_runs() == []
