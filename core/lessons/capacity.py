"""Capacity: a network too small for what there is to tell apart, and one that is not."""

from __future__ import annotations

from core.health.diagnosis import Fault
from core.lessons import designs
from core.lessons.lesson import IMAGES, Answer, Lesson, Question, Step, Training
from core.specs import RunSpec, TrainSpec

LESSON = Lesson(
    name="capacity",
    title="Capacity",
    icon="width",
    sees="A network of 234 numbers that stops learning early, and a larger one that goes on.",
    seconds=30,
    idea=(
        "What a network can tell apart is limited by its size: its filters, units and layers.",
        "One that is too small is as wrong on the images that it learns from as on new ones.",
        "That is called underfitting, and neither more images nor more epochs help.",
    ),
    steps=(
        Step(
            "A network that is too small",
            "This one has three filters in each of two layers. Watch both curves of accuracy: training is "
            "dashed, validation is solid.",
            Training(
                RunSpec(
                    model=designs.tiny("three-filters"),
                    data=IMAGES,
                    train=TrainSpec(epochs=10, learning_rate=0.01, schedule="cosine"),
                ),
                short="3 filters",
                shows="Both curves rise a little and then lie flat, close to each other: it can do no better "
                "on any images.",
                fault=Fault.UNDERFITTING,
            ),
        ),
        Step(
            "What would help?",
            "Training and validation accuracy are about the same, and both are low.",
            Question(
                "What would raise them?",
                (
                    Answer(
                        "More images.",
                        "It is wrong on most of those that it knows already. More of them help a network "
                        "that does well on those it knows and badly on others.",
                    ),
                    Answer(
                        "Dropout or augmentation.",
                        "They make learning by heart harder. This network cannot even learn by heart.",
                    ),
                    Answer(
                        "More filters and layers.",
                        "Yes. With more filters it can look for more patterns, and a dense layer can "
                        "combine them.",
                        right=True,
                    ),
                ),
            ),
        ),
        Step(
            "A larger network",
            "16 and 32 filters, and a dense layer of 64 units behind them. It takes longer for an epoch, so "
            "it gets fewer.",
            Training(
                RunSpec(
                    model=designs.plain("more-filters", "leaky_relu"),
                    data=IMAGES,
                    train=TrainSpec(epochs=6),
                ),
                short="16 and 32 filters",
                shows="Both curves rise together and go on rising: there was more to learn, and now there is "
                "room for it.",
            ),
            look="ranking",
        ),
    ),
    moral="Where even the training images are named wrong and the curves lie flat, make the network larger.",
    own="On Design, Wider doubles all filters and units, and Deeper adds layers.",
    terms=("capacity", "underfitting", "filter", "accuracy"),
)
