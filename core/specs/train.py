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
        labels={"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"},
    )
    learning_rate: float = setting(
        0.001,
        gt=0.0,
        le=10.0,
        step=0.0001,
        label="Learning rate",
        help="Size of each weight change, at its highest where a schedule changes it. Too small "
        "learns slowly, too large not at all.",
    )
    momentum: float = setting(
        0.9,
        ge=0.0,
        lt=1.0,
        step=0.05,
        label="Momentum",
        help="SGD only: how much of the last change goes on into the next one.",
    )
    nesterov: bool = setting(
        False,
        label="Nesterov",
        help="SGD only: look ahead along the momentum before the gradient is followed.",
    )
    schedule: Literal["constant", "step", "cosine", "one-cycle", "plateau"] = setting(
        "constant",
        label="Schedule",
        help="How the learning rate changes while it trains. One-cycle rises to it and falls to "
        "zero: it learns most in a few epochs.",
        labels={
            "constant": "Constant",
            "step": "Step: lower every few epochs",
            "cosine": "Cosine: down to zero",
            "one-cycle": "One-cycle: up, then down to zero",
            "plateau": "Plateau: lower when it no longer helps",
        },
    )
    warmup: float = setting(
        0.0,
        ge=0.0,
        le=1000.0,
        step=0.5,
        label="Warm-up",
        help="Epochs in which the learning rate rises from zero. One-cycle rises for 30% of all "
        "epochs where this is 0.",
    )
    decay_factor: float = setting(
        0.1,
        gt=0.0,
        lt=1.0,
        step=0.1,
        label="Lower to",
        help="Step and plateau: the learning rate is multiplied by this each time.",
    )
    decay_epochs: int = setting(
        10,
        ge=1,
        le=1000,
        label="Lower every",
        help="Step: epochs between two lowerings. Plateau: epochs without a better validation loss "
        "before it is lowered.",
    )
    label_smoothing: float = setting(
        0.0,
        ge=0.0,
        lt=1.0,
        step=0.05,
        label="Label smoothing",
        help="How much of each label is shared out to all classes, so that the network never grows "
        "too sure. 0.1 is usual.",
    )
    class_weights: Literal["none", "balanced"] = setting(
        "none",
        label="Class weights",
        help="Balanced: images of rare classes count more, so that each class counts the same.",
        labels={"none": "All images count the same", "balanced": "Balanced"},
    )
    clip_norm: float = setting(
        0.0,
        ge=0.0,
        le=1000.0,
        step=0.5,
        label="Clip gradients",
        help="Longest that all gradients together may be; longer ones are shortened. 0 never does.",
    )
    weight_decay: float | None = setting(
        None,
        ge=0.0,
        le=1.0,
        step=0.0001,
        label="Weight decay",
        help="Each step shrinks the weights by this share times the learning rate.",
        empty="0.004 for AdamW, else 0",
    )
    average: float = setting(
        0.0,
        ge=0.0,
        lt=1.0,
        step=0.001,
        label="Averaged weights",
        help="Check and keep a running average of the weights instead of the last ones: 0.99 goes "
        "back some 100 steps. 0 does not average.",
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
    train_share: float = setting(
        1.0,
        ge=0.01,
        le=1.0,
        step=0.05,
        label="Share of training images",
        help="Learn from this share of each class's training images alone, to see how much more images "
        "are worth. Validation and test images stay the same, and the images of a smaller share are "
        "among those of a larger one.",
    )
    patience: int = setting(
        0,
        ge=0,
        le=1000,
        label="Patience",
        help="Early stopping: stop after this many epochs without a better validation loss; 0 trains all epochs.",
    )
    shuffle: bool = setting(
        True,
        label="Shuffle",
        help="Go through the training images in a new order in every epoch. Without it they come as "
        "they are in the set, often one class after the other.",
    )
    seed: int = setting(
        0,
        ge=0,
        le=2**31 - 1,
        label="Seed",
        help="Starting point of all random choices: first weights, order of images, dropout.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto",
        label="Precision",
        help="Of the sums in training. bfloat16 has 8 bits and is much faster where the processor "
        "has it; weights stay at 32 bits, and so do validation and tests.",
        labels={
            "auto": "What is faster here",
            "float32": "32 bits (float32)",
            "bfloat16": "16 bits (bfloat16)",
        },
    )

    @property
    def idle(self) -> frozenset[str]:
        """Settings that change nothing as the others are."""
        found: set[str] = set()
        if self.optimizer != "sgd":
            found |= {"momentum", "nesterov"}
        if self.schedule not in ("step", "plateau"):
            found |= {"decay_factor", "decay_epochs"}
        return frozenset(found)
