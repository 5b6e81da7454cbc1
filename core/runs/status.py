"""What state a run is in, and its headline figures, as kept in status.json."""

from __future__ import annotations

from enum import StrEnum

from core.specs.spec import Spec

LOST_AFTER = 15.0  # seconds without a heartbeat, where the worker's process cannot be looked up


class State(StrEnum):
    """The states of a run. The first two are on their way, the others are final."""

    QUEUED = "queued"
    """Waits for a free training slot; no worker has started."""

    RUNNING = "running"
    """A worker is at it: starting, training, testing or exporting."""

    DONE = "done"
    """The worker finished: all epochs, or early stopping. The best model is saved and tested."""

    STOPPED = "stopped"
    """A person stopped it. The best model so far, if an epoch was finished, is saved and tested."""

    FAILED = "failed"
    """The worker met an error and said which; a model saved before is still usable."""

    LOST = "lost"
    """The worker is gone without a word: killed, out of memory, power cut. The best model so far
    is still usable."""

    @property
    def final(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in (State.QUEUED, State.RUNNING)


class Holder(Spec):
    """Which process works at something, and when it last said so, as files tell others.

    See core.runs.run.process_identity and worker_alive.
    """

    heartbeat: float | None = None
    host: str = ""
    pid: int | None = None
    pid_created: float | None = None  # tells the process from a later one with the same number


class Sign(Spec):
    """That something was found wrong with the training, while it went on.

    Attributes:
        fault: its name, one of core.health.diagnosis.Fault's values.
        evidence: what was seen, in a sentence.
        epoch: after how many epochs it was found.
        time: when, in seconds since the epoch.
    """

    fault: str
    evidence: str
    epoch: int
    time: float


class RunStatus(Holder):
    """A run's state and figures; times are seconds since the epoch, UTC.

    val_accuracy, val_loss, test_accuracy and test_loss belong to the epoch `best_epoch`.
    """

    state: State = State.QUEUED
    phase: str = ""  # what the worker is doing, in words
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    epoch: int = 0  # epochs finished
    epochs: int = 0  # epochs wanted
    ends: tuple[
        int, ...
    ] = ()  # after how many epochs each cycle ends; more were added to the first
    batch_size: int | None = None  # where it is not that of the spec: it did not fit in memory
    step: int = 0  # batches of the current epoch done
    steps: int = 0  # batches in an epoch
    eta: float | None = None  # seconds of training left at the present speed
    images_per_second: float | None = None  # training images, median over the epochs
    best_epoch: int | None = None  # counted from 1; can be the one that Stop cut short
    best_partial: bool = False  # whether it is one that Stop cut short
    val_accuracy: float | None = None
    val_loss: float | None = None
    test_accuracy: float | None = None
    test_loss: float | None = None
    macro_recall: float | None = None  # of the test: mean over the classes of the share named right
    parameters: int | None = None
    train_images: int | None = None
    validation_images: int | None = None
    test_images: int | None = None
    left_out: int | None = (
        None  # copies and near twins of test or validation images, not trained on
    )
    engine: str = ""  # how it trains: precision, and how batches are cut
    cpu: float | None = None  # share of all this machine's processors that the worker keeps busy
    memory: int | None = None  # bytes of main memory that the worker has
    memory_peak: int | None = None  # the most it had
    gpu: float | None = None  # share of time in which the graphics card is busy
    gpu_memory: int | None = None  # bytes of the card in use, by whomever
    signs: tuple[
        Sign, ...
    ] = ()  # what health has found wrong; of an ended run what is so at its end
    notes: tuple[str, ...] = ()  # what a person should know of how it was trained
    spent: float = 0.0  # seconds of earlier sittings, before it was resumed
    error: dict[str, str] | None = None  # parts of the AppError, see errors.py

    @property
    def seconds(self) -> float | None:
        """From the worker's start to its end, or to its latest heartbeat; of all sittings."""
        last = self.ended or self.heartbeat
        if self.started is None or last is None:
            return self.spent or None
        return self.spent + max(0.0, last - self.started)

    @property
    def progress(self) -> float:
        """Share of the wanted epochs trained, 0 to 1."""
        if not self.epochs:
            return 0.0
        within = self.step / self.steps if self.steps and self.epoch < self.epochs else 0.0
        return min(1.0, (self.epoch + within) / self.epochs)
