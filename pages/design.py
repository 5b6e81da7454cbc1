"""Design: put a network together layer by layer, and see at once what each edit means."""

import streamlit as st

from core import words
from core.design.advice import findings
from core.design.analysis import analyse
from core.errors import AppError
from pages.designer import editing, layer, network, start, toolbar, totals, views
from pages.designer import stack as layers
from pages.shared import frame, images, state

ASSUMED = (64, 64, 3), 10  # where there are no images to ask


def about_images() -> tuple[tuple[int, int, int], int, str]:
    """Shape, classes and title of the chosen images, or of usual ones."""
    try:
        data = images.dataset(state.draft().data)
    except AppError as error:
        frame.show_error(error)
        return *ASSUMED, "images as they often are"
    return data.shape, len(data.classes), frame.plain(data.title)


@st.fragment
@frame.guarded
def designer() -> None:
    """Everything that changes with an edit."""
    if (problem := editing.problem()) is not None:
        frame.show_error(problem)
    model = state.draft().model
    editing.shown(model)
    toolbar.draw(model)
    shape, classes, title = about_images()
    analysis = analyse(model, shape, classes)
    found = findings(analysis)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(
            f"For {title}: {words.shape(shape)} (height, width, channels), {classes} classes",
            width="stretch",
        )
        toolbar.draw_steps(analysis)
    totals.draw(analysis)
    network.draw(analysis)
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        layers.draw(analysis, found)
    with right:
        layer.draw(analysis, found)
    views.draw(analysis)


with frame.page(
    "Design", "Put a network together layer by layer, and see at once what it makes of an image."
):
    start.from_address()
    designer()
