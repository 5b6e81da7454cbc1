"""The one command that trains: ``python -m core.train.worker RUN_FOLDER``.

It reads spec.json, and writes everything else of the run folder. Exit code 0: done or stopped;
1: failed, with the reason in status.json.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import files
from core.data.dataset import Dataset, load
from core.data.splits import Split
from core.design.analysis import table
from core.design.backbones import used
from core.errors import AppError, RunError, unexpected
from core.runs import checkpoints, memory
from core.runs.how_far import LOOKING
from core.runs.run import Run
from core.runs.status import State
from core.specs import RunSpec, TrainSpec
from core.train import plan
from core.train.checkpoint import Checkpoint
from core.train.plan import Plan
from core.train.reporter import Reporter
from core.transfer.cut import cut

if TYPE_CHECKING:
    from core.train.engine import Engine
    from core.train.subject import Subject


def work(run: Run) -> State:
    """Train a run from its spec to its end, and return the state it ended in."""
    with Reporter(run) as reporter:
        try:
            state = _train(run, reporter)
        except AppError as error:
            if reporter.gone or not run.folder.exists():
                reporter.log("the run folder was deleted: giving up")
                return State.FAILED
            reporter.log(traceback.format_exc())
            reporter.finish(State.FAILED, error)
            return State.FAILED
        except Exception as error:  # whatever Keras raises must reach the person, with its cause
            reporter.log(traceback.format_exc())
            if _is_out_of_memory(error) and (half := memory.half(run, reporter.status)):
                reporter.retry(half)
                return State.QUEUED
            reporter.finish(State.FAILED, _unexpected(error))
            return State.FAILED
        reporter.finish(state)
        return state


def _train(run: Run, reporter: Reporter) -> State:
    files.sweep(run.folder)  # of an earlier sitting that was killed
    reporter.reserve()
    spec = run.spec
    reporter.phase("loading images")
    data = load(spec.data)
    split = data.split(spec.train.validation_share, spec.train.train_share)
    reporter.update(
        train_images=len(split.train),
        validation_images=len(split.validation),
        test_images=len(split.test),
        left_out=len(split.left_out),
    )
    files.write_json(
        run.folder / "labels.json",
        {
            "title": data.title,
            "classes": list(data.classes),
            "size": data.shape[0],
            "channels": data.shape[2],
            "fit": spec.data.fit,
        },
    )
    if run.cancelled:
        return State.STOPPED
    reporter.phase("starting TensorFlow")
    return _fit(run, spec, data, split, reporter)


def _fit(run: Run, spec: RunSpec, data: Dataset, split: Split, reporter: Reporter) -> State:
    from core.train import backend

    keras = backend.start()
    if spec.head is not None:
        from core.train import frozen

        return frozen.fit(run, spec, data, split, reporter)
    from core.train import engine
    from core.train.examiner import Examiner
    from core.train.keeper import Keeper
    from core.train.recorder import Recorder

    train = spec.train.changed(batch_size=reporter.status.batch_size or spec.train.batch_size)
    way = _plan(train, reporter)
    reporter.phase("building the model")
    keras.utils.set_random_seed(train.seed)
    if (subject := _subject(run, spec, data, split, reporter)) is None:
        return State.STOPPED
    data, split, model = subject.data, subject.split, subject.model
    if not (run.folder / checkpoints.NAME).exists():
        subject.begin()
    balanced = train.class_weights == "balanced"
    trainer = engine.Engine(
        model,
        train,
        way,
        weights=engine.class_weights(data.images.labels[split.train], len(data.classes))
        if balanced
        else None,
        augment=spec.augment,
    )
    digest = _digest(data, split)
    enough = _go_on(run, trainer, reporter, digest)
    ends = reporter.status.ends or (train.epochs,)
    examiner = None
    if used(spec.model) is None:
        reporter.phase("looking at what it will learn from")
        try:
            examiner = Examiner(run, spec.changed(train=train), model, data, split, last=ends[-1])
        except AppError:
            raise
        except Exception:  # a training is worth more than knowing its health
            reporter.log(traceback.format_exc())
            reporter.note("Its health is not known: see the log.")
    recorder = Recorder(
        reporter,
        subject,
        images=len(split.train),
        batch_size=train.batch_size,
        ends=ends,
        patience=train.patience,
        examiner=examiner,
        keeper=Keeper(reporter, lambda: replace(trainer.checkpoint, data=digest)),
    )
    reporter.update(parameters=subject.parameters, steps=recorder.steps, engine=trainer.plan.words)
    if enough != ends[-1]:
        reporter.phase("training")
        trainer.fit(data, split.train, split.validation, recorder, ends)
    if reporter.status.best_epoch is not None:
        # an earlier sitting's, where none was better since
        subject.restore(run.folder / "model.keras")
        subject.finish(trainer, run.folder, reporter)
    return State.STOPPED if recorder.cancelled else State.DONE


def _subject(
    run: Run, spec: RunSpec, data: Dataset, split: Split, reporter: Reporter
) -> Subject | None:
    """The models and what they see; None where it was stopped before there were any."""
    from core.train import subject

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
        from core.train import precision

        reporter.phase("finding out how this machine trains fastest, once")
        plan.save(precision.faster())
        chosen = plan.choose(train)
    assert chosen is not None
    return chosen


def _go_on(run: Run, trainer: Engine, reporter: Reporter, data: str) -> int | None:
    """Take an earlier sitting's training up where its checkpoint is, if there was one.

    Args:
        data: digest of the images.

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
    elif not told.exists():
        return None
    if told.exists():
        files.end_line(told)
    lines = run.metrics("epoch")
    if kept is not None and kept.line is not None and kept.line not in lines:
        files.append_json(told, kept.line)  # the kill came between the checkpoint and its line
    progress = trainer.progress
    steps = math.ceil((reporter.status.train_images or 0) / trainer.spec.batch_size)
    position = round(progress.epoch + progress.step / max(1, steps), 4)
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


def _out_of_memory(error: BaseException) -> RunError:
    return RunError(
        "The training does not fit in memory",
        expected="images of a batch, the model and its gradients to fit",
        received=str(error)[:300] or "out of memory",
        remedy="Use a smaller batch size, a smaller working size or a smaller design",
    )


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def _unexpected(error: Exception) -> AppError:
    if _is_out_of_memory(error):
        return _out_of_memory(error)
    return unexpected(
        error,
        "The training stopped with an error",
        expected="a training without errors",
        remedy="The log of the run has the details",
    )


def _ask_to_stop(folder: Path) -> None:
    with contextlib.suppress(OSError):  # a deleted folder or a full disk ends the training anyway
        (folder / "cancel").touch()


def lower_priority() -> None:
    """Leave the processors to the app and to the rest of the machine where they need them."""
    if hasattr(os, "nice"):
        os.nice(5)


def train(folder: Path) -> int:
    """Train the run in `folder`; a polite request to end (SIGTERM) is a Stop."""
    signal.signal(signal.SIGTERM, lambda *_: _ask_to_stop(folder))
    return 0 if work(Run(folder)) in (State.DONE, State.STOPPED) else 1


def main(folder: Path) -> int:
    """The command: train the run in `folder` and return the exit code."""
    lower_priority()
    return train(folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
