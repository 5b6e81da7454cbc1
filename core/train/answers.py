"""What a model answers on the validation images, told after an epoch: for the run's pages and health."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core import files
from core.data.dataset import Dataset
from core.data.splits import Indices
from core.health import inputs, record, views
from core.runs.run import Run
from core.train.watcher import Tested


class Answers:
    """Writes a line of views.jsonl and one of health.jsonl for an epoch.

    Args:
        rows: of the validation images.

    Attributes:
        samples: positions among them of the images whose probabilities are shown.
    """

    def __init__(self, run: Run, data: Dataset, rows: Indices) -> None:
        self._folder, self._classes = run.folder, len(data.classes)
        self._labels = data.images.labels[rows]
        self.samples: Indices = views.choose(data, rows)
        for name in (record.NAME, views.NAME):
            files.end_line(self._folder / name)  # an earlier sitting may have been killed in one
        views.keep(run, data, rows[self.samples])

    def looks(self, epoch: int) -> bool:  # noqa: ARG002
        """Whether to look at the layers after an epoch: that takes an Examiner."""
        return False

    def after_epoch(
        self, position: float, tested: Tested, changes: tuple[float, ...], *, look: bool
    ) -> None:
        """As an Examiner does."""
        del changes, look
        self.tell(position, tested.answers, tested.sureness, tested.samples)

    def spending(self) -> contextlib.AbstractContextManager[None]:
        """As an Examiner does; this takes no time to speak of."""
        return contextlib.nullcontext()

    def tell(
        self,
        position: float,
        answers: NDArray[np.int64],
        chances: NDArray[np.float32],
        samples: NDArray[np.float32],
        layers: Sequence[record.LayerHealth] = (),
    ) -> None:
        """Write the answers after an epoch that ended at `position`.

        Args:
            answers: int64 [n], the class that each validation image is named.
            chances: float32 [n], its probability.
            samples: float32 [k, classes], the probabilities of `self.samples`.
            layers: what was found of them.
        """
        # a network whose numbers left all bounds names no class, not even the first
        answered = bool(np.isfinite(chances).all())
        if answered:
            line = {
                "epoch": position,
                "confusion": views.pairs(self._labels, answers, self._classes),
                "samples": np.round(samples.astype(np.float64), 4).tolist(),
            }
            files.append_json(self._folder / views.NAME, line)
        told = record.EpochHealth(
            epoch=position,
            layers=tuple(layers),
            sureness=sureness(self._labels == answers, chances),
            answers=tuple(inputs.shares(answers, self._classes)) if answered else (),
        )
        line = {"event": "epoch", **told.model_dump(exclude_none=True)}
        files.append_json(self._folder / record.NAME, line)


def sureness(right: NDArray[np.bool_], chances: NDArray[np.float32]) -> record.Sureness:
    """How sure the answers are: of all, of right and of wrong ones.

    `ranking` is the area under the receiver operating characteristic of sureness as a sign of being
    right (Mann and Whitney's statistic; ties count half).
    """
    if not np.isfinite(chances).all():
        return record.Sureness()
    good, bad = chances[right], chances[~right]
    ranking = None
    if len(good) and len(bad):
        ordered = np.sort(bad)
        below = np.searchsorted(ordered, good, side="left")
        above = np.searchsorted(ordered, good, side="right")
        ranking = float((below + above).mean() / 2 / len(bad))
    return record.Sureness(
        right=float(good.mean()) if len(good) else None,
        wrong=float(bad.mean()) if len(bad) else None,
        ranking=ranking,
    )
