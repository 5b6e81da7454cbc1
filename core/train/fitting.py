"""Trains a run's design: its models, the engine, and all that follows a training."""

from __future__ import annotations

import hashlib
import json
import math
import time
import traceback
from contextlib import nullcontext
from dataclasses import replace

import keras
import numpy as np

from core import files
from core.data.dataset import Dataset
from core.data.splits import Split
from core.design.analysis import table
from core.design.backbones import used
from core.errors import AppError, RunError
from core.runs import checkpoints
from core.runs.how_far import LOOKING
from core.runs.run import Run
from core.runs.status import State
from core.specs import RunSpec, TrainSpec
from core.train import engine, plan, precision, subject, tuned
from core.train.checkpoint import Checkpoint
from core.train.engine import Engine
from core.train.examiner import Examiner
from core.train.keeper import Keeper
from core.train.plan import Plan
from core.train.recorder import Recorder
from core.train.reporter import Reporter
from core.train.stages import Stages
from core.train.subject import Subject
from core.train.watcher import Progress
from core.transfer.cut import cut


def fit(run: Run, spec: RunSpec, data: Dataset, split: Split, reporter: Reporter) -> State:
    """Train a run to its end; TensorFlow has been started."""
    train = spec.train.changed(batch_size=reporter.status.batch_size or spec.train.batch_size)
    way = _plan(train, reporter)
    reporter.phase("building the model")
    keras.utils.set_random_seed(train.seed)
    if (about := _subject(run, spec, data, split, reporter)) is None:
        return State.STOPPED
    data, split = about.data, about.split
    if not (run.folder / checkpoints.NAME).exists():
        about.begin()
    balanced = train.class_weights == "balanced"
    trainer = engine.Engine(
        about.model,
        train,
        way,
        weights=engine.class_weights(data.images.labels[split.train], len(data.classes))
        if balanced
        else None,
        augment=about.augment or spec.augment,
        shares=about.shares,
    )
    trainer.progress = Progress(epoch=about.after)
    digest = _digest(data, split)
    enough = _go_on(run, trainer, reporter, digest, len(split.train), first=not about.after)
    ends = reporter.status.ends or (train.epochs,)
    examiner = about.answers or _examiner(run, spec.changed(train=train), about, ends[-1], reporter)
    recorder = Recorder(
        reporter,
        about,
        images=len(split.train),
        batch_size=train.batch_size,
        ends=ends,
        patience=train.patience,
        examiner=examiner,
        keeper=Keeper(reporter, lambda: replace(trainer.checkpoint, data=digest)),
    )
    reporter.update(
        parameters=about.parameters,
        steps=recorder.steps,
        engine=", ".join(filter(None, (about.words, trainer.plan.words))),
    )
    if enough != ends[-1]:
        stage = Stages(reporter).stage(about.stage, "training") if about.stage else nullcontext()
        reporter.phase("training")
        try:
            with stage:
                trainer.fit(data, split.train, split.validation, recorder, ends)
        except RunError as error:
            if not (recorder.diverged and about.after):
                raise
            reporter.note(f"{error.what}, so fine-tuning ended there. {error.remedy}.")
    if reporter.status.best_epoch is not None:
        # an earlier sitting's, where none was better since
        about.restore(run.folder / "model.keras")
        about.finish(trainer, run.folder, reporter)
    return State.STOPPED if recorder.cancelled else State.DONE


def _examiner(
    run: Run, spec: RunSpec, about: Subject, last: int, reporter: Reporter
) -> Examiner | None:
    """What looks at the health of the design; None of one that cannot be looked at."""
    if used(spec.model) is not None:
        return None
    reporter.phase("looking at what it will learn from")
    try:
        return Examiner(run, spec, about.model, about.data, about.split, last=last)
    except AppError:
        raise
    except Exception:  # a training is worth more than knowing its health
        reporter.log(traceback.format_exc())
        reporter.note("Its health is not known: see the log.")
        return None


def _subject(
    run: Run, spec: RunSpec, data: Dataset, split: Split, reporter: Reporter
) -> Subject | None:
    """The models and what they see; None where it was stopped before there were any."""
    if spec.finetune is not None:
        return tuned.subject(run, spec, data, split, reporter)
    found = cut(table(spec.model, data.shape, len(data.classes)))
    if found is None:
        return subject.Whole(spec, data, split)

    def told(done: int, count: int, known: int) -> bool:  # noqa: ARG001
        reporter.require_folder()
        reporter.update(step=done, steps=count)
        return not run.cancelled

    reporter.phase(LOOKING)
    made = subject.behind(spec, data, split, found, reporter.phase, told)
    reporter.update(step=0, steps=0)
    return made


def _plan(train: TrainSpec, reporter: Reporter) -> Plan:
    """How to train here; measured first where this machine does not know yet."""
    chosen = plan.choose(train)
    if chosen is None:
        reporter.phase("finding out how this machine trains fastest, once")
        plan.save(precision.faster())
        chosen = plan.choose(train)
    assert chosen is not None
    return chosen


def _go_on(
    run: Run, trainer: Engine, reporter: Reporter, data: str, images: int, *, first: bool
) -> int | None:
    """Take an earlier sitting's training up where its checkpoint is, if there was one.

    Args:
        data: digest of the images.
        images: how many an epoch has.
        first: whether nothing comes before this training in the run.

    Returns:
        The last epoch that it was to have, where early stopping found that it had learned enough.
    """
    path, told = run.folder / checkpoints.NAME, run.folder / "metrics.jsonl"
    kept = Checkpoint.load(path) if path.exists() else None
    if kept is not None:
        if kept.data != data:
            raise RunError(
                "The training cannot go on from where it was",
                expected="the images and classes that it began with",
                received="others: some were added, removed, renamed or changed",
                remedy="Put them back, or train again with the same settings",
            )
        trainer.restore(kept)
    elif not (told.exists() and first):
        return None
    if told.exists():
        files.end_line(told)
    lines = run.metrics("epoch")
    if kept is not None and kept.line is not None and kept.line not in lines:
        files.append_json(told, kept.line)  # the kill came between the checkpoint and its line
    progress = trainer.progress
    steps = math.ceil(images / trainer.spec.batch_size)
    position = round(progress.epoch + progress.step / steps, 4)
    line = {"event": "resumed", "time": time.time(), "epoch": position}
    files.append_json(told, line)
    reporter.update(epoch=progress.epoch, step=progress.step)
    reporter.log(f"going on from epoch {position:g}")
    return kept.line.get("early") if kept is not None and kept.line is not None else None


def _digest(data: Dataset, split: Split) -> str:
    """Of the classes, and of the images in each part."""
    found = hashlib.blake2b(json.dumps(data.classes).encode(), digest_size=16)
    for rows in (split.train, split.validation, split.test):
        found.update(np.ascontiguousarray(data.images.digests[rows]).tobytes())
        found.update(np.ascontiguousarray(data.images.labels[rows]).tobytes())
    return found.hexdigest()
