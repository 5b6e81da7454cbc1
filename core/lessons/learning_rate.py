"""Learning rate: steps that are too large, too small, and right."""

from __future__ import annotations

from core.health.diagnosis import Fault
from core.lessons import designs
from core.lessons.lesson import IMAGES, Answer, Lesson, Question, Step, Training
from core.specs import RunSpec, TrainSpec


def _spec(rate: float) -> RunSpec:
    return RunSpec(
        model=designs.plain("learning-rate", "relu"),
        data=IMAGES,
        train=TrainSpec(epochs=5, learning_rate=rate),
    )


LESSON = Lesson(
    name="learning-rate",
    title="Learning rate",
    icon="speed",
    sees="One network trained three times: with steps too large, too small, and right.",
    seconds=30,
    idea=(
        "In every step a network changes its weights a little, in the direction that lowers the loss.",
        "The learning rate says how far it goes in that direction.",
        "Too far and it leaps over what it looks for; not far enough and it never gets there.",
    ),
    steps=(
        Step(
            "Steps that are too large",
            "The learning rate of this training is 0.03, thirty times the usual one. Guessing among 12 "
            "classes has a loss of 2.48: see whether it gets below that.",
            Training(
                _spec(0.03),
                short="0.03",
                shows="The loss does not get below that of guessing. The first steps have thrown the network "
                "so far off that it does not find back.",
                fault=Fault.RATE_HIGH,
            ),
        ),
        Step(
            "What went wrong?",
            "The network is good enough: the last step of this lesson will show it.",
            Question(
                "Why did the loss not fall?",
                (
                    Answer(
                        "It needed more epochs.",
                        "More epochs would be more leaps. A loss that does not fall at all in five "
                        "epochs is no matter of patience.",
                    ),
                    Answer(
                        "Each step went too far and overshot.",
                        "Yes. The gradient is right about the direction, but only close by. A long "
                        "step lands on the other side of the valley, often higher up.",
                        right=True,
                    ),
                    Answer(
                        "The images are too hard to tell apart.",
                        "They are not: the same network will name most of them right in a minute.",
                    ),
                ),
            ),
        ),
        Step(
            "Steps that are too small",
            "Now the learning rate is 0.00001, a hundredth of the usual one. Watch how far the loss comes "
            "in five epochs.",
            Training(
                _spec(1e-5),
                short="0.00001",
                shows="The loss falls, so the direction is right. But it falls so little that it would take "
                "hundreds of epochs to get anywhere.",
                fault=Fault.RATE_LOW,
            ),
        ),
        Step(
            "Too small or too large?",
            "Both trainings ended near the loss of guessing, 2.48.",
            Question(
                "How can you tell from the curve that the steps are too small, and not too large?",
                (
                    Answer(
                        "The loss falls smoothly, but hardly at all.",
                        "Yes. Small steps go the right way, slowly; large ones leap about, or end where nothing "
                        "moves.",
                        right=True,
                    ),
                    Answer(
                        "Validation is worse than training.",
                        "That is a sign of learning by heart. Here both are alike, since hardly anything "
                        "has been learned.",
                    ),
                    Answer(
                        "You cannot: both fail.",
                        "Both fail, but look at the curves: one starts high and stands, the other falls a little "
                        "in every epoch.",
                    ),
                ),
            ),
        ),
        Step(
            "Steps of the right size",
            "The same network, the same images, the same five epochs, at the usual learning rate of Adam: "
            "0.001.",
            Training(
                _spec(1e-3),
                short="0.001",
                shows="Nothing but the size of the steps has changed.",
            ),
            look="ranking",
        ),
    ),
    moral="When a training does not learn, change the learning rate first, by a factor of ten: smaller "
    "where the loss leaps, larger where it creeps.",
    own="On Train, start with 0.001 for Adam or 0.01 for SGD, and look at the first two epochs.",
    terms=("learning rate", "loss", "gradient", "epoch"),
)
