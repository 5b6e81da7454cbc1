"""A run whose head is solved for first, and whose backbone's last blocks then learn on with it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core import files, words
from core.data.dataset import Dataset
from core.data.splits import Indices, Split
from core.design.analysis import table
from core.design.backbones import facts
from core.errors import storing
from core.runs import checkpoints
from core.runs.how_far import PHASE
from core.runs.run import Run
from core.specs import RunSpec
from core.specs.transfer import View
from core.train import frozen, memory
from core.train.engine import Engine
from core.train.reporter import Reporter
from core.train.subject import Behind
from core.transfer import engines, networks, offers, weights
from core.transfer.between import Between, between
from core.transfer.cut import Cut, cut
from core.transfer.features import CUT, Extractor, feature_set
from core.transfer.head import Outcome
from core.transfer.kept import built
from core.transfer.serving import tuned
from core.transfer.store import Features
from core.transfer.tail import tail

FEWER = "Fine-tune fewer blocks, or use smaller images"
_NO_BETTER = (
    "Fine-tuning did no better on validation images than the head alone, so the model with the backbone "
    "as it was is kept."
)


class Tuned(Behind):
    """The head and the last blocks, on what the others make of the images.

    Attributes:
        look: what the others make of some images; None where all of the backbone learns.
    """

    stage = PHASE
    look: Callable[[Indices], Features] | None = None

    def finish(self, trainer: Engine, folder: Path, reporter: Reporter) -> None:
        super().finish(trainer, folder, reporter)
        if (reporter.status.best_epoch or 0) <= self.after:
            reporter.note(_NO_BETTER)
        else:  # an earlier sitting, stopped before, may have said so
            reporter.unnote(_NO_BETTER)

    def _on_features(self, rows: Indices) -> Outcome:
        if self.look is None:
            return super()._on_features(rows)
        return self._asked(self.look(rows), rows)


class _Sitting(frozen.Sitting):
    """Finds the head, on features that leave the maps between two blocks behind."""

    fine = False  # hundreds of steps would leave no room for the epochs in the curves
    front: Between | None = None

    @property
    def first(self) -> int:
        """Place of the first block that learns."""
        assert self.spec.finetune is not None
        count, found = self.spec.finetune.blocks, networks.blocks(self.cut.backbone)
        return 0 if count is None else max(0, len(found) - count)

    def prepare(self) -> Extractor:
        if not self.first:
            return super().prepare()
        layer, size = self.cut.backbone, self.cut.size
        block = networks.blocks(layer)[self.first - 1].name
        self.front = between(layer, size, block, self.reporter.phase)
        engine = self.front.engine
        if offers.speed(layer) is None:
            took = engines.seconds(engine, size) * (facts(layer).size / size) ** 2
            offers.keep_speed(layer, took, networks.kind(engine))
        version = f"{weights.version(layer)}-{networks.kind(engine)}-{block}"
        return Extractor(layer, engine, version, size)

    def features(self, rows: Indices, view: View = "plain") -> Features:
        found = self.looked_at(rows, view)
        return found if self.front is None else self.front.end(found)

    def maps(self, rows: Indices, view: View = "plain") -> Features:
        """What comes to the first block that learns, [n, height, width, channels]."""
        assert self.front is not None
        return self.front.maps(self.looked_at(rows, view))


def subject(
    run: Run, spec: RunSpec, data: Dataset, split: Split, reporter: Reporter
) -> Tuned | None:
    """Find the head, or take it up where a checkpoint is; None where it was stopped before."""
    sitting = _Sitting(run, spec, data, split, reporter)
    try:
        if (run.folder / checkpoints.NAME).exists():
            found = _kept(run, data)
            sitting.extractor = sitting.prepare()
            after = (reporter.status.ends or (0,))[0]
        else:
            sitting.solve()
            found, after = sitting.built(), sitting.curve.count
        made = _subject(sitting, found, after)
        sitting.must_end = True  # what is looked at from here on is tested
    except frozen.Stopped:
        return None
    if sitting.best is not None:
        _begin(sitting, made, found)
    return made


def _kept(run: Run, data: Dataset) -> Cut:
    """The design that an earlier sitting found the head of."""
    found = cut(table(built(run), data.shape, len(data.classes)))
    assert found is not None
    return found


def _subject(sitting: _Sitting, found: Cut, after: int) -> Tuned:
    spec, data, split = sitting.spec, sitting.data, sitting.split
    assert spec.finetune is not None
    layer, first = found.backbone, sitting.first
    learns = tail(networks.scaled(layer), networks.blocks(layer), first, found.size)
    models = tuned(found, learns, sitting.front, data.shape, spec.data.fit)
    images, rows = _images(sitting)
    made = Tuned(models, images, rows, data, split.test)
    if sitting.front is not None:
        made.look = sitting.maps
    else:  # the images themselves are learned from
        made.augment = spec.augment.changed(
            flip="horizontal" if sitting.asked.flips else "none",
            zoom=CUT if sitting.asked.zooms else 0.0,
        )
    made.after, made.answers = after, sitting.answers
    head = "a hidden layer" if len(found.rest) > 1 else "one layer"
    count, every = len(learns.blocks), not first
    blocks = "all blocks" if every else f"the last {words.several(count, 'block')}"
    made.words = f"{head} on {blocks} of the backbone"
    slower = [spec.finetune.decay ** (depth + 1) for depth in learns.depths()]
    others = len(models.rest.trainable_weights) - len(slower)
    made.shares = [*slower, *[1.0] * others]
    return made


def _images(sitting: _Sitting) -> tuple[Dataset, Split]:
    """What is learned from and validated on, and the rows of it; what is tested comes later."""
    data, split = sitting.data, sitting.split
    if sitting.front is None:
        return data, split
    parts = [(split.train, view) for view in sitting.asked.views]
    parts.append((split.validation, "plain"))
    rows = np.concatenate([part for part, _ in parts])
    size = np.dtype(sitting.front.engine.kept).itemsize
    # what was read stands beside what it is put into, for a moment
    memory.require_features(2 * len(rows), math.prod(sitting.front.shape), size, FEWER)
    values = np.empty((len(rows), *sitting.front.shape), sitting.front.engine.kept)
    start = 0
    for part, view in parts:
        values[start : start + len(part)] = sitting.maps(part, view)
        start += len(part)
    sitting.reporter.update(**frozen.NOTHING_UNDER_WAY)
    train = np.arange(len(rows) - len(split.validation))
    validation = np.arange(len(train), len(rows))
    none = np.zeros(0, np.int64)
    return feature_set(data, rows, values), Split(train, validation, none, split.left_out)


def _begin(sitting: _Sitting, made: Tuned, found: Cut) -> None:
    """Give the models the head that was found, keep them so, and say that fine-tuning begins."""
    run, reporter, best = sitting.run, sitting.reporter, sitting.best
    assert best is not None
    for row, layer in zip(found.rest, best.layers, strict=True):
        made.models.whole.get_layer(row.name).set_weights(list(layer))
    path = run.folder / "model.keras"
    with storing(path, "save the model"), files.replacing(path) as part:
        made.save(part)
    last = made.after + sitting.spec.train.epochs
    reporter.update(ends=(made.after, last), epochs=last)
    line = {"event": "phase", "time": time.time(), "epoch": made.after, "name": PHASE}
    files.append_json(run.folder / "metrics.jsonl", line)
