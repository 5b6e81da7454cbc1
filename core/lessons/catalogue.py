"""All lessons, in the order in which they are best taken."""

from __future__ import annotations

from core.errors import NotFoundError
from core.lessons import capacity, dying_units, learning_rate, overfitting, vanishing_gradients
from core.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = (
    learning_rate.LESSON,
    overfitting.LESSON,
    capacity.LESSON,
    dying_units.LESSON,
    vanishing_gradients.LESSON,
)


def find(name: str) -> Lesson:
    """The lesson of that name; raises NotFoundError."""
    for lesson in LESSONS:
        if lesson.name == name:
            return lesson
    raise NotFoundError(
        f"There is no lesson {name}",
        expected="one of " + ", ".join(lesson.name for lesson in LESSONS),
        received=repr(name),
        remedy="Choose one from the list of lessons",
    )
