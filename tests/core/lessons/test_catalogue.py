"""core.lessons: what every lesson has to have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.design.analysis import analyse
from core.errors import NotFoundError
from core.health.diagnosis import Fault
from core.lessons import catalogue
from core.lessons.lesson import STEP, TAG, Lesson
from core.terms import glossary

every = pytest.mark.parametrize("lesson", catalogue.LESSONS, ids=lambda lesson: lesson.name)


def test_the_ideas_of_the_labs() -> None:
    """There is a lesson for each of the five ideas, under a name of its own."""
    names = [lesson.name for lesson in catalogue.LESSONS]
    assert sorted(names) == [
        "capacity",
        "dying-units",
        "learning-rate",
        "overfitting",
        "vanishing-gradients",
    ]
    assert all(re.fullmatch(r"[a-z-]+", name) for name in names)


def test_the_faults_that_are_shown() -> None:
    """Every fault that a lesson is about is planted once."""
    planted = [
        training.fault
        for lesson in catalogue.LESSONS
        for training in lesson.trainings.values()
        if training.fault is not None
    ]
    assert sorted(planted) == sorted(
        [
            *(Fault.RATE_HIGH, Fault.RATE_LOW, Fault.OVERFITTING, Fault.UNDERFITTING),
            *(Fault.DEAD, Fault.VANISHING),
        ]
    )


@every
def test_an_idea_is_three_sentences(lesson: Lesson) -> None:
    """The idea is told in three sentences, and so short that it is read."""
    assert len(lesson.idea) == 3
    for sentence in lesson.idea:
        assert sentence.endswith(".")
        assert len(sentence.split()) <= 25
    assert lesson.moral.count(".") == 1


@every
def test_a_lesson_goes_from_the_fault_to_the_mended_run(lesson: Lesson) -> None:
    """It begins with a training that goes wrong and ends with the only one that goes right."""
    first, *_, last = lesson.trainings.values()
    assert lesson.steps[0].training is first
    assert lesson.steps[-1].training is last
    assert first.fault is not None
    assert [training for training in lesson.trainings.values() if training.fault is None] == [last]
    assert len({training.short for training in lesson.trainings.values()}) == len(lesson.trainings)


@every
def test_a_question_has_one_right_answer(lesson: Lesson) -> None:
    """Of the answers one is right, and something is said to each."""
    questions = [step.question for step in lesson.steps if step.question is not None]
    assert questions
    for question in questions:
        assert sum(answer.right for answer in question.answers) == 1
        assert all(answer.reply for answer in question.answers)
        assert len({answer.text for answer in question.answers}) == len(question.answers) >= 3


@every
def test_a_lessons_runs_are_small_ordinary_runs(home: Path, lesson: Lesson) -> None:
    """Its runs are tagged as the lesson's, fit their images, and are small."""
    for number in lesson.trainings:
        spec = lesson.order(number)
        assert spec.tags == {TAG: lesson.name, STEP: str(number)}
        assert spec.data.size is not None
        analysis = analyse(spec.model, (spec.data.size, spec.data.size, 3), 12)
        assert not analysis.errors
        work = spec.train.epochs * analysis.macs
        assert work < 100_000_000
    assert lesson.seconds < 60


@every
def test_terms_of_a_lesson_are_explained(lesson: Lesson) -> None:
    """Four terms stand at its beginning, and each is explained."""
    assert 3 <= len(set(lesson.terms)) == len(lesson.terms) <= 5
    for name in lesson.terms:
        assert glossary.find(name)


def test_a_lesson_by_its_name() -> None:
    """A lesson is found by its name; another name is an error that lists the known ones."""
    assert catalogue.find("capacity").title == "Capacity"
    with pytest.raises(NotFoundError, match="learning-rate"):
        catalogue.find("geometry")
