"""Runs side by side -> Plotly figures, by the template of charts.py."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from core import words
from core.train.rate_curve import RateCurve
from pages.shared.charts import BLUE, GRAY, GREEN, ORANGE, SKY

# Okabe and Ito's, the darkest and the lightest left out
_PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_COLUMNS = 3  # of small multiples; more are too narrow on a phone
_LETTERS = 20  # of a small multiple's title, in a line


@dataclass(frozen=True)
class Series:
    """A run among others.

    Attributes:
        name: as people know it.
        lines: "epoch" lines of its metrics.
        best: whether it is the one to look at.
    """

    name: str
    lines: Sequence[Mapping[str, Any]]
    best: bool = False


def range_curve(curve: RateCurve, *, marked: bool) -> go.Figure:
    """Loss against learning rate on a logarithmic axis.

    Args:
        marked: with the rates that it suggests.
    """
    dark, figure = st.context.theme.type == "dark", go.Figure()
    figure.add_scatter(
        x=curve.rates,
        y=curve.losses,
        mode="markers",
        marker={"size": 3, "color": GRAY},
        opacity=0.5,
        hoverinfo="skip",
    )
    smooth = curve.smoothed
    figure.add_scatter(
        x=curve.rates[: len(smooth)],
        y=smooth,
        mode="lines",
        line={"width": 2.5, "color": SKY if dark else BLUE},
        hovertemplate="loss %{y:.3g}<extra></extra>",
    )
    if marked and curve.suggestion is not None and curve.tenth is not None:
        _mark(figure, curve.tenth, f"careful: {words.rate(curve.tenth)}", GRAY, height=0.02)
        text = f"<b>suggested: {words.rate(curve.suggestion)}</b>"
        _mark(figure, curve.suggestion, text, ORANGE, height=0.9, right=curve.suggestion < 0.1)
    top = 1.5 * smooth[0] if smooth else 1.0
    figure.update_layout(
        title={
            "text": "Loss by learning rate",
            "subtitle": {"text": "dots: each step; line: their running average"},
        },
        height=360,
        margin_t=64,
    )
    figure.update_xaxes(title="Learning rate", type="log", range=[-7, 1], dtick=1, tickformat="~g")
    figure.update_yaxes(title="Cross-entropy (nats)", range=[0, top])
    return figure


def _mark(
    figure: go.Figure, rate: float, text: str, color: str, *, height: float, right: bool = False
) -> None:
    """A line at a learning rate, its words beside it at a height from 0 to 1."""
    figure.add_vline(x=rate, line={"color": color, "width": 2, "dash": "dash"})
    figure.add_annotation(
        x=math.log10(rate),
        y=height,
        yref="paper",
        yanchor="bottom",
        xanchor="left" if right else "right",
        xshift=6 if right else -6,
        text=text,
        showarrow=False,
    )


def overlaid(
    series: Sequence[Series], key: str, *, title: str, about: str, wanted: int
) -> go.Figure:
    """One curve of each run over the epochs, in one figure, named at its end.

    Args:
        key: in the metric lines, such as "val_accuracy".
        wanted: epochs in all, so that the axis stands still while training goes on.
    """
    figure, share = go.Figure(), key.endswith("accuracy")
    drawn = [
        (one, [line for line in one.lines if line.get(key) is not None], color)
        for one, color in zip(series, _colors(len(series)), strict=True)
    ]
    heights = [line[key] for _, lines, _ in drawn for line in lines]
    steep = not share and bool(heights) and max(heights) > 20 * max(1e-9, min(heights))
    for one, lines, color in drawn:
        figure.add_scatter(
            x=[line["epoch"] for line in lines],
            y=[line[key] for line in lines],
            name=escape(one.name),
            mode="lines+markers" if len(lines) < 40 else "lines",
            line={"color": color, "width": 3 if one.best else 2},
            marker={"size": 5},
        )
    figure.update_layout(
        title={"text": title, "subtitle": {"text": about}},
        height=380,
        margin_t=72,
        showlegend=True,
        legend={"orientation": "h", "y": -0.22, "x": 0, "yanchor": "top"},
    )
    figure.update_xaxes(title="Epoch", range=[0, wanted * 1.03], dtick=max(1, round(wanted / 10)))
    if share:
        figure.update_yaxes(title="Images right (%)", tickformat=".0%", range=[0, 1.05])
    elif steep:
        figure.update_yaxes(title="Cross-entropy (nats), logarithmic", type="log")
    else:
        figure.update_yaxes(title="Cross-entropy (nats)", rangemode="tozero")
    return figure


def multiples(series: Sequence[Series], *, wanted: int) -> go.Figure:
    """Validation accuracy by epoch, a small chart for each run, all with the same axes."""
    rows = -(-len(series) // _COLUMNS)
    titles = [_folded(one.name, one.best) for one in series]
    above = 18 + 15 * max((title.count("<br>") + 1 for title in titles), default=1)  # pixels
    height = 80 * rows + above * (rows - 1)
    figure = make_subplots(
        rows=rows,
        cols=_COLUMNS,
        shared_xaxes="all",
        shared_yaxes="all",
        subplot_titles=titles,
        horizontal_spacing=0.04,
        vertical_spacing=above / height,
    )
    figure.update_annotations(font_size=11, yanchor="bottom")
    color = SKY if st.context.theme.type == "dark" else BLUE
    for place, one in enumerate(series):
        row, column = place // _COLUMNS + 1, place % _COLUMNS + 1
        lines = [line for line in one.lines if line.get("val_accuracy") is not None]
        figure.add_scatter(
            x=[line["epoch"] for line in lines],
            y=[line["val_accuracy"] for line in lines],
            mode="lines+markers" if len(lines) < 20 else "lines",
            line={"color": GREEN if one.best else color, "width": 2},
            marker={"size": 4},
            hovertemplate="epoch %{x}: %{y:.1%}<extra></extra>",
            row=row,
            col=column,
        )
    figure.update_layout(
        title={
            "text": "Validation accuracy by epoch",
            "subtitle": {"text": "the best so far in green; all with the same axes"},
        },
        height=60 + above + height + 30,
        hovermode="closest",
        margin_t=60 + above,
        margin_b=30,
    )
    figure.update_xaxes(range=[0, wanted * 1.03], dtick=max(1, round(wanted / 4)))
    figure.update_yaxes(range=[0, 1.05], tickformat=".0%", dtick=0.5)
    return figure


@dataclass(frozen=True)
class Rung:
    """A step of a ladder, for its chart.

    Attributes:
        error: standard error of its score.
    """

    number: int
    change: str
    origin: int
    parameters: int
    score: float
    error: float
    kept: bool


def ladder(rungs: Sequence[Rung]) -> go.Figure:
    """Validation accuracy against parameters; each step is joined to the one it was made from."""
    color = SKY if st.context.theme.type == "dark" else BLUE
    known, figure = {rung.number: rung for rung in rungs}, go.Figure()
    for rung in rungs:
        if (origin := known.get(rung.origin)) is not None:
            figure.add_scatter(
                x=[origin.parameters, rung.parameters],
                y=[origin.score, rung.score],
                mode="lines",
                line={"color": color, "width": 2, "dash": "solid" if rung.kept else "dot"},
                hoverinfo="skip",
            )
    for place, rung in enumerate(sorted(rungs, key=lambda rung: rung.parameters)):
        figure.add_scatter(
            x=[rung.parameters],
            y=[rung.score],
            error_y={"array": [rung.error], "color": GRAY, "thickness": 1},
            mode="markers",
            marker={
                "size": 15 if rung.kept else 10,
                "color": GREEN if rung.kept else color,
                "symbol": "star" if rung.kept else "circle",
            },
            hovertemplate="%{x:,} parameters: %{y:.1%}<extra></extra>",
        )
        below = place % 2 == 1  # in turns, since neighbours are often close
        figure.add_annotation(
            x=math.log10(rung.parameters),
            y=rung.score - rung.error if below else rung.score + rung.error,
            yanchor="top" if below else "bottom",
            yshift=-4 if below else 4,
            text=_rung_words(rung),
            showarrow=False,
        )
    figure.update_layout(
        title={
            "text": "Validation accuracy by size",
            "subtitle": {"text": "bars: what chance explains; star: the step to keep"},
        },
        height=380,
        hovermode="closest",
        margin_t=72,
    )
    low = min((rung.score - rung.error for rung in rungs), default=0.0)
    sizes = [math.log10(rung.parameters) for rung in rungs] or [3.0]
    ticks = [digit * 10**power for power in range(1, 10) for digit in (1, 2, 5)]
    figure.update_xaxes(
        title="Parameters",
        type="log",
        range=[min(sizes) - 0.25, max(sizes) + 0.25],
        tickvals=ticks,
        ticktext=[f"{tick:,}" if tick < 10**6 else f"{tick // 10**6}M" for tick in ticks],
    )
    figure.update_yaxes(
        title="Images right (%)", tickformat=".0%", range=[max(0.0, low - 0.08), 1.05]
    )
    return figure


def _rung_words(rung: Rung) -> str:
    text = f"{rung.number} {rung.change}"
    return f"<b>{text}: keep</b>" if rung.kept else text


def _colors(count: int) -> list[str]:
    if count <= len(_PALETTE):
        return list(_PALETTE[:count])
    places = [0.15 + 0.7 * place / (count - 1) for place in range(count)]
    return list(sample_colorscale("Viridis", places))


def _folded(name: str, best: bool) -> str:
    """A title of few letters a line."""
    lines: list[str] = []
    for part in name.split(" · "):
        if lines and len(lines[-1]) + len(part) + 3 <= _LETTERS:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    text = "<br>".join(map(escape, lines))
    return f"<b>{text}</b>" if best else text
