"""A photo of one's own for the best weights so far, while the training goes on."""

from __future__ import annotations

import streamlit as st

from core import words
from core.data.decode import SUFFIXES
from core.errors import ImageError
from core.runs.run import Run
from pages.shared import cached, cards, frame
from pages.watching import readings

_MOST = 4  # photos


def show(run: Run) -> None:
    """Draw the uploader and what the model says, anew as it gets better."""
    readings.followed(_draw, run)


def _draw(run: Run) -> None:
    status = run.status
    if not run.has_model or status.best_epoch is None:
        return
    st.subheader("Try your own photo", anchor=False)
    so_far = "" if status.state.final else " so far"
    st.caption(
        f"Best epoch{so_far}: {status.best_epoch}, with "
        f"{words.percent(status.val_accuracy)} of the validation images right."
        + ("" if status.state.final else " The answers follow each better epoch.")
    )
    photos = st.file_uploader(
        "Photos",
        type=sorted(suffix[1:] for suffix in SUFFIXES),
        accept_multiple_files=True,
        key=f"trial-{run.id}",
        max_upload_size=50,
        help="PNG, JPEG, WebP, BMP or GIF. They stay on this machine.",
    )
    for number, photo in enumerate(photos[:_MOST]):
        try:
            content = photo.getvalue()
            cards.photo(number, photo.name, content, cached.prediction(run, content))
        except ImageError as error:
            name = frame.plain(photo.name)
            problem = f"{name} cannot be read: {frame.plain(error.received)}"
            st.warning(problem, icon=":material/broken_image:")
    if len(photos) > _MOST:
        st.caption(f"The first {_MOST} are shown. Predict takes any number.")
