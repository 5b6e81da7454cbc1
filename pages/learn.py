"""Learn: a list of lessons, or one by ?lesson=, a step at a time by ?step=."""

from core.errors import AppError
from core.lessons import catalogue, progress
from core.lessons.lesson import Lesson
from pages.learning import cards, steps
from pages.shared import cached, frame, state


def lessons() -> None:
    """The list of all lessons."""
    with frame.page("Learn", "See what goes wrong in a training, and mend it."):
        cards.draw([progress.of(lesson, cached.runs()) for lesson in catalogue.LESSONS])


def one(lesson: Lesson) -> None:
    """The step of a lesson that the address names, or its first."""
    number = state.address("step")
    at = int(number) if number.isdecimal() and int(number) <= len(lesson.steps) else 1
    at = max(1, at)
    with frame.page(lesson.title, " ".join(lesson.idea) if at == 1 else lesson.sees):
        steps.draw(progress.of(lesson, cached.runs()), at)


name = state.address("lesson")
try:
    chosen = catalogue.find(name) if name else None
except AppError as error:
    with frame.page("Learn", "See what goes wrong in a training, and mend it."):
        steps.back()
        frame.show_error(error)
else:
    if chosen is None:
        lessons()
    else:
        one(chosen)
