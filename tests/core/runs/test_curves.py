"""core.runs.curves: the curves of a run as they are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.files import append_json
from core.runs.curves import SMOOTH, Curves, Smoothed
from core.runs.history import History


class Told:
    """A metrics.jsonl and the curves of it."""

    def __init__(self, folder: Path, axis: Any = "epoch", smoothing: float = 0.0) -> None:
        self.path = folder / "metrics.jsonl"
        self.path.touch()
        self.curves = Curves(History(self.path), axis, smoothing)

    def add(self, event: str, epoch: float, **values: Any) -> None:
        append_json(self.path, {"event": event, "epoch": epoch, **values})

    def points(self, name: str) -> list[tuple[float, float]]:
        self.curves.look()
        return self.curves.lines[name].points()


def test_each_value_is_a_line(tmp_path: Path) -> None:
    """Of batches and of epochs, over the epochs; what is no longer a number is left out."""
    told = Told(tmp_path)
    told.add("batch", 0.5, loss=2.0, accuracy=0.25, images_per_second=100)
    told.add("epoch", 1, loss=1.5, accuracy=0.5, val_loss=1.75, val_accuracy=0.5, learning_rate=0.1)
    assert told.points("batch loss") == [(0.5, 2.0)]
    told.add("epoch", 2, loss=None, accuracy=0.5, val_loss=None, val_accuracy=0.75)
    assert told.points("epoch val_accuracy") == [(1.0, 0.5), (2.0, 0.75)]
    assert told.points("epoch loss") == [(1.0, 1.5)]
    assert told.points("epoch learning_rate") == [(1.0, 0.1)]
    assert told.curves.newest == 2.0


def test_new_lines_go_behind_those_that_are_there(tmp_path: Path) -> None:
    """As long as training only goes on, nothing is made anew."""
    told = Told(tmp_path)
    told.add("batch", 0.5, loss=2.0)
    told.points("batch loss")
    stamp = told.curves.stamp
    told.add("batch", 0.75, loss=1.0)
    assert told.points("batch loss") == [(0.5, 2.0), (0.75, 1.0)]
    assert told.curves.stamp == stamp


def test_a_resumed_training_draws_no_line_backwards(tmp_path: Path) -> None:
    """What is done anew takes its place between what still holds."""
    told = Told(tmp_path)
    for epoch in (0.5, 1.0, 1.5, 2.0):
        told.add("batch", epoch, loss=epoch)
    told.points("batch loss")
    stamp = told.curves.stamp
    told.add("resumed", 1.0, time=9.0)
    told.add("batch", 1.25, loss=7.0)
    assert told.points("batch loss") == [
        (0.5, 0.5), (1.0, 1.0), (1.25, 7.0), (1.5, 1.5), (2.0, 2.0),
    ]  # fmt: skip
    told.add("batch", 2.25, loss=8.0)
    assert told.points("batch loss") == [(0.5, 0.5), (1.0, 1.0), (1.25, 7.0), (2.25, 8.0)]
    assert told.curves.stamp != stamp


def test_time_counts_training_alone(tmp_path: Path) -> None:
    """From the first line on, without the pause between two sittings."""
    told = Told(tmp_path, "time")
    told.add("batch", 0.5, loss=1.0, time=1000.0)
    told.add("epoch", 1, val_loss=2.0, time=1010.0)
    told.add("resumed", 1, time=5000.0)
    told.add("batch", 1.5, loss=3.0, time=5004.0)
    assert told.points("batch loss") == [(0.0, 1.0), (14.0, 3.0)]
    assert told.points("epoch val_loss") == [(10.0, 2.0)]
    assert told.curves.end_of(1) == 10.0


@pytest.mark.parametrize(
    ("ends", "best", "place"),
    [
        ([1.0, 2.0, 3.0], 2, 2.0),
        ([0.09], 1, 0.09),  # stopped before its end
        ([1.0, 1.4], 1, 1.0),
        ([], 3, None),  # its line is still to be written
    ],
)
def test_where_an_epoch_ends(
    tmp_path: Path, ends: list[float], best: int, place: float | None
) -> None:
    """At its end, or where Stop cut it short."""
    told = Told(tmp_path)
    for end in ends:
        told.add("epoch", end, val_loss=1.0)
    told.curves.look()
    assert told.curves.end_of(best) == place


@pytest.mark.parametrize(("axis", "place"), [("epoch", 3.0), ("time", 40.0)])
def test_where_another_phase_begins(tmp_path: Path, axis: str, place: float) -> None:
    """On both axes; a sitting that does it anew moves the border."""
    told = Told(tmp_path, axis)
    told.add("epoch", 1, time=10, val_loss=1.0)
    told.add("phase", 3, time=50, name="fine-tuning")
    told.add("epoch", 4, time=60, val_loss=0.5)
    told.curves.look()
    assert told.curves.borders == [(place, "fine-tuning")]
    told.add("resumed", 0, time=100)
    told.add("epoch", 1, time=110, val_loss=1.0)
    told.add("phase", 2, time=120, name="fine-tuning")
    told.add("epoch", 5, time=130, val_loss=0.5)
    told.curves.look()
    assert [name for _, name in told.curves.borders] == ["fine-tuning"]
    if axis == "epoch":
        assert told.curves.borders[0][0] == 2.0


def test_smoothed_lines_are_beside_those_measured(tmp_path: Path) -> None:
    """The average begins at the first value, not at 0."""
    told = Told(tmp_path, smoothing=0.5)
    for epoch, loss in ((0.25, 4.0), (0.5, 1.0)):
        told.add("batch", epoch, loss=loss)
    assert told.points("batch loss") == [(0.25, 4.0), (0.5, 1.0)]
    assert told.points("batch loss" + SMOOTH) == [(0.25, 4.0), (0.5, pytest.approx(2.0))]


@given(some.lists(some.floats(-100, 100), min_size=1, max_size=50), some.floats(0, 0.99))
def test_an_average_is_among_its_values(values: list[float], weight: float) -> None:
    """It weighs the values so that the weights are 1 in all, each `weight` times the next one's."""
    smoothed = Smoothed(weight)
    for value in values:
        told = smoothed(value)
    weights = [weight**age for age in range(len(values))][::-1]
    expected = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    assert told == pytest.approx(expected, abs=1e-6)
