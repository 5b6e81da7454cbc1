"""The one frame of every page: configuration, menu, what is running, and errors in plain words."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec

import streamlit as st

from core import words
from core.errors import AppError
from core.runs import queue, turns
from core.runs.status import State
from core.tune import climbs
from pages.shared import alerting, cached
from pages.shared.plain import plain

__all__ = ["guarded", "page", "plain", "redrawn", "show_error"]
P = ParamSpec("P")
NAME = "Layerwise"
ICON = Path(__file__).with_name("icon.png")

MENU = (
    ("streamlit_app.py", "Home", ":material/home:"),
    ("pages/data.py", "Data", ":material/photo_library:"),
    ("pages/design.py", "Design", ":material/layers:"),
    ("pages/transfer.py", "Transfer", ":material/bolt:"),
    ("pages/train.py", "Train", ":material/play_circle:"),
    ("pages/runs.py", "Runs", ":material/list_alt:"),
    ("pages/tune.py", "Tune", ":material/tune:"),
    ("pages/predict.py", "Predict", ":material/center_focus_strong:"),
    ("pages/learn.py", "Learn", ":material/school:"),
)


@contextmanager
def page(title: str, purpose: str) -> Iterator[None]:
    """Draw the frame, then the page's own content; an AppError inside ends it with its message."""
    st.set_page_config(
        page_title=title if title == NAME else f"{title} · {NAME}",
        page_icon=str(ICON),
        layout="wide",
    )
    _sidebar()
    st.title(title, anchor=False)
    st.markdown(purpose)
    try:
        yield
    except AppError as error:
        show_error(error)


def guarded(function: Callable[P, None]) -> Callable[P, None]:
    """For fragments, which rerun outside of `page`: show an AppError where it happened."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except AppError as error:
            show_error(error)

    return run


def show_error(error: AppError) -> None:
    """What happened, what was expected, what was received, what to do: one box, a line each."""
    lines = [f"**{plain(error.what)}**"]
    if error.expected:
        lines.append(f"Expected: {plain(error.expected)}")
    if error.received:
        lines.append(f"Received: {plain(error.received)}")
    if error.remedy:
        lines.append(plain(error.remedy))
    st.error("  \n".join(lines), icon=":material/error:")


def _sidebar() -> None:
    with st.sidebar:
        st.markdown("### :material/layers: Layerwise")
        for path, label, icon in MENU:
            st.page_link(path, label=label, icon=icon, width="stretch")
        redrawn(_running, every=2.0)


def redrawn(draw: Callable[..., None], *args: Any, every: float) -> None:
    """Draw something again every few seconds, as long as any run, or any ladder, is on its way.

    Not otherwise: Streamlit's browser side loses the page where such a redrawing comes right behind
    a change of page that was made by `st.switch_page` (it takes the redrawing's session for another
    page's). Where a change of page needs no more than a click, use `st.page_link`, which stops the
    redrawing first.
    """

    def drawn(*args: Any) -> None:
        if on_its_way and not _on_its_way():
            st.rerun()  # the whole page, without redrawing
        draw(*args)

    on_its_way = _on_its_way()
    st.fragment(guarded(drawn), run_every=every if on_its_way else None)(*args)


def _on_its_way() -> bool:
    # between two steps of a ladder no run is on its way
    return any(not status.state.final for _, status in cached.runs()) or bool(climbs.under_way())


def _running() -> None:
    """What trains now, and how many runs wait; also gives the queue and the ladders a push after a
    restart."""
    queue.ensure()
    climbs.ensure()
    listed = cached.runs()
    active = [(run, status) for run, status in listed if status.state is State.RUNNING]
    waiting = sum(status.state is State.QUEUED for _, status in listed)
    if active or waiting:
        st.divider()
    for run, status in active:
        st.page_link(
            "pages/train.py",
            label=plain(run.id),
            icon=":material/sync:",
            query_params={"run": run.id},
        )
        accuracy = (
            f"{words.percent(status.val_accuracy)} validation accuracy"
            if status.best_epoch
            else status.phase
        )
        st.progress(status.progress, text=accuracy)
    if waiting:
        paused = "; the queue is paused" if turns.paused() else ""
        st.caption(f"{words.several(waiting, 'run')} waiting{paused}")
    alerting.tell(listed)
