"""The test of a model behind a frozen backbone: of the saved one, or of features that agree with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.splits import Indices, spread
from core.train.reporter import Reporter
from core.transfer.head import Outcome, outcome

# uint8 images [n, height, width, channels] -> probabilities float32 [n, classes]
Ask = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

_WHOLE = 1000  # test images that the saved model itself is given
_COMPARED = 256  # of more of them
_AGREEING = 0.95  # share of these that both must name the same
_AT_ONCE = 16
_QUICKLY = "Tested on features in 8 bits"


def examine(
    ask: Ask | None,
    data: Dataset,
    rows: Indices,
    on_features: Callable[[Indices], Outcome],
    reporter: Reporter,
) -> Outcome:
    """How the model does on test images.

    Of many images features in 8 bits are taken, which are there sooner, once a part
    of the images has shown that they lead to the same answers; the run's notes say so.

    Args:
        ask: asks the saved model; None where it could not be saved in a form that answers quickly.
        on_features: how the head does on the features of some rows.
    """
    if ask is None:
        return on_features(rows)
    if len(rows) <= _WHOLE:
        return _asked(ask, data, rows, reporter)
    some = spread(rows, _COMPARED)
    whole, quick = _asked(ask, data, some, reporter), on_features(some)
    agreeing = float((whole.answers == quick.answers).mean())
    apart = float(np.abs(whole.chances - quick.chances).mean())
    reporter.log(
        f"features in 8 bits and the saved model name {agreeing:.1%} of {len(some)} test images the "
        f"same, {quick.accuracy:.1%} and {whole.accuracy:.1%} of them rightly; probabilities differ by "
        f"{apart:.4f} on average"
    )
    reporter.unnote(_QUICKLY)  # an earlier sitting's
    if agreeing < _AGREEING:
        return _asked(ask, data, rows, reporter)
    reporter.note(
        f"{_QUICKLY}, which take less time: the saved model named "
        f"{agreeing:.0%} of {len(some)} test images the same."
    )
    return on_features(rows)


def _asked(ask: Ask, data: Dataset, rows: Indices, reporter: Reporter) -> Outcome:
    found = []
    for start in range(0, len(rows), _AT_ONCE):
        reporter.require_folder()
        reporter.update(step=start, steps=len(rows), eta=None)
        found.append(ask(np.asarray(data.images.images[rows[start : start + _AT_ONCE]])))
    return outcome(np.concatenate(found), data.images.labels[rows])
