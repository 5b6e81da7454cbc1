"""A transfer as ordered, as a run: the design with its backbone, the images at the size that suits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from core.data import catalogue
from core.design.backbones import facts, used
from core.errors import SpecError
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
from core.specs.layers.pretrained import RUN
from core.specs.spec import bounds
from core.specs.transfer import ALL, last
from core.transfer import kept

# Height and width of the images where none is asked for: gear photos at 128, 192 and 224 px gave
# 98.4, 99.7 and 99.7% (docs/benchmarks.md). Of many images, smaller ones are enough.
_USUAL, _OF_MANY = 192, 160
_MANY = 10_000
# validation images that are enough to choose a head by
_ENOUGH = 500
_LEAST_SHARE = 0.05
# how a backbone learns on where nothing else is asked for
_TUNING = {
    "optimizer": "adamw",
    "schedule": "one-cycle",
    # else it grows too sure of what it has seen, and its validation loss says less than it can
    "label_smoothing": 0.1,
    "patience": 3,
}


class Pace(NamedTuple):
    """How fast a backbone learns on; see TrainSpec."""

    epochs: int
    batch_size: int
    learning_rate: float


# images of a set from which on it is so (docs/benchmarks.md)
_PACES = (20_000, Pace(3, 128, 0.001)), (5_000, Pace(4, 64, 0.0005)), (0, Pace(8, 64, 0.0005))


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
        AppError: a trained run cannot be the backbone, see core.transfer.kept.
    """
    count = len(catalogue.source(data.source).items)
    layer = backbone(transfer)
    size = transfer.size or usual_size(layer, count)
    # sets of small images keep their own size, and are enlarged inside the model
    stored = next((item for item in ARRAY_SETS if item.name == data.source), None)
    enlarge = size if stored is not None and size > stored.size else None
    tuning = transfer.tuning
    defaults = {} if tuning is None else training(transfer, count)
    share = max(_LEAST_SHARE, min(TrainSpec().validation_share, _ENOUGH / max(1, count)))
    return RunSpec(
        model=_design(transfer, layer.changed(enlarge=enlarge)),
        data=data.changed(color="rgb", size=None if stored else size),
        train=TrainSpec.parse({"validation_share": share, **defaults, **(train or {})}),
        head=HeadSpec(**transfer.model_dump(include=set(HeadSpec.model_fields))),
        finetune=tuning,
        tags=tags or {},
    )


def training(transfer: TransferSpec, images: int) -> dict[str, Any]:
    """The settings of TrainSpec by which a transfer is fine-tuned where nothing else is asked for.

    Args:
        images: of the set; fewer are gone through more often.
    """
    usual = pace(images)
    return {
        **_TUNING,
        "batch_size": usual.batch_size,
        "epochs": transfer.epochs or usual.epochs,
        "learning_rate": transfer.learning_rate or usual.learning_rate,
    }


def pace(images: int) -> Pace:
    """How a set of so many images is fine-tuned on where nothing else is asked for."""
    return next(usual for least, usual in _PACES if images >= least)


def asked(spec: RunSpec) -> TransferSpec | None:
    """The transfer that a run was ordered as; None where it is none."""
    layer, tuning = used(spec.model), spec.finetune
    if spec.head is None or layer is None:
        return None
    settings: dict[str, Any] = {}
    if tuning is not None:
        count = tuning.blocks
        settings = {
            "finetune": ALL if count is None else last(count),
            "decay": tuning.decay,
            "epochs": spec.train.epochs,
            "learning_rate": spec.train.learning_rate,
        }
    size, (least, _) = layer.enlarge or spec.data.size, bounds(TransferSpec.model_fields["size"])
    return TransferSpec(
        **spec.head.model_dump(),
        **settings,
        backbone=layer.network,
        run=layer.run,
        weights=layer.weights,
        # a smaller one is a trained run's own, which is what comes where none is asked for
        size=size if (size or 0) >= (least or 0) else None,
    )


def backbone(transfer: TransferSpec) -> Backbone:
    """The layer that a transfer stands on; a trained run is kept for it.

    Raises:
        SpecError: it names a run and another network, or neither.
        AppError: the run cannot serve, see core.transfer.kept.
    """
    if (transfer.backbone == RUN) != (transfer.run is not None):
        raise SpecError(
            "Which trained run is the network is not clear",
            expected="run as the network, and the name of a trained run with it",
            received=f"{transfer.backbone} with {transfer.run or 'no run'}",
            remedy="Name both, or neither",
        )
    weights = _whole(transfer.weights)
    if transfer.run is not None:
        return kept.keep(transfer.run).changed(weights=weights)
    return Backbone(network=transfer.backbone, weights=weights)


def usual_size(layer: Backbone, images: int) -> int:
    """Height and width of the images where none is asked for; a trained run knows its own best."""
    if layer.network == RUN:
        return facts(layer).size
    return _USUAL if images <= _MANY else _OF_MANY


def design(transfer: TransferSpec, *, enlarge: int | None = None) -> ModelSpec:
    """Input, backbone, pooling, a hidden layer that may be left out, and the output."""
    return _design(transfer, backbone(transfer).changed(enlarge=enlarge))


def _design(transfer: TransferSpec, layer: Backbone) -> ModelSpec:
    hidden = Dense(
        units=transfer.units,
        on=transfer.head != "linear",
        vary=(Vary(setting="on"),) if transfer.head == "auto" else (),
    )
    return ModelSpec(
        name=facts(layer).title[:60],
        layers=(
            Input(scale="0 to 255"),
            layer,
            GlobalAveragePooling2D(),
            hidden,
            Output(),
        ),
    )


def _whole(path: str | None) -> str | None:
    """A path as the worker finds it, which runs in another folder."""
    return None if path is None else str(Path(path).expanduser().resolve())
