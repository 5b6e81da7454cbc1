"""Dying units: large first steps that put ReLU units out for good, and two things against it."""

from __future__ import annotations

from core.health.diagnosis import Fault
from core.lessons import designs
from core.lessons.lesson import IMAGES, Answer, Lesson, Question, Step, Training
from core.specs import RunSpec, TrainSpec


def _spec(name: str, activation: str, rate: float) -> RunSpec:
    return RunSpec(
        model=designs.plain(name, activation),
        data=IMAGES,
        train=TrainSpec(epochs=6, learning_rate=rate, schedule="cosine"),
    )


LESSON = Lesson(
    name="dying-units",
    title="Dying neurons",
    icon="power_off",
    sees="Units that go out in the first epoch and never come back, and a network in which none does.",
    seconds=30,
    idea=(
        "A ReLU unit passes on what is above 0 and nothing else.",
        "A step that is too large can push its sum below 0 for every image.",
        "Then its gradient is 0 as well: it learns nothing more, whatever comes.",
    ),
    steps=(
        Step(
            "Large steps at first",
            "This network of ReLU units begins with a learning rate of 0.03, which falls to 0 over six "
            "epochs. Small steps at the end could mend what large ones spoiled: see whether they do.",
            Training(
                _spec("relu-units", "relu", 0.03),
                short="ReLU, 0.03",
                shows="The bars show how many units of each layer give 0 for every image. The loss stands at "
                "that of guessing, 2.48, to the end.",
                fault=Fault.DEAD,
            ),
            look="dead",
        ),
        Step(
            "Why does it not recover?",
            "In the last epochs the learning rate was as small as it usually is.",
            Question(
                "What keeps dead units from learning?",
                (
                    Answer(
                        "The learning rate has become too small.",
                        "It passes every size on its way down, the usual one too. A unit with a gradient "
                        "would have learned.",
                    ),
                    Answer(
                        "Their gradient is 0, so no step changes them.",
                        "Yes. Left of 0 a ReLU is flat, and a flat curve has no slope to follow back.",
                        right=True,
                    ),
                    Answer(
                        "They have learned all that they can.",
                        "They say the same of every image: that is nothing learned.",
                    ),
                ),
            ),
        ),
        Step(
            "Curves that are nowhere flat, and smaller steps",
            "A leaky ReLU passes on a fifth of what is below 0 as well, so that there is always a slope. And "
            "the first steps are a tenth as large.",
            Training(
                _spec("leaky-units", "leaky_relu", 0.003),
                short="leaky ReLU, 0.003",
                shows="A leaky ReLU has no dead units to count, and the loss falls from the first epoch on.",
            ),
            look="ranking",
        ),
    ),
    moral="Where a loss stands still from the beginning, look for dead units, begin with smaller steps, and "
    "take a leaky ReLU.",
    own="Train and Runs tell the share of dead units of every layer in their health.",
    terms=("dead unit", "ReLU", "learning rate", "gradient"),
)
