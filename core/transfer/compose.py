"""A transfer as ordered, as a run: the design with its backbone, the images at the size that suits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.data import catalogue
from core.design.backbones import BACKBONES, used
from core.specs import (
    Backbone,
    DataSpec,
    Dense,
    GlobalAveragePooling2D,
    HeadSpec,
    Input,
    ModelSpec,
    Output,
    RunSpec,
    TrainSpec,
    TransferSpec,
    Vary,
)
from core.specs.arrays import ARRAY_SETS
from core.specs.transfer import ALL

# Height and width of the images where none is asked for: gear photos at 128, 192 and 224 px gave
# 98.4, 99.7 and 99.7% (docs/benchmarks.md). Of many images, smaller ones are enough.
_USUAL, _OF_MANY = 192, 160
_MANY = 10_000
# validation images that are enough to choose a head by
_ENOUGH = 500
_LEAST_SHARE = 0.05
# how a backbone learns on where nothing else is asked for
_TUNING = {
    "batch_size": 64,
    "optimizer": "adamw",
    "schedule": "one-cycle",
    # else it grows too sure of what it has seen, and its validation loss says less than it can
    "label_smoothing": 0.1,
    "patience": 3,
}
_RATE = 0.0005
_EPOCHS = (20_000, 3), (5_000, 4), (0, 8)


def compose(
    transfer: TransferSpec,
    data: DataSpec,
    *,
    train: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
) -> RunSpec:
    """The run that a transfer is.

    Args:
        data: its size and colour are replaced by those that the backbone takes.
        train: settings of TrainSpec that were asked for.

    Raises:
        NotFoundError, DataError: there are no such images.
        SpecError: a setting is out of its bounds.
    """
    count = len(catalogue.source(data.source).items)
    size = transfer.size or usual_size(count)
    # sets of small images keep their own size, and are enlarged inside the model
    stored = any(item.name == data.source for item in ARRAY_SETS)
    tuning = transfer.tuning
    defaults = {} if tuning is None else training(transfer, count)
    share = max(_LEAST_SHARE, min(TrainSpec().validation_share, _ENOUGH / max(1, count)))
    return RunSpec(
        model=design(transfer, enlarge=size if stored else None),
        data=data.changed(color="rgb", size=None if stored else size),
        train=TrainSpec.parse({"validation_share": share, **defaults, **(train or {})}),
        head=HeadSpec(head=transfer.head, units=transfer.units, flips=transfer.flips),
        finetune=tuning,
        tags=tags or {},
    )


def training(transfer: TransferSpec, images: int) -> dict[str, Any]:
    """The settings of TrainSpec by which a transfer is fine-tuned where nothing else is asked for.

    Args:
        images: of the set; fewer are gone through more often.
    """
    usual = next(epochs for least, epochs in _EPOCHS if images >= least)
    return {
        **_TUNING,
        "epochs": transfer.epochs or usual,
        "learning_rate": transfer.learning_rate or _RATE,
    }


def usual_size(images: int) -> int:
    """Height and width at which a backbone sees images where nothing else is asked for."""
    return _USUAL if images <= _MANY else _OF_MANY


def asked(spec: RunSpec) -> TransferSpec | None:
    """The transfer that a run was ordered as; None where it is none."""
    backbone, tuning = used(spec.model), spec.finetune
    if spec.head is None or backbone is None:
        return None
    settings: dict[str, Any] = {}
    if tuning is not None:
        count = tuning.blocks
        settings = {
            "finetune": ALL if count is None else f"last-{count}-block{'s' if count > 1 else ''}",
            "decay": tuning.decay,
            "epochs": spec.train.epochs,
            "learning_rate": spec.train.learning_rate,
        }
    return TransferSpec(
        **spec.head.model_dump(),
        **settings,
        backbone=backbone.network,
        weights=backbone.weights,
        size=backbone.enlarge or spec.data.size,
    )


def design(transfer: TransferSpec, *, enlarge: int | None = None) -> ModelSpec:
    """Input, backbone, pooling, a hidden layer that may be left out, and the output."""
    hidden = Dense(
        units=transfer.units,
        on=transfer.head != "linear",
        vary=(Vary(setting="on"),) if transfer.head == "auto" else (),
    )
    return ModelSpec(
        name=BACKBONES[transfer.backbone].title,
        layers=(
            Input(scale="0 to 255"),
            Backbone(network=transfer.backbone, weights=_whole(transfer.weights), enlarge=enlarge),
            GlobalAveragePooling2D(),
            hidden,
            Output(),
        ),
    )


def _whole(path: str | None) -> str | None:
    """A path as the worker finds it, which runs in another folder."""
    return None if path is None else str(Path(path).expanduser().resolve())
