"""A run as it trains and as it ended: progress, headline figures, curves, log, and what to do next."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import words
from core.errors import AppError, from_dict
from core.runs import queue, turns
from core.runs import run as runs
from core.runs.resume import can_go_on, resumable, resume
from core.runs.run import Run
from core.runs.status import RunStatus, State
from pages.shared import charts, frame
from pages.watching import answers, health

BADGES = {
    State.QUEUED: (":material/schedule:", "gray"),
    State.RUNNING: (":material/sync:", "blue"),
    State.DONE: (":material/check_circle:", "green"),
    State.STOPPED: (":material/stop_circle:", "orange"),
    State.FAILED: (":material/error:", "red"),
    State.LOST: (":material/link_off:", "red"),
}
EXPLAINED = {
    State.LOST: "The worker is gone without a word: it was killed, or the machine went down.",
}


def show(run: Run) -> None:
    """Draw the run; while it is on its way, redraw it every second from its files."""
    if run.status.state.final:
        _panel(run)
    else:
        _live(run)
    health.show(run)
    answers.show(run)


@st.fragment(run_every=1.0)
@frame.guarded
def _live(run: Run) -> None:
    run = runs.find(run.id)  # says so when the folder has been deleted
    if run.status.state.final:
        st.rerun()  # the whole page, once: what comes next depends on the end
    _panel(run)


def _panel(run: Run) -> None:
    status = run.status
    _header(run, status)
    st.caption(_what(run, status))
    if status.error:
        frame.show_error(from_dict(status.error))
    elif status.state in EXPLAINED:
        st.caption(EXPLAINED[status.state])
    for note in status.notes:
        st.info(frame.plain(note), icon=":material/info:")
    if not status.state.final:
        st.progress(status.progress, text=_progress_words(run, status))
    _figures(status)
    lines = run.metrics()
    epochs = [line for line in lines if line.get("event") == "epoch"]
    batches = [line for line in lines if line.get("event") == "batch"]
    if epochs or batches:
        wanted = max(status.epoch, 1) if status.state.final else status.epochs
        left, right = st.columns(2)
        for column, name, share in ((left, "loss", False), (right, "accuracy", True)):
            with column:
                figure = charts.curves(
                    name,
                    epochs,
                    batches,
                    wanted=wanted,
                    best_epoch=status.best_epoch,
                    share=share,
                )
                alt = f"{name} of training and validation over {len(epochs)} epochs"
                charts.show(figure, f"{name}-{run.id}", alt)
        st.caption(
            "Dotted: training within the epochs. The best epoch is the one with the lowest "
            "validation loss; its model is kept."
        )
    with st.expander("Log", icon=":material/terminal:"):
        st.code(run.log_tail() or "Nothing yet.", language=None, wrap_lines=True)


def _what(run: Run, status: RunStatus) -> str:
    """Which images and design, and how far it came."""
    done = f"{status.epoch} of {words.several(status.epochs, 'epoch')}"
    try:
        spec = run.spec
    except AppError:  # the rest of the page says what is wrong with it
        return done
    return frame.plain(f"{spec.model.name} on {Path(spec.data.source).name}, {done}")


def _header(run: Run, status: RunStatus) -> None:
    """The run's name and state, and beside them what can be done with it now."""
    icon, color = BADGES[status.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(run.id, anchor=False, width="content")
        st.badge(str(status.state).capitalize(), icon=icon, color=color)
        st.space("stretch")
        if not status.state.final:
            stop = st.button(
                "Stop", icon=":material/stop:", key=f"stop-{run.id}", disabled=run.cancelled
            )
            if stop:
                queue.cancel(run)
                st.rerun(scope="fragment")
    if status.state.final:
        with st.container(horizontal=True, vertical_alignment="center"):
            if run.has_model:
                st.page_link(
                    "pages/predict.py",
                    label="Classify photos with this model",
                    icon=":material/center_focus_strong:",
                    query_params={"run": run.id},
                )
            _go_on(run, status)


def _go_on(run: Run, status: RunStatus) -> None:
    """Offer to train on a run that has ended: to its end, or for more epochs."""
    if resumable(run, status):
        epochs = status.epochs - status.epoch
        left = f"Left: {words.several(epochs, 'epoch')}" if epochs else "Left: its tests"
        if st.button("Resume", icon=":material/resume:", key=f"resume-{run.id}", help=left):
            resume(run)
            st.rerun()
    elif can_go_on(run, status):
        with st.popover("Train on", icon=":material/add:", width="content"):
            more = st.number_input("More epochs", 1, 1000, 5, key=f"more-{run.id}")
            if st.button("Train on", type="primary", key=f"go-on-{run.id}"):
                resume(run, int(more))
                st.rerun()


def _progress_words(run: Run, status: RunStatus) -> str:
    if status.state is State.QUEUED:
        if turns.paused() and not run.hurried:
            return "Waits; the queue is paused"
        return "Waits for a free training slot and starts by itself"
    if status.phase != "training":
        return status.phase[:1].upper() + status.phase[1:]
    parts = [f"Epoch {min(status.epoch + 1, status.epochs)} of {status.epochs}"]
    if status.eta is not None:
        parts.append(f"{words.duration(status.eta)} of training left")
    return " · ".join(parts)


def _figures(status: RunStatus) -> None:
    best = f"best epoch {status.best_epoch}" if status.best_epoch else "after the first epoch"
    tested = (
        f"{words.count(status.test_images)} images"
        if status.test_accuracy is not None
        else "at the end"
    )
    row = st.container(horizontal=True, gap="medium")
    row.metric(
        "Validation accuracy",
        words.percent(status.val_accuracy),
        delta=best,
        delta_color="off",
        delta_arrow="off",
        width="content",
        help="Share of the validation images named right, in the epoch with the lowest validation "
        "loss. These images choose the best epoch.",
    )
    row.metric(
        "Test accuracy",
        words.percent(status.test_accuracy),
        delta=tested,
        delta_color="off",
        delta_arrow="off",
        width="content",
        help="Share of the test images named right by the best epoch's model. Neither training nor "
        "the choice of the epoch has seen them.",
    )
    row.metric("Images/s", words.count(status.images_per_second), width="content")
    row.metric("Time", words.duration(status.seconds), width="content")
