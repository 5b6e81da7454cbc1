"""Least squares with coefficients that cannot be negative, small enough to need no library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SWEEPS = 20_000
_SETTLED = 1e-12  # relative change of a sweep after which more would change nothing


def nonnegative(rows: Floats, seconds: Floats) -> Floats:
    """The x >= 0 for which `rows` @ x is nearest to `seconds` in relative error.

    Cyclic coordinate descent: each coefficient in turn takes its best value, or 0 (Franc, Hlavac,
    Navara, Sequential coordinate-wise algorithm for the non-negative least squares problem, 2005).
    A column of zeros gets 0.

    Args:
        rows: [measurements, coefficients], no entry below 0.
        seconds: [measurements], above 0.
    """
    relative = rows / seconds[:, None]
    scale = np.linalg.norm(relative, axis=0)
    used = scale > 0
    matrix = relative[:, used] / scale[used]  # columns of length 1 converge fastest
    squares, target = matrix.T @ matrix, matrix.sum(axis=0)
    x = np.zeros(len(target))
    for _ in range(_SWEEPS):
        before = x.copy()
        for j in range(len(x)):
            x[j] = max(0.0, x[j] + target[j] - squares[j] @ x)
        if np.abs(x - before).max(initial=0.0) <= _SETTLED * np.abs(x).max(initial=0.0):
            break
    found = np.zeros(rows.shape[1])
    found[used] = x / scale[used]
    return found
