"""The one command that trains: ``python -m core.train.worker RUN_FOLDER``.

It reads spec.json, and writes everything else of the run folder. Exit code 0: done or stopped;
1: failed, with the reason in status.json.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path

from core import files
from core.data.dataset import load
from core.errors import AppError, RunError, unexpected
from core.runs import memory
from core.runs.run import Run
from core.runs.status import State
from core.train import downloads
from core.train.reporter import Reporter
from core.transfer import learned


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
    learned.keep(run.folder, spec.model, data, split)
    if told := learned.warning(spec.model, data, split, spec.train.train_share):
        reporter.note(told)
    if run.cancelled or not downloads.weights_there(spec.model, run, reporter):
        return State.STOPPED
    reporter.phase("starting TensorFlow")
    from core.train import backend

    backend.start()
    from core.train import fitting, frozen

    if spec.head is not None and spec.finetune is None:
        return frozen.fit(run, spec, data, split, reporter)
    return fitting.fit(run, spec, data, split, reporter)


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
