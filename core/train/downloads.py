"""What a worker fetches before it trains: the weights of a pretrained network."""

from __future__ import annotations

from core import words
from core.design.backbones import facts, used
from core.runs.run import Run
from core.specs import ModelSpec
from core.train.reporter import Reporter
from core.transfer import weights


def weights_there(model: ModelSpec, run: Run, reporter: Reporter) -> bool:
    """Download what a design's backbone needs, telling how far it is; False where it was stopped.

    Raises:
        InputError: the file that the design names is not there.
        ModelError: the weights could not be downloaded.
        StorageError: there is no room for them.
    """
    backbone = used(model)
    if backbone is None:
        return True
    weights.require(backbone)
    if weights.ready(backbone):
        return True
    doing = f"downloading the weights of {facts(backbone).title}"
    reporter.phase(doing)
    epochs, ends = reporter.status.epochs, reporter.status.ends
    # the bar is the download's until training begins; `ends` is what holds where it breaks off
    reporter.update(epochs=1, ends=ends or (epochs,))

    def told(done: int, total: int | None) -> bool:
        reporter.require_folder()
        far = f"{done / total:.0%} of {words.size(total)}" if total else words.size(done)
        reporter.update(phase=f"{doing}, {far}", step=done, steps=total or 0)
        return not run.cancelled

    try:
        return weights.obtain(backbone, told)
    finally:
        reporter.update(epochs=epochs, ends=ends, step=0, steps=0)
