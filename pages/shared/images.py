"""Images for the pages: sets read with a progress bar, splits, strips of samples, thumbnails.

Apart from cached.py because it brings NumPy and Pillow, for which Home need not wait.
"""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core import workspace
from core.data import catalogue
from core.data.dataset import Dataset, load
from core.data.decode import load as load_image
from core.data.splits import Split
from core.errors import NotFoundError
from core.specs import DataSpec, TrainSpec

KEPT_SECONDS = 20.0  # a large folder is not walked again for every click


def at_hand(spec: DataSpec) -> bool:
    """Whether the images of `spec` were opened a moment ago, so that `dataset` takes no time."""
    return _lately(spec) is not None


def dataset(spec: DataSpec) -> Dataset:
    """The images of `spec`, with a progress bar where they are decoded for the first time.

    Raises NotFoundError for a set that the Data page has to download first.
    """
    if (kept := _lately(spec)) is not None:
        return kept
    known, key = _opened(), _key(spec)
    for entry in catalogue.entries():
        if entry.name == spec.source and not entry.ready:
            raise NotFoundError(
                f"{entry.title} is not on this machine yet",
                expected="images that are here",
                received="a set that has not been downloaded",
                remedy="Open Data and press Download, or choose other images there",
            )
    bar: Any = None

    def progress(done: int, total: int) -> None:
        nonlocal bar
        text = f"Reading images: {done:,} of {total:,}"
        if bar is None:
            bar = st.progress(done / total, text=text)
        else:
            bar.progress(done / total, text=text)

    try:
        data = load(spec, progress)
    finally:
        if bar is not None:
            bar.empty()
    while len(known) >= 8:
        known.pop(next(iter(known)), None)
    known[key] = (time.monotonic(), data)
    return data


def _lately(spec: DataSpec) -> Dataset | None:
    """What was opened a moment ago, so that it needs no second look."""
    when, data = _opened().get(_key(spec), (0.0, None))
    return data if time.monotonic() - when < KEPT_SECONDS else None


def _key(spec: DataSpec) -> str:
    return f"{workspace.home()} {spec.model_dump_json()}"


@st.cache_resource
def _opened() -> dict[str, tuple[float, Dataset]]:
    """Sets opened lately by this server. A dict of its own, because what st.cache_* wraps cannot
    draw a progress bar."""
    return {}


def split(data: Dataset, train: TrainSpec) -> Split:
    """The split of a set, drawn once for each set and its shares."""
    shares = train.validation_share, train.train_share
    return _split(str(data.images.folder), data.spec.model_dump_json(), shares, data)


@st.cache_data(max_entries=16, show_spinner=False)
def _split(folder: str, spec: str, shares: tuple[float, float], _data: Dataset) -> Split:
    return _data.split(*shares)


def strip(data: Dataset, label: int, count: int, height: int = 96) -> bytes:
    """A PNG of `count` images of a class side by side, see `tiles`."""
    return _strip(str(data.images.folder), label, count, height, data)


@st.cache_data(max_entries=2000, show_spinner=False)
def _strip(folder: str, label: int, count: int, height: int, _data: Dataset) -> bytes:
    rows = _data.sample(label, count)
    images = [np.asarray(_data.images.images[row]) for row in rows]
    # a class with few images is filled up with transparent tiles, so that all strips align
    return tiles(images, count, height)


def tiles(images: list[np.ndarray], count: int, height: int, gap: int = 4) -> bytes:
    """Images [h, w, channels] in a row of `count` as PNG, small ones enlarged with crisp pixels."""
    size = images[0].shape[0]
    factor = max(1, round(height / size))
    edge = size * factor
    row = Image.new("RGBA", (count * edge + (count - 1) * gap, edge), (0, 0, 0, 0))
    for position, pixels in enumerate(images):
        tile = Image.fromarray(pixels.squeeze()).resize((edge, edge), Image.Resampling.NEAREST)
        row.paste(tile.convert("RGBA"), (position * (edge + gap), 0))
    buffer = io.BytesIO()
    row.save(buffer, "PNG")
    return buffer.getvalue()


@st.cache_data(max_entries=500, show_spinner=False)
def thumbnail(content: bytes, edge: int = 320) -> bytes:
    """A photo as PNG, fitted into a square of `edge` pixels; small ones get crisp larger pixels."""
    image, _ = load_image(content, at_least=edge)
    image.thumbnail((edge, edge))
    factor = edge // max(image.size)
    if factor > 1:
        image = image.resize(
            (image.width * factor, image.height * factor), Image.Resampling.NEAREST
        )
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
