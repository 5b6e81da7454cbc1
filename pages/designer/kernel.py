"""One filter on its way over the image, as a component: window, products, sum, map."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.design.window import Sweep

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "layerwise-kernel",
    html=(_HERE / "kernel.html").read_text(),
    css=(_HERE / "kernel.css").read_text(),
    js=(_HERE / "kernel.js").read_text(),
)


def draw(sweep: Sweep) -> None:
    """Draw the filter at work; the browser moves the window, all numbers are the model's own."""
    rows, columns = sweep.values.shape
    height, width, channels = sweep.image.shape
    _mount(
        key="design-kernel",
        data={
            "node": sweep.node,
            "filter": sweep.filter,
            "size": sweep.layer.kernel_size,
            "step": sweep.layer.strides,
            "top": sweep.border[0],
            "left": sweep.border[1],
            "activation": sweep.layer.activation,
            "bias": sweep.bias,
            "height": height,
            "width": width,
            "channels": channels,
            "rows": rows,
            "columns": columns,
            "image": _packed(sweep.image),
            "kernel": _packed(sweep.kernel),
            "totals": _packed(sweep.totals),
            "values": _packed(sweep.values),
        },
    )


def _packed(values: Any) -> str:
    """32-bit floats, little endian, in base 64: a third of the same numbers as JSON."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()
