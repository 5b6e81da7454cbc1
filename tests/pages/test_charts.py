"""pages.shared.charts: where a curve's best epoch is marked."""

from __future__ import annotations

from typing import Any

import pytest

from pages.shared import charts


def line(epoch: float) -> dict[str, Any]:
    """An epoch's figures."""
    return {"event": "epoch", "epoch": epoch, "accuracy": 0.4, "val_accuracy": 0.5}


@pytest.mark.parametrize(
    ("ends", "best", "place", "text"),
    [
        ([1.0, 2.0, 3.0], 2, 2.0, "best: epoch 2"),
        ([0.09], 1, 0.09, "best: within epoch 1"),  # stopped before its end
        ([1.0, 1.4], 1, 1.0, "best: epoch 1"),
        ([], 3, 3.0, "best: epoch 3"),  # its line is still to be written
    ],
)
def test_the_best_epoch_is_marked_where_it_ends(
    ends: list[float], best: int, place: float, text: str
) -> None:
    """At its end, or where Stop cut it short."""
    lines = [line(end) for end in ends]
    figure = charts.curves("accuracy", lines, [], wanted=5, best_epoch=best, share=True)
    assert [shape.x0 for shape in figure.layout.shapes] == [place]
    assert [note.text for note in figure.layout.annotations] == [text]


def test_without_a_best_epoch_nothing_is_marked() -> None:
    """Before the first epoch has ended."""
    figure = charts.curves("loss", [], [], wanted=5, best_epoch=None, share=False)
    assert not figure.layout.shapes
    assert not figure.layout.annotations
