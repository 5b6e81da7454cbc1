"""The list of lessons: what each shows, how long it takes, and how far one has come."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.lessons.progress import Progress
from pages.shared import state, terms


def draw(lessons: Sequence[Progress]) -> None:
    """Draw a card for each lesson, two a row; the one to take next has the page's main button."""
    st.caption(
        "Short trainings on drawings that Layerwise makes itself. Each has a fault planted, shows it, and "
        "then trains the same without it."
    )
    first = next((mine for mine in lessons if not mine.done), None)
    for start in range(0, len(lessons), 2):
        for mine, column in zip(lessons[start : start + 2], st.columns(2), strict=False):
            with column:
                _card(mine, first is mine)
    terms.explain("epoch", "loss", "accuracy", "validation", "overfitting", "learning rate")


def _card(mine: Progress, next_one: bool) -> None:
    lesson = mine.lesson
    with st.container(border=True, height="stretch", key=f"lesson-{lesson.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(f":material/{lesson.icon}: {lesson.title}", anchor=False, width="content")
            st.space("stretch")
            if mine.done:
                st.badge("Done", icon=":material/check_circle:", color="green")
            elif mine.begun:
                st.badge("Begun", icon=":material/timelapse:", color="blue")
        st.markdown(lesson.sees)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"{len(lesson.steps)} steps · about {lesson.seconds} s of training", width="stretch"
            )
            label = "Look again" if mine.done else "Go on" if mine.begun else "Start"
            # a button: a link from a page to itself leaves the address as it is
            st.button(
                label,
                type="primary" if next_one else "secondary",
                icon=":material/arrow_forward:",
                key=f"open-{lesson.name}",
                help=lesson.title,
                on_click=state.go_to,
                kwargs={"lesson": lesson.name, "step": str(mine.next)},
            )
