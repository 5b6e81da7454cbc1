"""What every tool starts from: the draft's images, its design, and how it is trained."""

from __future__ import annotations

import streamlit as st

from core import words
from core.data.dataset import Dataset
from core.draft import Draft
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


def time(specs: list[RunSpec], data: Dataset) -> float | None:
    """Seconds that runs train, about; None where the machine is not measured."""
    known = speed.load()
    return None if known is None else sum(estimate.seconds(spec, data, known) for spec in specs)


def time_words(seconds: float | None, runs: int, about: str, lead: str = "About") -> None:
    """Tell how long so many runs take, or offer to measure this machine, to know `about`."""
    if seconds is None:
        measuring.draw("tune-measure", about)
        return
    beside = estimate.beside()
    total = words.duration(seconds + runs * beside)
    st.caption(
        f"{lead} {total}: {words.duration(seconds)} of training, and about {words.duration(beside)} "
        f"for {'each run' if runs > 1 else 'the run'} to start and to be tested."
    )
