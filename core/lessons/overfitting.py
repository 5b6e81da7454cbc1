"""Overfitting: few images learned by heart, and the same ones changed in every epoch."""

from __future__ import annotations

from core.health.diagnosis import Fault
from core.lessons import designs
from core.lessons.lesson import Answer, Lesson, Question, Step, Training
from core.specs import AugmentSpec, DataSpec, RunSpec, TrainSpec

_CHANGED = AugmentSpec(flip="horizontal", shift=0.1, rotation=10.0, zoom=0.1)


def _spec(name: str, augment: AugmentSpec) -> RunSpec:
    return RunSpec(
        model=designs.plain(name, "relu", filters=32),
        # half of the images for the test, and half of the others for validation: few are left
        data=DataSpec(source="sketches", size=16, test_share=0.5),
        train=TrainSpec(epochs=20, validation_share=0.5),
        augment=augment,
    )


LESSON = Lesson(
    name="overfitting",
    title="Overfitting",
    icon="menu_book",
    sees="A network that learns 450 small images by heart, and one that has to look at what they show.",
    seconds=40,
    idea=(
        "A network is to name images that it has never seen.",
        "With few images it can learn each one by heart instead, which is of no use for others.",
        "It shows where training and validation part: one goes on to improve, the other gets worse.",
    ),
    steps=(
        Step(
            "Few images, many epochs",
            "It learns from about 450 drawings of 16 pixels and is checked on as many others. Training is "
            "dashed, validation is solid: watch when they part.",
            Training(
                _spec("by-heart", AugmentSpec()),
                short="as they are",
                shows="From the turning point on it names more and more of its own images right, while the "
                "loss on the others rises: it gets surer of its mistakes.",
                fault=Fault.OVERFITTING,
            ),
        ),
        Step(
            "When was it best?",
            "Think of an image of your own that you would show it.",
            Question(
                "Which epoch's network would name it best?",
                (
                    Answer(
                        "The last one: its training loss is lowest.",
                        "Lowest on images that it knows by heart. Yours is not among them.",
                    ),
                    Answer(
                        "The one where the validation loss was lowest.",
                        "Yes. Validation images are new to it, as yours is. Layerwise keeps the network "
                        "of that epoch, and early stopping ends the training there.",
                        right=True,
                    ),
                    Answer(
                        "The first one: it had no time to learn by heart.",
                        "It had no time to learn anything else either: look how high both losses are there.",
                    ),
                ),
            ),
        ),
        Step(
            "The same images, changed every time",
            "Now each image is mirrored, shifted, turned and zoomed a little, another way in each epoch. "
            "Nothing can be learned by heart that comes only once.",
            Training(
                _spec("changed-images", _CHANGED),
                short="changed",
                shows="Training is harder, so its curve lies lower. Validation is what counts, and it goes on "
                "to improve.",
            ),
            look="ranking",
        ),
    ),
    moral="Judge a network by images that it does not learn from, and where the curves part, give it more "
    "images, or the same ones changed.",
    own="On Train, Change the training images switches this on, and Patience stops in time.",
    terms=("overfitting", "validation", "augmentation", "early stopping"),
)
