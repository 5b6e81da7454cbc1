"""A worker before its run is known: ``python -m core.train.warm``, started by core.runs.standby.

It imports all that training needs, then waits for one line: the run's folder, as JSON. From there on
it is the run's worker (core.train.worker) like any other, and ends with the run, since TensorFlow's
state is never used twice. When its input ends before, whoever started it is gone, and it ends too.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import sys
import traceback
from pathlib import Path

from PIL import Image

from core.runs import standby
from core.train import backend, worker

_LOOK = 0.2  # seconds between two looks whether the pretrained network is wanted

# what the worker imports when it trains, after TensorFlow
MODULES = (
    "core.train.fitting",
    "core.train.frozen",
)


def main() -> int:
    """Get ready, wait for a run, and train it."""
    worker.lower_priority()
    backend.start()
    for name in MODULES:
        importlib.import_module(name)
    Image.preinit()  # the formats, of which the examiner writes one
    prepared = False
    # elsewhere a pipe cannot be asked whether there is something in it
    while os.name == "posix" and not select.select([sys.stdin.buffer], [], [], _LOOK)[0]:
        if not prepared and standby.backbone_wanted():
            prepared = True
            _prepare_backbone()
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return 0
    folder = Path(json.loads(line))
    _write_to(folder / "worker.log")
    return worker.train(folder)


def _prepare_backbone() -> None:
    """Have the bundled network's files there, the network built, and know how to train behind it.

    What fails is the run's to tell.
    """
    from core.specs import Backbone, TrainSpec
    from core.train import plan, precision
    from core.transfer import networks

    try:
        networks.prepare(Backbone())
        if plan.choose(TrainSpec()) is None:
            plan.save(precision.faster())
    except Exception:  # nobody waits for it, and the run that comes may need none of it
        traceback.print_exc()


def _write_to(path: Path) -> None:
    """Send what this process prints, TensorFlow's libraries included, to the run's log."""
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("ab") as log, open(os.devnull, "rb") as nothing:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        os.dup2(nothing.fileno(), 0)


if __name__ == "__main__":
    sys.exit(main())
