"""The curves of a run as they are drawn: smoothed, over epochs or time, thinned to a few hundred points."""

from __future__ import annotations

import itertools
from typing import Literal

from core.runs import metrics
from core.runs.history import History
from core.runs.metrics import Line
from core.runs.thinning import Thinned

Axis = Literal["epoch", "time"]
# which values of which lines are drawn; a smoothed one has its name with SMOOTH behind
VALUES = {
    "batch": ("loss", "accuracy", "images_per_second"),
    "epoch": (
        *("loss", "accuracy", "val_loss", "val_accuracy"),
        *("learning_rate", "images_per_second"),
    ),
}
SMOOTH = " smooth"
_made = itertools.count()


class Smoothed:
    """An exponential average that is not drawn to 0 by its start.

    As in Kingma and Ba, "Adam" (2015), section 3: divided by the weights given so far.

    Args:
        weight: of what came before against the new value, from 0 (no smoothing) to below 1.
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self._sum = self._given = 0.0

    def __call__(self, value: float) -> float:
        """Take a value in and give the average so far."""
        new = 1.0 - self.weight
        self._sum += new * (value - self._sum)
        self._given += new * (1.0 - self._given)
        return self._sum / self._given


class Curves:
    """All curves of a history, made on from where they were when it grows.

    Attributes:
        lines: a thinned line for each value; "batch loss", "epoch val_loss smooth" and so on.
        borders: where another phase of the training begins on the axis, and what it is called.
        stamp: another one whenever points that were there may have changed.
    """

    def __init__(self, history: History, axis: Axis, smoothing: float) -> None:
        self.history = history
        self.axis = axis
        self.smoothing = smoothing
        self._begin()

    def _begin(self) -> None:
        self.lines: dict[str, Thinned] = {}
        self.stamp = f"{next(_made)}"
        self._smoothed: dict[str, Smoothed] = {}
        self._taken, self._turn = 0, self.history.turn
        self._time: float | None = None  # of the last line
        self._passed = 0.0
        self._place = 0.0
        self._ends: list[tuple[float, float]] = []  # of epochs, and where they are on the axis
        self.borders: list[tuple[float, str]] = []

    def look(self) -> None:
        """Take in what the history has got since."""
        with self.history.lock:
            self.history.look()
            if self.history.turn != self._turn:
                self._begin()
            added = self.history.lines[self._taken :]
            if any(
                metrics.position(one) > metrics.position(two)
                for one, two in itertools.pairwise([{"epoch": self._place}, *added])
            ):  # a resumed training does anew what lines tell that still hold
                self._begin()
                added = sorted(self.history.lines, key=metrics.position)
            for line in added:
                self._take(line)
            self._taken = len(self.history.lines)

    @property
    def newest(self) -> float:
        """Where the axis' newest point is; 0 before the first."""
        lines = [line.points()[-1][0] for line in self.lines.values() if line.count]
        return max(lines, default=0.0)

    def end_of(self, epoch: int) -> float | None:
        """Where an epoch ends on the axis: where Stop cut it short, at the part that was trained."""
        return next((x for place, x in self._ends if epoch - 1 < place <= epoch), None)

    def _take(self, line: Line) -> None:
        self._place = metrics.position(line)
        self._pass_time(line)
        x = self._place if self.axis == "epoch" else self._passed
        event = str(line.get("event"))
        if event == "epoch":
            self._ends.append((self._place, x))
        elif event == "phase":
            self.borders.append((x, str(line.get("name"))))
        for key in VALUES.get(event, ()):
            if (value := metrics.number(line, key)) is None:  # unknown, or no longer a number
                continue
            name = f"{event} {key}"
            self._append(name, x, value)
            if self.smoothing:
                smoothed = self._smoothed.setdefault(name, Smoothed(self.smoothing))
                self._append(name + SMOOTH, x, smoothed(value))

    def _append(self, name: str, x: float, y: float) -> None:
        if (line := self.lines.get(name)) is None:
            line = self.lines[name] = Thinned()
        line.append(x, y)

    def _pass_time(self, line: Line) -> None:
        """Count the seconds of training from the first line on, without those between its sittings."""
        if (now := metrics.number(line, "time")) is None:
            return
        if self._time is not None:
            since = [start for start in self.history.resumed if self._time < start <= now]
            self._passed += max(0.0, now - max(since, default=self._time))
        self._time = now
