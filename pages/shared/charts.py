"""Tables -> Plotly figures, all by one template, legible in both themes.

Colours are Okabe and Ito's, told apart by colour-blind people too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st

BLUE, SKY, GREEN, ORANGE, GRAY = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#8A97A0"
_MAX_POINTS = 400  # of a line; more cannot be seen at this width
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


def curves(
    name: str,
    epochs: Sequence[Mapping[str, Any]],
    batches: Sequence[Mapping[str, Any]],
    *,
    wanted: int,
    best_epoch: int | None,
    share: bool,
) -> go.Figure:
    """One metric over the epochs: training dashed, validation solid, the best epoch marked.

    Args:
        name: "loss" or "accuracy", the key in the metric lines.
        epochs: "epoch" lines of metrics.jsonl.
        batches: its "batch" lines, drawn faintly behind.
        wanted: epochs in all, so that the axis stands still while training goes on.
        share: whether values are shares to be shown in percent.
    """
    color = (SKY if _dark() else BLUE) if name == "loss" else GREEN
    figure = go.Figure()
    known = [line for line in batches if line.get(name) is not None]
    step = -(-len(known) // _MAX_POINTS) or 1
    fine = known[::-step][::-1]  # from the newest backwards, so that it is always there
    figure.add_scatter(
        x=[line["epoch"] for line in fine],
        y=[line[name] for line in fine],
        mode="lines",
        line={"color": color, "width": 1, "dash": "dot"},
        opacity=0.6,
        hoverinfo="skip",
    )
    for key, label, dash in ((name, "training", "dash"), (f"val_{name}", "validation", "solid")):
        known = [line for line in epochs if line.get(key) is not None]
        figure.add_scatter(
            x=[line["epoch"] for line in known],
            y=[line[key] for line in known],
            name=label,
            mode="lines+markers" if len(known) < 40 else "lines",
            line={"color": color, "dash": dash, "width": 2},
            marker={"size": 5, "symbol": "circle" if dash == "solid" else "circle-open"},
        )
    if best_epoch is not None:
        at = _place(best_epoch, epochs)
        figure.add_vline(x=at, line={"color": ORANGE, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=at,
            y=0 if share else 1,  # where the curves are not
            yref="paper",
            yanchor="bottom" if share else "top",
            text=f"best: {'' if at == best_epoch else 'within '}epoch {best_epoch}",
            showarrow=False,
            xanchor="right" if at > wanted / 2 else "left",
            xshift=-4 if at > wanted / 2 else 4,
        )
    y_title = "Images right (%)" if share else "Cross-entropy (nats)"
    figure.update_layout(
        title={
            "text": f"{name.capitalize()} by epoch",
            "subtitle": {"text": "training dashed, validation solid"},
        },
        height=320,
        margin_t=64,
    )
    figure.update_xaxes(title="Epoch", range=[0, wanted * 1.03], **_whole_ticks(wanted))
    figure.update_yaxes(
        title=y_title,
        rangemode="tozero",
        **({"tickformat": ".0%", "range": [0, 1.05]} if share else {}),
    )
    return figure


def _place(epoch: int, lines: Sequence[Mapping[str, Any]]) -> float:
    """Where an epoch ends on the axis: where Stop cut it short, at the part that was trained."""
    ends = [float(line["epoch"]) for line in lines]
    return next((end for end in ends if epoch - 1 < end <= epoch), float(epoch))


def counts(numbers: Mapping[str, int]) -> go.Figure:
    """Images of each class as horizontal bars, in the order given."""
    figure = go.Figure(
        go.Bar(
            x=list(numbers.values()),
            y=[escape(name) for name in numbers],
            orientation="h",
            marker={"color": SKY if _dark() else BLUE},
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
            marker={"color": SKY if _dark() else BLUE},
            hovertemplate="unit %{x}: %{y:.3g}<extra></extra>",
        )
    )
    figure.update_layout(title=title, height=280, hovermode="closest")
    figure.update_xaxes(title="Unit")
    figure.update_yaxes(title="Value")
    return figure


def _whole_ticks(wanted: int) -> dict[str, Any]:
    return {"tickmode": "linear", "dtick": max(1, round(wanted / 10))}


def _dark() -> bool:
    return st.context.theme.type == "dark"
