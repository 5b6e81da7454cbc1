"""A step of a lesson: what it says, its training or its question, and the way on."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.lessons import catalogue, progress
from core.lessons.lesson import Question
from core.lessons.progress import Progress
from pages.learning import training
from pages.shared import frame, state, terms


def draw(mine: Progress, number: int) -> None:
    """Draw the step of that number, counted from 1."""
    lesson = mine.lesson
    step = lesson.steps[number - 1]
    with st.container(horizontal=True, vertical_alignment="center"):
        back()
        st.caption(f"Step {number} of {len(lesson.steps)}", width="content")
    if number == 1:
        terms.explain(*lesson.terms)
    st.subheader(step.title, anchor=False)
    st.markdown(step.text)
    if step.question is not None:
        _question(mine, number, step.question)
    else:
        training.draw(mine, number)
    last = number == len(lesson.steps)
    if last and mine.finished(number):
        _home(mine)
    _ways(mine, number)


def back() -> None:
    """The way to the list of lessons."""
    st.button(
        "All lessons",
        type="tertiary",
        icon=":material/arrow_back:",
        key="lesson-list",
        on_click=state.go_to,
    )


def _question(mine: Progress, number: int, question: Question) -> None:
    """The answers, and what is said to the one that was given last."""
    given = mine.answers.get(number)
    key = state.follow(f"answer-{mine.lesson.name}-{number}", given)
    st.radio(
        question.text,
        range(len(question.answers)),
        index=given,
        key=key,
        format_func=lambda place: question.answers[place].text,
        on_change=_answer,
        args=(mine, number, key),
    )
    if given is None:
        return
    answer = question.answers[given]
    if answer.right:
        st.success(answer.reply, icon=":material/check:")
    else:
        st.info(answer.reply, icon=":material/lightbulb:")


def _answer(mine: Progress, number: int, key: str) -> None:
    place = state.value(key)
    if place is None or not state.live(f"answer-{mine.lesson.name}-{number}", key):
        return
    try:
        progress.answer(mine.lesson, number, place)
    except AppError as error:
        st.toast(frame.plain(str(error)), icon=":material/error:", duration="long")


def _home(mine: Progress) -> None:
    """What to take home, and where to go with it."""
    lesson = mine.lesson
    with st.container(border=True, key="lesson-moral"):
        st.markdown(f":material/emoji_objects: **To take home.** {lesson.moral}")
        st.caption(lesson.own)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "pages/data.py",
                label=":primary[**Try it on your own images**]",
                icon=":material/add_photo_alternate:",
            )
            place = catalogue.LESSONS.index(lesson) + 1
            if place < len(catalogue.LESSONS):
                coming = catalogue.LESSONS[place]
                st.button(
                    f"Next lesson: {coming.title}",
                    type="tertiary",
                    icon=":material/arrow_forward:",
                    key="lesson-coming",
                    on_click=state.go_to,
                    kwargs={"lesson": coming.name, "step": "1"},
                )


def _ways(mine: Progress, number: int) -> None:
    """Back, and on: the page's main button once the step is done, a quiet one before."""
    with st.container(horizontal=True):
        if number > 1:
            st.button(
                "Back",
                icon=":material/arrow_back:",
                key="lesson-back",
                on_click=state.go,
                args=("step", str(number - 1)),
            )
        if number < len(mine.lesson.steps):
            done = mine.finished(number)
            st.button(
                "Next step" if done else "Skip this step",
                type="primary" if done else "tertiary",
                icon=":material/arrow_forward:",
                key="lesson-next",
                on_click=state.go,
                args=("step", str(number + 1)),
            )
