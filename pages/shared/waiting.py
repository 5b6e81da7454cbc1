"""The runs that wait: their order, a pause, and how many train at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core import words
from core.errors import AppError
from core.runs import queue, turns
from core.runs.run import Run
from core.runs.status import State
from pages.shared import cached, frame, state

_INVISIBLE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
Act = Callable[[], object]
FEW = 6  # rows shown until a person asks for all


def show() -> None:
    """Draw the queue while anything waits, it is paused, or more train than there are slots."""
    frame.redrawn(_queue, every=2.0)


def _queue() -> None:
    waiting, paused = turns.queued(), turns.paused()
    training = [run for run, status in cached.runs() if status.state is State.RUNNING]
    if not (waiting or paused or len(training) > turns.slots()):
        return
    with st.container(border=True, key="queue"):
        _header(paused)
        st.caption(_explained(len(waiting), len(training), paused))
        every = state.value("queue all", False)
        with st.container(gap="xxsmall"):
            for place, run in enumerate(waiting if every else waiting[:FEW]):
                _row(run, place, len(waiting), bool(training))
        if len(waiting) > FEW:
            st.button(
                "Show fewer" if every else f"Show all {len(waiting)}",
                type="tertiary",
                icon=":material/unfold_less:" if every else ":material/unfold_more:",
                key="queue-all",
                on_click=state.keep,
                args=("queue all", not every),
            )


def _header(paused: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Queue", anchor=False, width="content")
        if paused:
            st.badge("Paused", icon=":material/pause_circle:", color="orange")
        st.space("stretch")
        with st.popover("Slots", icon=":material/splitscreen:", key="queue-slots-menu"):
            _slots()
        if paused:
            _button("Resume queue", "play_arrow", "queue-resume", queue.resume)
        else:
            about = "Nothing new starts until you resume it. What trains goes on."
            _button("Pause queue", "pause", "queue-pause", queue.pause, help=about)


def _slots() -> None:
    fixed, now = turns.slots_fixed(), turns.slots()
    key = state.follow("queue-slots", now)
    st.number_input(
        "Runs that train at once",
        min_value=1,
        max_value=turns.MOST,
        value=now,
        key=key,
        disabled=fixed,
        help="Each is slower than one alone, and each needs its own memory.",
        on_change=_change_slots,
        args=(key,),
    )
    if fixed:
        st.caption("Fixed by the environment variable LAYERWISE_SLOTS.")


def _change_slots(key: str) -> None:
    number = state.value(key)
    if state.live("queue-slots", key) and number is not None:
        _do(partial(queue.set_slots, number))


def _explained(waiting: int, training: int, paused: bool) -> str:
    """What will happen next, in a sentence or two."""
    slots = turns.slots()
    parts = []
    if training > slots:
        parts.append(f"{training} runs train at once, each slower than alone.")
    if paused:
        parts.append("Nothing new starts until you resume the queue. What trains goes on.")
    elif waiting:
        parts.append(
            f"{words.several(waiting, 'run')} waiting; "
            + ("one trains at a time." if slots == 1 else f"up to {slots} train at once.")
        )
    return " ".join(parts)


def _row(run: Run, place: int, count: int, training: bool) -> None:
    """A waiting run and what can be done with it."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap=None
    ):
        label = frame.plain(f"{place + 1}.  {run.id}")
        if st.button(label, type="tertiary", key=f"queue-{run.id}", wrap=True):
            state.go("run", run.id)
            st.rerun()
        if run.hurried:
            st.caption("Starts now", width="content")
            return
        first, last, move = place == 0, place == count - 1, partial(turns.move, run)
        beside = "beside what trains: both will be slower" if training else "even while paused"
        with st.container(horizontal=True, width="content"):  # wraps as one
            _icon(run, "Run next", "vertical_align_top", partial(move, "first"), first)
            _icon(run, "Move up", "arrow_upward", partial(move, "up"), first)
            _icon(run, "Move down", "arrow_downward", partial(move, "down"), last)
            _icon(run, "Run now", "play_arrow", partial(queue.run_now, run), help=beside)
            _icon(run, "Cancel", "close", partial(queue.cancel, run))


def _icon(
    run: Run,
    about: str,
    icon: str,
    act: Act,
    disabled: bool = False,
    help: str = "",
) -> None:
    """A button of nothing but an icon; a screen reader gets its words from an invisible picture."""
    _button(
        f"![{about}: {run.id}]({_INVISIBLE})",
        icon,
        f"queue-{icon}-{run.id}",
        act,
        help=f"{about}, {help}" if help else about,
        type="tertiary",
        disabled=disabled,
    )


def _button(label: str, icon: str, key: str, act: Act, **looks: Any) -> None:
    st.button(label, icon=f":material/{icon}:", key=key, on_click=_do, args=(act,), **looks)


def _do(act: Act) -> None:
    """Before the queue is drawn anew, which is why what cannot be done is told in passing."""
    try:
        act()
    except AppError as error:
        st.toast(frame.plain(str(error)), icon=":material/error:", duration="long")
