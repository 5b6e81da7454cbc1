"""A design of one's own beside a transfer: which one, and how it is trained on the same images."""

from __future__ import annotations

import math
from typing import Any

from core.data import catalogue
from core.design.analysis import Analysis, analyse
from core.design.backbones import used
from core.design.cost import Speed, seconds_per_epoch
from core.design.presets import PRESETS, Preset, preset
from core.draft import Draft
from core.runs import labels
from core.runs.run import Run
from core.specs import AugmentSpec, DataSpec, ModelSpec, RunSpec, TrainSpec
from core.tune import estimate

# Steps after which a design has learned a small set: at 64 px the preset fast names 98% of gear
# photos right (docs/benchmarks.md). Of very few images they would take too many epochs.
_STEPS, _MOST = 720, 80
_BATCH, _MANY = 32, 10_000  # images in a batch, up to so many training images
# of a design that brings no settings of its own
_USUAL = {"schedule": "one-cycle", "label_smoothing": 0.1}
_CHANGES = {"flip": "horizontal", "shift": 0.1, "mirror": True}
# settings of a training that a comparison shares, or finds by itself
_SHARED = {"validation_share", "train_share", "class_weights", "seed", "patience"}
_SUITED = ("fast", "starter")


def suggested(draft: Draft, transfer: Run) -> Preset:
    """The draft's design where it is one of one's own and fits the images, else a preset that does."""
    if draft.model != Draft().model and used(draft.model) is None:
        own = from_settings(draft.model, draft.train, draft.augment)
        if not analysis(images(own, draft, transfer), own.model, transfer).errors:
            return own
    found = map(preset, _SUITED)
    return next(
        (one for one in found if not analysis(_plain(transfer), one.model, transfer).errors),
        preset(_SUITED[-1]),
    )


def from_settings(model: ModelSpec, train: TrainSpec, augment: AugmentSpec) -> Preset:
    """A design with the settings it was trained with, as far as they are not as usual."""
    chosen = train.model_dump(exclude_defaults=True, exclude=_SHARED)
    return Preset(model, "", "", chosen, augment.model_dump(exclude_defaults=True))


def images(item: Preset, draft: Draft, transfer: Run) -> DataSpec:
    """The transfer's images at the size that a design is made for: the draft's, else the set's own.

    Raises NotFoundError, DataError where they are gone.
    """
    plain, mine = _plain(transfer), draft.data
    if item.model != draft.model or mine.source != plain.source:
        return plain
    return plain.changed(size=mine.size or plain.size, color=mine.color)


def analysis(data: DataSpec, model: ModelSpec, transfer: Run) -> Analysis:
    """What a design makes of the transfer's images at that size.

    Raises ModelError where the transfer does not say what its classes are.
    """
    size = data.size or 0
    return analyse(model, (size, size, _channels(data)), len(labels.read(transfer).classes))


def compose(item: Preset, data: DataSpec, transfer: Run, share: float) -> RunSpec:
    """The run that trains a design on a share of the images that the transfer may learn from.

    Its batches are small and its epochs as many as it takes to learn so few images; what the design
    brings of its own stands but for these. Validation and test images are the transfer's.

    Raises SpecError where a setting is out of its bounds.
    """
    shared = transfer.spec.train
    count = learned(transfer, share)
    own = TrainSpec.parse({**_USUAL, **item.train})
    batch = min(own.batch_size, _BATCH) if count < _MANY else own.batch_size
    needed = min(_MOST, math.ceil(_STEPS / math.ceil(count / batch)))
    epochs = max(needed, item.train.get("epochs", 1))
    train = own.changed(
        epochs=epochs,
        batch_size=batch,
        # as Adam's steps shrink with the noise of smaller batches
        learning_rate=float(f"{own.learning_rate * math.sqrt(batch / own.batch_size):.3g}"),
        # not before the learning rate has begun to fall
        patience=math.ceil(epochs / 2),
        validation_share=shared.validation_share,
        class_weights=shared.class_weights,
        seed=shared.seed,
        train_share=share,
    )
    return RunSpec(model=item.model, data=data, train=train, augment=_augment(item, data))


def learned(transfer: Run, share: float) -> int:
    """How many images that share of the transfer's training images is, about."""
    every = (transfer.status.train_images or 0) / transfer.spec.train.train_share
    return max(1, round(every * share))


def seconds(spec: RunSpec, transfer: Run, known: Speed) -> float:
    """How long a run of `compose` takes from its start to its end, if all its epochs are trained."""
    sizes = learned(transfer, spec.train.train_share), transfer.status.validation_images or 0
    found = analysis(spec.data, spec.model, transfer)
    epoch = seconds_per_epoch(found, spec.train, *sizes, known, mirror=spec.augment.mirror)
    return spec.train.epochs * epoch + estimate.beside()


def _augment(item: Preset, data: DataSpec) -> AugmentSpec:
    changes: dict[str, Any] = {**_CHANGES, **item.augment}
    if item in PRESETS and _channels(data) == 1:  # digits, letters: left and right matter
        changes |= {"flip": "none", "mirror": False}
    return AugmentSpec.parse(changes)


def _plain(transfer: Run) -> DataSpec:
    """The transfer's images as their set has them."""
    data = transfer.spec.data
    return data.changed(size=catalogue.source(data.source).default_size, color="auto")


def _channels(data: DataSpec) -> int:
    if data.color != "auto":
        return 3 if data.color == "rgb" else 1
    return catalogue.source(data.source).default_channels
