"""How a design is trained."""

from __future__ import annotations

from typing import Literal

from core.specs.spec import Spec, setting


class TrainSpec(Spec):
    """All settings of a training."""

    epochs: int = setting(
        10,
        ge=1,
        le=1000,
        label="Epochs",
        help="How many times training goes through all training images.",
    )
    batch_size: int = setting(
        32,
        ge=1,
        le=4096,
        label="Batch size",
        help="Images looked at before the weights are adjusted once.",
    )
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = setting(
        "adam",
        label="Optimizer",
        help="The rule that turns gradients into weight changes. Adam is a good first choice.",
        labels={
            "adam": "Adam",
            "adamw": "AdamW",
            "sgd": "SGD (momentum 0.9)",
            "rmsprop": "RMSprop",
        },
    )
    learning_rate: float = setting(
        0.001,
        gt=0.0,
        le=10.0,
        step=0.0001,
        label="Learning rate",
        help="Size of each weight change. Too small learns slowly, too large not at all.",
    )
    validation_share: float = setting(
        0.15,
        ge=0.05,
        le=0.5,
        step=0.05,
        label="Validation share",
        help="Share of the training images kept aside to check every epoch on images not learned "
        "from. The best epoch is chosen by them.",
    )
    patience: int = setting(
        0,
        ge=0,
        le=1000,
        label="Patience",
        help="Early stopping: stop after this many epochs without a better validation loss; 0 trains all epochs.",
    )
    seed: int = setting(
        0,
        ge=0,
        le=2**31 - 1,
        label="Seed",
        help="Starting point of all random choices: first weights, order of images, dropout.",
    )
