"""Tables -> Plotly figures, all by one template, legible in both themes.

Colours are Okabe and Ito's, told apart by colour-blind people too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go
import streamlit as st

BLUE, SKY, GREEN, ORANGE, GRAY = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#8A97A0"
_BAR = 26  # pixels of height for one horizontal bar

_TEMPLATE = go.layout.Template(
    layout=go.Layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 8, "r": 16, "t": 40, "b": 8},
        title={"x": 0, "xanchor": "left", "font": {"size": 15}},
        font={"size": 13},
        showlegend=False,
        hovermode="x unified",
        xaxis={"automargin": True, "zeroline": False, "gridcolor": "rgba(128,140,150,0.18)"},
        yaxis={"automargin": True, "zeroline": False, "gridcolor": "rgba(128,140,150,0.18)"},
    )
)


def show(figure: go.Figure, key: str, alt: str) -> None:
    """Draw a figure as wide as its place; `alt` says in words what it shows."""
    figure.update_layout(template=_TEMPLATE, uirevision=key)
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False})


def counts(numbers: Mapping[str, int]) -> go.Figure:
    """Images of each class as horizontal bars, in the order given."""
    figure = go.Figure(
        go.Bar(
            x=list(numbers.values()),
            y=[escape(name) for name in numbers],
            orientation="h",
            marker={"color": SKY if dark() else BLUE},
            text=[f"{number:,}" for number in numbers.values()],
            textposition="outside",
            textangle=0,
            cliponaxis=False,
            hovertemplate="%{y}: %{x:,} images<extra></extra>",
        )
    )
    figure.update_layout(
        title="Images in each class",
        height=90 + _BAR * len(numbers),
        hovermode="closest",
        margin_r=48,
    )
    figure.update_xaxes(title="Number of images")
    figure.update_yaxes(autorange="reversed", type="category")
    return figure


def probabilities(pairs: Sequence[tuple[str, float]], *, title: str) -> go.Figure:
    """Class probabilities as bars, one line each: label, bar, percentage; the winner is bold."""
    labels = [escape(label) for label, _ in pairs]  # Plotly reads labels as HTML
    figure = go.Figure(
        go.Bar(
            x=[share for _, share in pairs],
            y=[f"<b>{labels[0]}</b>", *labels[1:]],
            orientation="h",
            marker={"color": [GREEN] + [GRAY] * (len(pairs) - 1)},
            text=[f"<b>{s:.1%}</b>" if i == 0 else f"{s:.1%}" for i, (_, s) in enumerate(pairs)],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    top = 40 if title else 4
    figure.update_layout(
        title=title,
        height=top + 12 + _BAR * len(pairs),
        margin={"t": top, "b": 8, "r": 56},  # room beside a full bar for its percentage
        hovermode=False,
        bargap=0.3,
    )
    figure.update_xaxes(range=[0, 1], visible=False, fixedrange=True)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False, fixedrange=True)
    return figure


def values(numbers: Sequence[int], heights: Sequence[float], *, title: str) -> go.Figure:
    """Values of a layer's units as upright bars; `numbers` are the units', from 0."""
    figure = go.Figure(
        go.Bar(
            x=[number + 1 for number in numbers],
            y=list(heights),
            marker={"color": SKY if dark() else BLUE},
            hovertemplate="unit %{x}: %{y:.3g}<extra></extra>",
        )
    )
    figure.update_layout(title=title, height=280, hovermode="closest")
    figure.update_xaxes(title="Unit")
    figure.update_yaxes(title="Value")
    return figure


def dark() -> bool:
    """Whether the page is drawn in its dark theme."""
    return st.context.theme.type == "dark"
