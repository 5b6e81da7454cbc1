"""Predictions of several photos as one table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from core.predict.prediction import Prediction


def to_csv(named: Sequence[tuple[str, Prediction | str]]) -> str:
    """A CSV: photo, best class, its probability, every class's probability, and what went wrong.

    Args:
        named: each photo's name with its prediction, or with the reason it could not be read.
    """
    classes = next((item.classes for _, item in named if isinstance(item, Prediction)), ())
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["photo", "class", "probability", *classes, "problem"])
    for name, item in named:
        if isinstance(item, str):
            writer.writerow([name, "", "", *[""] * len(classes), item])
            continue
        label, share = item.top(1)[0]
        row = [name, label, f"{share:.6f}", *(f"{value:.6f}" for value in item.probabilities)]
        writer.writerow([*row, ""])
    return buffer.getvalue()
