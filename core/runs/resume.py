"""Let a run that has ended go on: from where it was interrupted, or for more epochs."""

from __future__ import annotations

from core.errors import RunError, storing
from core.runs import checkpoints, queue, turns
from core.runs.run import Run
from core.runs.status import RunStatus, State

_MOST = 100_000  # epochs in all


def resumable(run: Run, status: RunStatus) -> bool:
    """Whether the run can go on to the end it was meant to have."""
    # one that failed or was lost after its last epoch has its tests left
    unfinished = status.state in (State.FAILED, State.LOST)
    unfinished |= status.state is State.STOPPED and status.epoch < status.epochs
    return unfinished and can_go_on(run, status)


def can_go_on(run: Run, status: RunStatus) -> bool:
    """Whether the run has ended and kept what it takes to train on, or has nothing to lose."""
    return status.state.final and (checkpoints.size(run) > 0 or _not_begun(run, status))


def resume(run: Run, more: int = 0) -> None:
    """Queue a run again that has ended; its curve goes on as if nothing had happened.

    Args:
        more: epochs to train beyond those it was to have; their learning rate is a cycle of its own.

    Raises:
        RunError: it has not ended, has nothing left to train, or its checkpoint is gone.
        StorageError: the disk is full.
    """
    with turns.locked():
        status = run.status
        _require(run, status, more)
        ends = _ends(status, more)
        partial = {}  # the best so far was the part of an epoch that is to become whole
        if status.best_partial:
            names = "best_epoch", "val_loss", "val_accuracy", "test_loss", "test_accuracy"
            partial = {**dict.fromkeys(names), "best_partial": False}
        with storing(run.folder, "resume the run"):
            for name in ("cancel", "now"):
                (run.folder / name).unlink(missing_ok=True)
        run.write_status(
            status.model_copy(
                update={
                    "state": State.QUEUED,
                    "phase": "",
                    "spent": status.seconds or 0.0,
                    "started": None,
                    "ended": None,
                    "heartbeat": None,
                    "pid": None,
                    "error": None,
                    "epochs": ends[-1],
                    "ends": ends,
                    **partial,
                }
            )
        )
    queue.ensure()


def _ends(status: RunStatus, more: int) -> tuple[int, ...]:
    ends = status.ends or (status.epochs,)
    if not more:
        return ends
    if status.state is not State.DONE:
        return (*ends, ends[-1] + more)
    # early stopping may have ended it before its time: what is added begins there
    return (*(end for end in ends if end < status.epoch), status.epoch, status.epoch + more)


def _require(run: Run, status: RunStatus, more: int) -> None:
    what = f"The run {run.id} cannot go on"
    if not status.state.final:
        raise RunError(
            what,
            expected="a run that has ended",
            received=f"a run that is {status.state}",
            remedy="Wait until it ends, or stop it first",
        )
    if not 0 <= more <= _MOST - status.epochs:
        raise RunError(
            what,
            expected=f"0 to {_MOST - status.epochs:,} more epochs",
            received=f"{more:,}",
            remedy="Add fewer epochs",
        )
    if not more and status.state is State.DONE:
        raise RunError(
            what,
            expected="epochs left to train",
            received=f"a run that is done after {status.epoch} epochs",
            remedy="Say how many epochs to add",
        )
    if not can_go_on(run, status):
        raise RunError(
            what,
            expected=f"its file {checkpoints.NAME}",
            received="no such file: it was deleted, did not fit the budget, or is of an older version",
            remedy="Train again with the same settings",
        )


def _not_begun(run: Run, status: RunStatus) -> bool:
    """Whether nothing is lost by beginning anew: a head is solved for in seconds, from kept features."""
    ends = status.ends or ()
    in_front = len(ends) < 2 or status.epoch <= ends[0]  # no epoch of fine-tuning is done
    if run.spec.finetune is not None and in_front:
        return True
    return status.epoch == 0 and status.best_epoch is None
