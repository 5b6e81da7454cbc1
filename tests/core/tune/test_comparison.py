"""core.tune.comparison: a transfer beside a design trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import draft, files
from core.data.dataset import load
from core.design.cost import KINDS, Speed
from core.design.presets import preset
from core.errors import RunError, SpecError
from core.runs import queue
from core.runs.how_far import PHASE
from core.runs.run import Run, all_runs, create
from core.runs.run import delete as delete_run
from core.runs.status import State
from core.specs import DataSpec, RunSpec, TransferSpec
from core.train.worker import work
from core.transfer.compose import compose
from core.transfer.learned import SUBJECT
from core.tune import comparison
from tests.conftest import small_spec
from tests.core.conftest import hold_slot
from tests.core.tune.conftest import Transferred, finish_test

STARTER = preset("starter")


@pytest.fixture
def waiting(home: Path) -> Iterator[Path]:
    """A workspace in which what is ordered waits."""
    lock = hold_slot(home)
    yield home
    lock.release()


def planned(run: Run, shares: tuple[float, ...] = comparison.CURVE) -> list[RunSpec]:
    """With the preset starter."""
    return comparison.plan(run, STARTER, shares, draft.load())


def places(specs: list[RunSpec]) -> list[tuple[str, float]]:
    """Each one's way and share."""
    return [(spec.tags["way"], spec.train.train_share) for spec in specs]


def test_all_shares_by_both_ways(home: Path, transferred: Transferred) -> None:
    """The transfer of all images is there already; what is quick comes first."""
    run = transferred()
    specs = planned(run)
    assert places(specs) == [
        *(("transfer", share) for share in (0.05, 0.1, 0.25, 0.5)),
        *(("scratch", share) for share in (1.0, 0.5, 0.25, 0.1, 0.05)),
    ]
    for spec in specs[:4]:
        assert spec.changed(tags={}, train=run.spec.train) == run.spec
    assert places(planned(run, comparison.ALL)) == [("scratch", 1.0)]


def test_all_ways_are_tested_on_the_same_images(
    home: Path, transferred: Transferred, examples: Path
) -> None:
    """Whatever the share and the size of the images; and learn from the same ones."""
    run = transferred(examples)
    whole = load(run.spec.data).split(run.spec.train.validation_share)
    parts: dict[float, list[np.ndarray]] = {}
    for spec in planned(run):
        found = load(spec.data).split(spec.train.validation_share, spec.train.train_share)
        assert found.test.tolist() == whole.test.tolist()
        assert found.validation.tolist() == whole.validation.tolist()
        parts.setdefault(spec.train.train_share, [whole.train] * (spec.train.train_share == 1.0))
        parts[spec.train.train_share].append(found.train)
    for one, other in parts.values():
        assert one.tolist() == other.tolist()


@pytest.mark.usefixtures("waiting")
def test_nothing_is_trained_twice(transferred: Transferred, examples: Path) -> None:
    """What is there or on its way is left out; what was stopped, or another design, is not."""
    run = transferred(examples)
    first, *_ = comparison.order(planned(run))
    assert planned(run) == []
    assert len(comparison.plan(run, preset("fast"), comparison.CURVE, draft.load())) == 5
    queue.cancel(first)
    assert places(planned(run)) == [("transfer", 0.05)]
    comparison.cancel(comparison.rows(run))
    assert len(planned(run)) == 9
    assert comparison.active(comparison.rows(run)) == []


@pytest.mark.usefixtures("waiting")
def test_rows_tell_each_way_by_share(transferred: Transferred, examples: Path) -> None:
    """The transfer first, the smallest share first; a run that came to nothing gives way."""
    run = transferred(examples)
    made = comparison.order(planned(run, (0.5, 1.0)))
    finish_test(made[0], 0.95, images=600)
    finish_test(made[1], 0.9, seconds=60.0)
    line = {"event": "epoch", "epoch": 1, "time": 1012.5, "val_accuracy": 0.7, "val_loss": 1.0}
    files.append_json(made[1].folder / "metrics.jsonl", line)
    rows = comparison.rows(run)
    names = "EfficientNet-Lite0, pretrained", "starter, from scratch"
    assert [(row.title, row.share, row.images, row.accuracy) for row in rows] == [
        (names[0], 0.5, 600, 0.95),
        (names[0], 1.0, 1200, 0.99),
        (names[1], 0.5, None, None),
        (names[1], 1.0, 1200, 0.9),
    ]
    assert rows[3].course == [(12.5, 0.7)]
    assert [row.member.run for row in comparison.active(rows)] == [made[2]]
    assert comparison.verdict(rows) == (
        f"With all images: {names[0]}: 99.0% in 10 s; {names[1]}: 90.0% in 1 min 0 s."
    )
    again = create(made[1].spec)
    assert comparison.rows(run)[3].member.run == again
    queue.cancel(again)
    assert comparison.rows(run)[3].member.run == made[1]
    comparison.cancel(rows)


@pytest.mark.usefixtures("waiting")
def test_a_difference_by_chance_is_said_to_be_one(transferred: Transferred, examples: Path) -> None:
    """Of 400 test images one in a hundred is."""
    run = transferred(examples)
    (made,) = comparison.order(planned(run, comparison.ALL))
    assert comparison.verdict(comparison.rows(run)) == ""
    finish_test(made, 0.98)
    told = comparison.verdict(comparison.rows(run))
    assert told.endswith("Too close to tell apart with 400 test images.")


@pytest.mark.usefixtures("waiting")
def test_what_was_stopped_is_no_result(transferred: Transferred, examples: Path) -> None:
    """It is told among the figures, but no verdict is made of it; one that was done counts before it."""
    run = transferred(examples)
    (made,) = comparison.order(planned(run, comparison.ALL))
    finish_test(made, 0.4, state=State.STOPPED)
    assert comparison.rows(run)[1].cut_short
    assert comparison.verdict(comparison.rows(run)) == ""
    (again,) = comparison.order(planned(run, comparison.ALL))
    finish_test(again, 0.9)
    finish_test(create(made.spec), 0.5, state=State.STOPPED)
    assert comparison.rows(run)[1].member.run == again
    assert "90.0%" in comparison.verdict(comparison.rows(run))


@pytest.mark.usefixtures("waiting")
def test_runs_of_a_transfer_that_was_deleted_are_not_anothers(
    transferred: Transferred, examples: Path
) -> None:
    """One that has its name but holds back other images has no part in its comparison."""
    run = transferred(examples)
    (made,) = comparison.order(planned(run, comparison.ALL))
    queue.cancel(made)
    delete_run(run)
    other = transferred(examples, train={"validation_share": 0.4})
    assert other.id == run.id
    assert [row.member.run for row in comparison.rows(other)] == [other]


def test_what_cannot_be_compared_is_refused(home: Path, transferred: Transferred) -> None:
    """A run of another kind, one that is not done, a design with a pretrained network, no share."""
    with pytest.raises(RunError, match="cannot be compared") as caught:
        planned(create(small_spec("sketches")))
    assert "training of another kind that is queued" in caught.value.received
    with pytest.raises(RunError, match="cannot be compared"):
        planned(transferred(state=State.STOPPED))
    run = transferred()
    item = preset("starter")
    behind = type(item)(run.spec.model, "", "")
    with pytest.raises(SpecError, match="no training from scratch"):
        comparison.plan(run, behind, comparison.ALL, draft.load())
    with pytest.raises(SpecError, match="train_share"):
        planned(run, (0.0,))


@pytest.mark.parametrize("text", ["", "5,x", "0", "101", "nan"])
def test_shares_that_are_none(text: str) -> None:
    """Percentages above 0, up to 100."""
    with pytest.raises(SpecError, match="--shares"):
        comparison.shares(text)


def test_shares_as_they_are_typed() -> None:
    """With or without spaces and signs."""
    assert comparison.shares("5, 10%,100") == (0.05, 0.1, 1.0)


@pytest.mark.tensorflow
def test_a_real_comparison(with_backbone: Path, examples: Path) -> None:
    """A transfer and a design from scratch, each on two shares of the same few photos."""
    data = DataSpec(source=str(examples), together="copies")
    run = create(compose(TransferSpec(size=32, head="linear"), data))
    assert work(run) is State.DONE, run.status.error
    specs = planned(run, (0.25, 1.0))
    short = {"epochs": 2, "patience": 0}
    for spec in specs:
        changes = short if spec.tags["way"] == "scratch" else {}
        made = create(spec.changed(train=spec.train.changed(**changes)))
        assert work(made) is State.DONE, made.status.error
    rows = comparison.rows(run)
    assert [(row.way, row.share) for row in rows] == [
        ("transfer", 0.25), ("transfer", 1.0), ("scratch", 0.25), ("scratch", 1.0),
    ]  # fmt: skip
    few, every = rows[0].images, rows[1].images
    assert few is not None
    assert every is not None
    assert [row.images for row in rows[2:]] == [few, every]
    assert abs(few - every / 4) <= 3
    assert {row.member.status.test_images for row in rows} == {12}
    assert all(row.accuracy is not None and row.course for row in rows)
    assert all(row.member.status.macro_recall is not None for row in rows)
    assert "from scratch" in comparison.verdict(rows)
    assert len(all_runs()) == 4


def test_fewer_images_are_fine_tuned_on_as_a_smaller_set(home: Path) -> None:
    """With its batches and rate, for more epochs in the same measure; that is told in the time too."""
    transfer = TransferSpec(size=64, finetune="last-2-blocks", epochs=6, learning_rate=0.001)
    base = compose(transfer, DataSpec(source="sketches"))
    run = create(base.changed(train=base.train.changed(batch_size=128)))
    finish_test(run, 0.99, images=30_000, seconds=300.0)
    files.append_json(
        run.folder / "metrics.jsonl", {"event": "stage", "name": PHASE, "seconds": 100.0}
    )
    specs = [spec for spec in planned(run) if spec.tags["way"] == "transfer"]
    asked = [
        (spec.train.train_share, spec.train.epochs, spec.train.batch_size, spec.train.learning_rate)
        for spec in specs
    ]
    assert asked == [
        (0.05, 16, 64, 0.0005),
        (0.1, 16, 64, 0.0005),
        (0.25, 8, 64, 0.0005),
        (0.5, 8, 64, 0.0005),
    ]
    took = comparison.seconds(specs[:1], run, Speed(**dict.fromkeys(KINDS, 1e-9)))
    assert took == pytest.approx(200 + 100 * 0.05 * 16 / 6)


def test_a_tag_of_ones_own_makes_no_comparison(home: Path, transferred: Transferred) -> None:
    """Only both tags together do."""
    spec = transferred().spec
    assert not comparison.made_for_one(spec.changed(tags={"compare": "x"}))
    assert not comparison.made_for_one(spec.changed(tags={"compare": "x", "way": "mine"}))
    assert comparison.made_for_one(spec.changed(tags={"compare": "x", "way": "scratch"}))


def test_what_flatters_is_told_once(home: Path, transferred: Transferred) -> None:
    """Notes of other kinds are not."""
    run = transferred()
    seen = f"{SUBJECT} has seen 3 of the 9 test images before."
    notes = (seen, "Tested in another way.")
    run.write_status(run.saved_status.model_copy(update={"notes": notes}))
    rows = comparison.rows(run)
    assert comparison.warnings([*rows, *rows]) == [seen]
