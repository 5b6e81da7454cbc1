"""What a lesson is: trainings, questions between them, and a sentence to take home."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.health.diagnosis import Fault
from core.lessons import drawings
from core.specs import DataSpec, RunSpec

IMAGES = DataSpec(source="sketches", size=32)
"""What most lessons train on: drawn here, once, and small enough for seconds an epoch."""

TAG, STEP = "lesson", "step"  # of a lesson's runs
Look = Literal["curves", "dead", "gradient", "ranking"]
"""What to look at: loss and accuracy by epoch, a measure of every layer, or all runs by accuracy."""


@dataclass(frozen=True)
class Training:
    """A run to train and watch.

    Attributes:
        short: what the charts call it, in a word or three.
        fault: what health names first when it is done; None for the one that goes right.
        shows: what there is to see once it is done, in a sentence or two.
    """

    spec: RunSpec
    short: str
    shows: str
    fault: Fault | None = None


@dataclass(frozen=True)
class Answer:
    """One of a question's answers, with what is said to whoever chooses it."""

    text: str
    reply: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question that what was just seen answers; exactly one answer is right."""

    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Step:
    """A page of a lesson: something to train, or to answer.

    Attributes:
        text: what to do and what to watch for, in a sentence or three.
        look: which chart tells most, below loss and accuracy.
    """

    title: str
    text: str
    task: Training | Question
    look: Look = "curves"

    @property
    def training(self) -> Training | None:
        """The run to train, where that is the task."""
        return self.task if isinstance(self.task, Training) else None

    @property
    def question(self) -> Question | None:
        """The question, where that is the task."""
        return self.task if isinstance(self.task, Question) else None


@dataclass(frozen=True)
class Lesson:
    """A lesson; its last step is the training that goes right.

    Attributes:
        name: in addresses and tags.
        icon: of Material Symbols, without colons.
        sees: what one will see, in a sentence, for the list of lessons.
        seconds: that its trainings take on two cores, about.
        idea: the idea in three plain sentences.
        moral: one sentence to take home.
        own: what to look for with images of one's own.
        terms: those of core.terms that stand at its beginning.
    """

    name: str
    title: str
    icon: str
    sees: str
    seconds: int
    idea: tuple[str, str, str]
    steps: tuple[Step, ...]
    moral: str
    own: str
    terms: tuple[str, ...]

    @property
    def trainings(self) -> dict[int, Training]:
        """The runs to train by their step's number, counted from 1."""
        return {
            number: step.training
            for number, step in enumerate(self.steps, start=1)
            if step.training is not None
        }

    def order(self, number: int) -> RunSpec:
        """The run of a step in this workspace, tagged as this lesson's."""
        spec = self.trainings[number].spec
        return spec.changed(
            data=drawings.located(spec.data), tags={TAG: self.name, STEP: str(number)}
        )
