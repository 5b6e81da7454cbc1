"""The curves of a run as a component: it is sent what is new, keeps the rest, and draws.

curves.js, with scales.js and curves.css, draws them and comes once; mount.js hands it the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from core import words
from core.runs.curves import SMOOTH, Axis, Curves
from core.runs.history import History, history
from core.runs.parcels import KEPT, parcel
from core.runs.run import Run
from core.runs.status import RunStatus
from pages.shared import charts, state
from pages.watching.view import View

_HERE = Path(__file__).parent
# a component's code is sent with every drawing, so the one that is drawn each second has next to none
_mount = st.components.v2.component(
    "layerwise-curves",
    html='<div class="curves"></div>',
    js=(_HERE / "mount.js").read_text(),
)
_mount_code = st.components.v2.component(
    "layerwise-curves-code",
    js="\n".join((_HERE / name).read_text() for name in ("scales.js", "curves.js")),
)
_CSS = (_HERE / "curves.css").read_text()
_SPANS = tuple(10.0 * 1.25**number for number in range(80))  # seconds of an axis of time
Chart = dict[str, Any]


def begin(run: Run) -> None:
    """Send all of the curves with the next drawing: the page is drawn anew."""
    for part in ("main", "pace"):
        state.keep(_sent(run, part), [])


def code() -> None:
    """Send what draws the curves; once for a page, outside of what is redrawn."""
    _mount_code(key="curves-code", data={"css": _CSS})


def learning(run: Run, status: RunStatus, view: View) -> bool:
    """Loss and accuracy; whether there was anything to draw."""
    made = _curves(run, view)
    if not made.lines:
        return False
    colors = {"loss": charts.SKY if charts.dark() else charts.BLUE, "accuracy": charts.GREEN}
    titles = {"loss": "Loss (cross-entropy, nats)", "accuracy": "Accuracy (images named right)"}
    epochs = words.several(status.epoch, "epoch")
    drawn = [
        {
            "name": key,
            "title": titles[key],
            "kind": "share" if key == "accuracy" else "number",
            "log": view.log and key == "loss",
            "marked": True,
            "height": 280,
            "alt": f"{key.capitalize()} of training and validation over {epochs}. "
            "Arrow keys read values, plus and minus zoom, Escape shows all.",
            "lines": _lines(key, colors[key], view),
        }
        for key in titles
    ]
    _draw(run, "main", made, drawn, status)
    return True


def pace(run: Run, status: RunStatus, view: View) -> None:
    """Learning rate and images a second."""
    made = _curves(run, View(axis=view.axis))
    rate = {
        "name": "learning_rate",
        "title": "Learning rate, at the end of each epoch",
        "kind": "number",
        "log": False,
        "lines": [_line("epoch learning_rate", "learning rate", "solid", charts.ORANGE, dots=True)],
    }
    speed = {
        "name": "images_per_second",
        "title": "Training images a second",
        "kind": "count",
        "log": False,
        "lines": [
            _line("batch images_per_second", "now", "fine", charts.GRAY),
            _line("epoch images_per_second", "each epoch", "solid", charts.GRAY, dots=True),
        ],
    }
    drawn = [{**chart, "height": 190, "alt": chart["title"]} for chart in (rate, speed)]
    _draw(run, "pace", made, drawn, status)


def _lines(key: str, color: str, view: View) -> list[Chart]:
    """Training dashed, validation solid, training within the epochs fine, as measured faint."""
    looks = (
        (f"batch {key}", "within epochs", "fine"),
        (f"epoch {key}", "training", "dash"),
        (f"epoch val_{key}", "validation", "solid"),
    )
    if not view.smoothing:
        return [_line(*look, color, dots=look[2] == "solid") for look in looks]
    behind = [_line(name, "", "faint", color) for name, _, _ in looks]
    looks = ((looks[0][0], looks[0][1], "thin"), *looks[1:])
    return behind + [_line(name + SMOOTH, label, look, color) for name, label, look in looks]


def _line(name: str, label: str, look: str, color: str, *, dots: bool = False) -> Chart:
    return {"name": name, "label": label, "look": look, "color": color, "dots": dots}


def _draw(run: Run, part: str, made: Curves, drawn: Sequence[Chart], status: RunStatus) -> None:
    key = _sent(run, part)
    sent = state.value(key, [])
    names = [line["name"] for chart in drawn for line in chart["lines"]]
    content, now = parcel(made, names, sent)
    state.keep(key, [*sent, now][-KEPT:])
    best = status.best_epoch
    at = made.end_of(best) if best else None
    _mount(
        key=f"curves-{part}-{_told_apart(run)}",
        data={
            **content,
            "charts": drawn,
            "x": _axis(made, status),
            "best": {"x": at, "label": f"best: epoch {best}"} if at is not None else None,
            "borders": [{"x": x, "label": name} for x, name in made.borders],
        },
        on_again_change=lambda: state.keep(key, []),
    )


def _axis(made: Curves, status: RunStatus) -> dict[str, Any]:
    """The axis below: its end stands still while training goes on, or moves seldom."""
    if made.axis == "epoch":
        whole = max(status.epoch, 1) if status.state.final else status.epochs
        return {"kind": "epoch", "title": "Epoch", "to": whole}
    newest = made.newest
    to = newest if status.state.final else next((s for s in _SPANS if s >= newest), newest)
    return {"kind": "time", "title": "Time of training", "to": to}


def _told_apart(run: Run) -> str:
    """A name for a component's key, which must not hold two underscores in a row, as ids may."""
    return run.id.replace("_", "_.")


def _sent(run: Run, part: str) -> str:
    return f"curves sent {part} {run.id}"


def _curves(run: Run, view: View) -> Curves:
    made = _kept(history(run), view.axis, view.smoothing)
    made.look()
    return made


@lru_cache(maxsize=32)
def _kept(told: History, axis: Axis, smoothing: float) -> Curves:
    """One for all sessions that look at a run in the same way."""
    return Curves(told, axis, smoothing)
