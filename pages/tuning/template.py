"""What every tool starts from: the draft's images, its design, and how it is trained."""

from __future__ import annotations

import streamlit as st

from core import words
from core.data.dataset import Dataset
from core.draft import Draft
from core.runs import turns
from core.specs import RunSpec
from core.train import speed
from core.tune import estimate
from pages.shared import fields, frame, images, measuring, state


def draw(draft: Draft, names: tuple[str, ...]) -> tuple[Dataset, bool]:
    """Draw them with the training settings `names`; returns the images, and whether all is valid.

    Raises AppError where the images cannot be had.
    """
    with st.container(border=True):
        data = images.dataset(draft.data)
        shape = words.shape(data.shape)
        with st.container(horizontal=True, gap="medium"):
            st.page_link(
                "pages/design.py", label=f"**{draft.model.name}**", icon=":material/layers:"
            )
            st.page_link(
                "pages/data.py",
                label=f"**{frame.plain(data.title)}**",
                icon=":material/photo_library:",
            )
        st.caption(f"{len(data.classes)} classes, images of {shape}. The same as on Train.")
        valid = fields.edit_all("train", draft.train, names)
    return data, valid


def setting(draft: Draft, name: str) -> bool:
    """Draw a setting of the draft's search; returns whether it is valid."""

    def save(name: str, value: object) -> None:
        state.change(tune={name: value})

    return fields.edit("tune", draft.tune, name, save)


def times(specs: list[RunSpec], data: Dataset) -> list[float] | None:
    """Seconds that each of the runs trains, about; None where the machine is not measured.

    They share one split. Raises DataError where the images cannot be split.
    """
    known = speed.load()
    if known is None or not specs:
        return None
    split = images.split(data, specs[0].train)
    return [estimate.seconds(spec, data, split, known) for spec in specs]


def tell(training: list[float] | None, about: str, lead: str = "") -> None:
    """Tell how long runs take that train so long, or offer to measure this machine, to know `about`."""
    if training is None:
        measuring.draw("tune-measure", about)
    else:
        text = estimate.told(training, turns.slots())
        st.caption(f"{lead}: {text[:1].lower()}{text[1:]}" if lead else text)
