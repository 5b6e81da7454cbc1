"""The camera as a component: pictures recorded while a button is held, or one after the other."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.shared import state

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "layerwise-camera",
    html=(_HERE / "camera.html").read_text(),
    css=(_HERE / "camera.css").read_text(),
    js=(_HERE / "camera.js").read_text(),
)


def record(key: str, take: Callable[[list[bytes]], None]) -> None:
    """A camera whose recordings `take` is given before the page is drawn anew."""

    def taken() -> None:
        shots = (state.value(key) or {}).get("shots")
        if isinstance(shots, list):
            take([photo for shot in shots if (photo := _decoded(shot))])

    _mount(key=key, data={"mode": "record", "answered": 0}, on_shots_change=taken)


def watch(key: str) -> bytes | None:
    """A camera that shows what it sees; the latest picture, None while it is off."""
    known = (state.value(key) or {}).get("picture")
    number = known.get("number", 0) if isinstance(known, dict) else 0
    found = _mount(
        key=key,
        data={"mode": "watch", "answered": number},
        default={"picture": None},
        on_picture_change=lambda: None,
    )
    picture = found.get("picture")
    return _decoded(picture.get("shot")) if isinstance(picture, dict) else None


def _decoded(shot: object) -> bytes | None:
    try:
        return base64.b64decode(shot, validate=True) if isinstance(shot, str) else None
    except binascii.Error:
        return None
