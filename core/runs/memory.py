"""A run that ran out of memory is tried once more, in batches of half the size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.runs.run import Run
from core.runs.status import RunStatus, State

# where Linux counts the processes that it killed for want of memory: in this container, and in all
_EVENTS = Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat")


def kills() -> int:
    """How many processes the system has killed for want of memory so far; 0 where it does not tell."""
    count = 0
    for path in _EVENTS:
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        pairs = (line.split() for line in lines)
        count += sum(int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] == "oom_kill")
    return count


def half(run: Run, status: RunStatus) -> int | None:
    """Half the batch size of a run; None where it was halved before, cannot be, or is of no use."""
    solved = run.spec.head is not None and run.spec.finetune is None  # in one piece
    if status.batch_size is not None or solved:
        return None
    size = run.spec.train.batch_size
    return size // 2 if size > 1 else None


def smaller(status: RunStatus, batch_size: int) -> dict[str, Any]:
    """What changes in a run's status when it goes back into the queue to be trained in such batches."""
    note = (
        f"It did not fit in memory in larger batches and was started again with batches of "
        f"{batch_size}."
    )
    return {
        "state": State.QUEUED,
        "phase": "",
        "spent": status.seconds or 0.0,
        "started": None,
        "heartbeat": None,
        "pid": None,
        "eta": None,
        "error": None,
        "batch_size": batch_size,
        "notes": (*status.notes, note),
    }
