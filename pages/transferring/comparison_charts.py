"""A transfer beside training from scratch -> Plotly figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from core.tune.comparison import Row
from pages.shared.charts import BLUE, GRAY, GREEN, ORANGE, SKY, dark

_MARKS = ("circle", "diamond", "square", "triangle-up", "cross")  # colour never speaks alone
_PINK = "#CC79A7"  # Okabe and Ito's
_LEAST = 0.1  # seconds: a logarithmic axis has no 0


def against_seconds(rows: Sequence[Row]) -> go.Figure:
    """Test accuracy against the time it took, and validation accuracy on the way there.

    Args:
        rows: of all images, one of each way.
    """
    figure, looks = go.Figure(), _looks(rows)
    for row in rows:
        look = looks[row.title]
        if course := row.course:
            figure.add_scatter(
                x=[max(_LEAST, seconds) for seconds, _ in course],
                y=[accuracy for _, accuracy in course],
                mode="lines",
                line={"color": look["color"], "width": 2, "dash": "dot"},
                name=f"{escape(row.title)}: validation",
                showlegend=False,
                hovertemplate="%{x:.1f} s: %{y:.1%} of the validation images<extra></extra>",
            )
        if row.accuracy is not None and row.member.status.seconds is not None:
            _add(figure, row.title, look, [row.member.status.seconds], [row], "%{x:.1f} s")
    _finish(figure, "Accuracy against time", "with all images; dotted: validation on the way")
    seconds = [x for trace in figure.data for x in trace.x]
    _logarithmic(figure, "Seconds from start, logarithmic", seconds, _ticks(seconds))
    return figure


def against_images(rows: Sequence[Row]) -> go.Figure:
    """The learning curve: test accuracy against the number of training images.

    Args:
        rows: that are tested, the smallest share of each way first.
    """
    figure, looks = go.Figure(), _looks(rows)
    for title, look in looks.items():
        mine = [row for row in rows if row.title == title]
        _add(figure, title, look, [row.images or 1 for row in mine], mine, "%{x:,} images")
    _finish(figure, "Accuracy against training images", "bars: what chance explains")
    counts = sorted({row.images or 1 for row in rows})
    _logarithmic(figure, "Training images, logarithmic", counts, _apart(counts))
    return figure


def _looks(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """Colour and mark of each way."""
    colors = (SKY if dark() else BLUE, ORANGE, GREEN, _PINK, GRAY)
    titles = list(dict.fromkeys(row.title for row in rows))
    return {
        title: {"color": colors[place % len(colors)], "symbol": _MARKS[place % len(_MARKS)]}
        for place, title in enumerate(titles)
    }


def _add(
    figure: go.Figure,
    title: str,
    look: dict[str, str],
    places: Sequence[float],
    rows: Sequence[Row],
    hover: str,
) -> None:
    figure.add_scatter(
        x=list(places),
        y=[row.accuracy for row in rows],
        error_y={"array": [row.error for row in rows], "color": GRAY, "thickness": 1},
        mode="lines+markers",
        line={"color": look["color"], "width": 2},
        marker={"size": 11, "color": look["color"], "symbol": look["symbol"]},
        name=escape(title),
        hovertemplate=f"{hover}: %{{y:.1%}} of the test images<extra>{escape(title)}</extra>",
    )


def _finish(figure: go.Figure, title: str, about: str) -> None:
    figure.update_layout(
        title={"text": title, "subtitle": {"text": about}},
        height=400,
        hovermode="closest",
        margin_t=72,
        showlegend=True,
        legend={"orientation": "h", "y": -0.24, "x": 0, "yanchor": "top"},
    )
    heights = [y for trace in figure.data for y in trace.y]
    low = math.floor(10 * min(heights, default=0.0) - 0.2) / 10
    figure.update_yaxes(title="Images right (%)", tickformat=".0%", range=[max(0.0, low), 1.02])


def _logarithmic(
    figure: go.Figure, title: str, values: Sequence[float], ticks: Sequence[float]
) -> None:
    axis: dict[str, Any] = {"title": title, "type": "log"}
    if values:
        low, high = math.log10(min(values)), math.log10(max(values))
        axis["range"] = [low - 0.15, high + 0.15]
        axis |= {"tickvals": list(ticks), "ticktext": [f"{tick:,g}" for tick in ticks]}
    figure.update_xaxes(**axis)


def _ticks(values: Sequence[float]) -> list[float]:
    """1, 2, 5, 10 and so on, about the values; powers of ten alone where there would be many."""
    if not values:
        return []
    wide = max(values) / min(values) > 1000
    digits = (1,) if wide else (1, 2, 5)
    return [digit * 10.0**power for power in range(-1, 7) for digit in digits]


def _apart(counts: Sequence[int]) -> list[int]:
    """Those that leave room for each other's labels, the largest first."""
    kept: list[int] = []
    for count in sorted(counts, reverse=True):
        if not kept or count < 0.8 * kept[-1]:
            kept.append(count)
    return kept[::-1]
