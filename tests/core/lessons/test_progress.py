"""core.lessons.progress: how far a person has come."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.health import case
from core.health.diagnosis import Fault
from core.health.doctor import diagnose
from core.lessons import catalogue, progress
from core.lessons.lesson import Lesson
from core.lessons.progress import Progress
from core.runs.run import Run, all_runs, create, delete
from core.runs.status import State

LESSON = catalogue.find("vanishing-gradients")


def now(lesson: Lesson = LESSON) -> Progress:
    """The progress as a page asks for it."""
    return progress.of(lesson, [(run, run.status) for run in all_runs()])


def made(number: int, state: State = State.DONE) -> Run:
    """A run of a step, in that state."""
    run = create(LESSON.order(number))
    run.write_status(run.status.model_copy(update={"state": state}))
    return run


def test_nothing_yet(home: Path) -> None:
    """In an empty workspace no lesson is begun, and the first step is the next."""
    for lesson in catalogue.LESSONS:
        mine = now(lesson)
        assert not mine.begun
        assert not mine.done
        assert mine.next == 1


def test_step_by_step(home: Path) -> None:
    """Runs that are done and right answers lead from step to step to the end."""
    first = made(1)
    assert (now().next, now().begun, dict(now().runs)) == (2, True, {1: first})
    progress.answer(LESSON, 2, 1)
    assert (now().answers, now().right(2), now().next) == ({2: 1}, False, 2)
    progress.answer(LESSON, 2, 0)
    assert (now().right(2), now().next, now().done) == (True, 3, False)
    made(3)
    assert now().done
    assert now().next == 1
    assert not now(catalogue.find("capacity")).begun


@pytest.mark.parametrize("state", [State.QUEUED, State.STOPPED, State.FAILED])
def test_a_run_that_is_not_done_does_not_count(home: Path, state: State) -> None:
    """A run that waits, was stopped or failed is shown, but its step is not done."""
    run = made(1, state)
    assert now().runs == {1: run}
    assert now().next == 1


def test_the_newest_run_is_shown(home: Path) -> None:
    """Trained anew, a step shows its newest run; deleted, the one before."""
    first, second = made(1), made(1)
    first.write_status(first.status.model_copy(update={"created": 1.0}))
    assert now().runs == {1: second}
    delete(second)
    assert now().runs == {1: first}


def test_other_runs_are_no_lessons(home: Path) -> None:
    """A run without the tags, with another lesson's, or of an earlier version of it does not count."""
    spec = LESSON.order(1)
    create(spec.changed(tags={}))
    create(spec.changed(tags={**spec.tags, "lesson": "capacity"}))
    create(spec.changed(train=spec.train.changed(epochs=1)))
    (made(1).folder / "spec.json").write_text("{")
    assert not now().begun


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "null", '{"vanishing-gradients": 1}', '{"vanishing-gradients": {"2": 9}}'],
)
def test_answers_that_cannot_be_read_are_none(home: Path, content: str) -> None:
    """A damaged file of answers, or one of another version, costs the answers and nothing else."""
    progress.answer(LESSON, 2, 0)
    (home / "saved_models" / ".lessons.json").write_text(content)
    assert now().answers == {}
    progress.answer(LESSON, 2, 1)
    assert now().answers == {2: 1}


@pytest.mark.tensorflow
def test_the_fault_is_named_and_mended(home: Path) -> None:
    """Trained for real, a lesson's first run has its fault named first; its last learns much more."""
    from core.train.worker import work

    wrong, right = create(LESSON.order(1)), create(LESSON.order(3))
    for run in (wrong, right):
        assert work(run) is State.DONE
    found = diagnose(case.of(wrong))
    assert found[0].fault is Fault.VANISHING
    assert "gradient" in found[0].evidence
    assert diagnose(case.of(right)) == []
    assert (right.status.val_accuracy or 0) > (wrong.status.val_accuracy or 0) + 0.2
    assert now().next == 2
