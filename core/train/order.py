"""Order a run: check what can be checked at once, then queue it. Free of TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.data.cache import Progress
from core.data.dataset import Dataset, load
from core.design.analysis import analyse, table
from core.design.backbones import facts, used
from core.design.counts import counted
from core.errors import SpecError
from core.runs import queue
from core.runs.run import Run
from core.specs import DataSpec, RunSpec
from core.train import memory
from core.transfer import kept, room, weights
from core.transfer.cut import Cut, cut, require_head, with_hidden


def order(spec: RunSpec, progress: Progress | None = None) -> Run:
    """Queue a run whose images can be read and split and whose layers fit them.

    Args:
        progress: called with (images done, images in all) where they are decoded now.

    Raises:
        InputError: the images or the design cannot be used, or the training cannot fit in memory;
            no run is made.
        StorageError: the disk is full.
    """
    (run,) = order_all([spec], progress)
    return run


def order_all(specs: Sequence[RunSpec], progress: Progress | None = None) -> list[Run]:
    """The same for several runs: all are queued, in their order, or none where one cannot be."""
    data: dict[DataSpec, Dataset] = {}
    specs = [spec.model_copy(update={"model": kept.pinned(spec.model)}) for spec in specs]
    for spec in specs:
        if spec.data not in data:
            data[spec.data] = load(spec.data, progress)
        require(spec, data[spec.data])
    return queue.submit_all(specs)


def require(spec: RunSpec, data: Dataset) -> None:
    """Raise what stands in a training's way, as far as it can be known before; see `order`."""
    data.split(spec.train.validation_share)
    analysis = analyse(spec.model, data.shape, len(data.classes))
    for row in analysis.rows:
        if row.error is not None:
            raise row.error
    _require_frozen(spec, data)
    memory.require(analysis, spec.train)


def _require_frozen(spec: RunSpec, data: Dataset) -> None:
    """Raise SpecError for what cannot be done behind a backbone, whose frozen part looks at each image once."""
    backbone = used(spec.model)
    if backbone is not None:
        weights.require(backbone)
    elif spec.head is None and spec.finetune is None:
        return
    whole = spec.model if spec.head is None else with_hidden(spec.model, hidden=True)
    found = cut(table(whole, data.shape, len(data.classes)))
    if spec.head is not None:
        require_head(spec.model, found, spec.head.units)
    elif spec.finetune is not None:
        raise SpecError(
            "A pretrained network can learn on only behind a head that was solved for",
            expected="head settings where there are settings of fine-tuning",
            received="settings of fine-tuning alone",
            remedy="Add those of a head, or leave both out",
        )
    if found is not None:
        room.limit()
        views = 1 if spec.head is None else len(spec.head.views)
        memory.require_features(views * len(data.images.labels), math.prod(found.shape))
        if spec.finetune is not None:
            _require_maps(spec, found, len(data.images.labels))
    # averaged answers are those of a head alone: what learns by steps is asked about one image
    stepwise = spec.head is None or spec.finetune is not None
    if spec.augment.active or (spec.augment.mirror and stepwise):
        raise SpecError(
            "The images of a design with a pretrained network cannot be changed in training",
            expected="settings of Change the images as they usually are",
            received="some that are not",
            remedy="Switch them off; on the Transfer page mirror images can be learned from",
        )


def _require_maps(spec: RunSpec, found: Cut, images: int) -> None:
    """Raise SpecError where the blocks that learn, or the maps that come to them, do not fit in memory."""
    assert spec.head is not None
    assert spec.finetune is not None
    blocks, count = counted(found.backbone.network), spec.finetune.blocks
    learning = blocks if count is None else blocks[-count:]
    # what the layers between convolutions leave is kept for the way back
    values = found.size**2 * sum(block.moved for block in learning)
    memory.require_blocks(spec.train.batch_size, int(values))
    if count is None or count >= len(blocks):
        return  # all learns, and images are looked at as they are
    last = blocks[-count - 1]
    memory.require_features(
        images * len(spec.head.views),
        last.channels * (found.size // last.stride) ** 2,
        1 if facts(found.backbone).int8 else 2,
        "Fine-tune fewer blocks, or use smaller images",
    )
