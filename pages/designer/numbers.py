"""Every layer with everything that is known of it, as a table."""

from __future__ import annotations

import streamlit as st

from core import words
from core.design.analysis import Analysis, Row
from core.design.details import details

_ROWS = 10  # to see at once; more of them, drawn anew, would hold up every edit


def draw(analysis: Analysis) -> None:
    """Draw the table."""
    st.dataframe(
        [_row(row, analysis) for row in analysis.rows],
        height="content" if len(analysis.rows) <= _ROWS else 35 * (_ROWS + 1),
        hide_index=True,
        placeholder="–",
        column_config={
            "Layer": st.column_config.TextColumn(width=170),
            "Settings": st.column_config.TextColumn(width=190),
            "Parameters": st.column_config.NumberColumn(format="localized"),
            "Share": st.column_config.NumberColumn(
                help="Share of all parameters, in percent.", format="%.1f%%"
            ),
            "Multiply-adds": st.column_config.NumberColumn(
                format="localized", help="Products summed up for one image."
            ),
            "Activations": st.column_config.TextColumn(
                help="Memory that training keeps for one image on the way back."
            ),
            "Sees": st.column_config.TextColumn(
                help="Receptive field: pixels of the image that one output value depends on."
            ),
        },
        alt="Layers of the design with output shapes, parameters and cost",
    )


def _row(row: Row, analysis: Analysis) -> dict[str, object]:
    fits = row.output_shape is not None
    sees = f"{row.reach} × {row.reach}" if row.reach else "all"
    return {
        "Layer": f"{row.number} · {row.title}",
        "Settings": details(row.layer) if row.layer.on else "switched off",
        "Output shape": words.shape(row.output_shape) if row.output_shape else "does not fit",
        "Parameters": row.parameters if fits else None,
        "Share": 100.0 * row.parameters / max(analysis.parameters, 1) if fits else None,
        "Multiply-adds": row.macs if fits else None,
        "Activations": words.size(4 * row.values) if fits else None,
        "Sees": sees if row.nodes else None,
    }
