"""Remedies that change what a training is given to learn from."""

from __future__ import annotations

from collections.abc import Iterator

from core.design.backbones import used
from core.health.case import Case
from core.health.diagnosis import Remedy
from core.health.remedies.changes import trained, with_layers
from core.health.remedies.steps import usual
from core.specs import Dropout, Output


def order(case: Case) -> Iterator[Remedy]:
    """Mixed batches."""
    yield Remedy(
        "Train again in random order",
        "Goes through the training images in a new order in every epoch.",
        trained(case, shuffle=True),
    )


def parts(case: Case) -> Iterator[Remedy]:
    """Parts that are alike."""
    yield Remedy(
        "Train again with parts drawn anew",
        "Mixes all images and draws validation and test images from them, so that all parts are alike.",
        case.spec.changed(data=case.spec.data.changed(parts="drawn")),
    )


def collapse(case: Case) -> Iterator[Remedy]:
    """Rare classes that count as much as others."""
    yield Remedy(
        "Train again with balanced classes",
        "Images of rare classes count more, so that each class counts the same.",
        trained(case, class_weights="balanced"),
    )
    yield usual(case)


def noise(case: Case) -> Iterator[Remedy]:
    """Labels that are believed less."""
    yield Remedy(
        "Train again with label smoothing",
        "Shares a tenth of each label out to all classes, and stops after three epochs without a better "
        "validation loss: both keep it from learning mistakes. Better still: correct the labels.",
        trained(case, label_smoothing=0.1, patience=3),
    )


def overfitting(case: Case) -> Iterator[Remedy]:
    """Images that are harder to learn by heart, or less time for it."""
    if used(case.spec.model) is None:  # a frozen network looks at each image once
        augment = case.spec.augment.changed(shift=0.1, rotation=10.0, zoom=0.1)
        yield Remedy(
            "Train again with changed images",
            "Shifts, turns and zooms the training images a little, another way in each epoch, so that "
            "they cannot be learned by heart.",
            case.spec.changed(augment=augment),
        )
    *inside, output = case.spec.model.layers
    dropped = bool(inside) and isinstance(inside[-1], Dropout) and inside[-1].on
    if isinstance(output, Output) and not dropped:
        yield Remedy(
            "Train again with dropout",
            "Leaves out half of the values before the output, other ones in each step.",
            with_layers(case, [*inside, Dropout(rate=0.5), output]),
        )
    yield Remedy(
        "Train again and stop in time",
        "Stops after three epochs without a better validation loss.",
        trained(case, patience=3),
    )
