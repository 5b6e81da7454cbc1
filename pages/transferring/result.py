"""What a transfer came to: how it goes, its figures, and a camera to try it with."""

from __future__ import annotations

import streamlit as st

from core import words
from core.data.decode import SUFFIXES
from core.errors import ImageError, from_dict
from core.runs import queue
from core.runs import run as runs
from core.runs.how_far import how_far
from core.runs.run import Run
from core.runs.status import RunStatus, State
from core.tune.comparison import made_for_one
from pages.shared import cached, cards, charts, frame, state
from pages.transferring import camera

_TOP = 5  # classes that are told


def latest() -> Run | None:
    """The run of the address, else the newest transfer that a person ordered; None where there is none."""
    if name := state.address("run"):
        return runs.find(name)
    return next((run for run, _ in cached.runs() if _is_transfer(run)), None)


def _is_transfer(run: Run) -> bool:
    try:
        return run.spec.head is not None and not made_for_one(run.spec)
    except Exception:  # a damaged run is no transfer; the Runs page says what is wrong with it
        return False


def draw(run: Run) -> None:
    """Draw the run; while it is on its way, again every half second."""
    if run.status.state.final:
        _told(run, run.status)
        if run.has_model:
            st.subheader("Try it", anchor=False)
            attempt(run)
    else:
        _live(run)


@st.fragment(run_every=0.5)
@frame.guarded
def _live(run: Run) -> None:
    run = runs.find(run.id)
    status = run.status
    if status.state.final:
        st.rerun()
    _told(run, status)


def _told(run: Run, status: RunStatus) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(frame.plain(run.id), anchor=False, width="content")
        if not status.state.final and st.button(
            "Stop", icon=":material/stop:", key=f"stop-{run.id}", disabled=run.cancelled
        ):
            queue.cancel(run)
            st.rerun(scope="fragment")
    if not status.state.final:
        st.progress(status.progress, text=frame.plain(how_far(run, status)))
    if status.error:
        frame.show_error(from_dict(status.error))
    elif status.state is State.LOST:
        st.warning("The worker is gone without a word. Press Train to begin again; what it had "
                   "looked at is kept.", icon=":material/link_off:")  # fmt: skip
    if status.test_accuracy is not None:
        _figures(run, status)
    elif status.state is State.STOPPED:
        what = "it was tested" if run.has_model else "there was a model"
        st.info(f"Stopped before {what}.", icon=":material/stop_circle:")
    for note in status.notes:
        st.info(frame.plain(note), icon=":material/info:")


def _figures(run: Run, status: RunStatus) -> None:
    row = st.container(horizontal=True, gap="large")
    row.metric(
        "Test accuracy",
        words.percent(status.test_accuracy),
        width="content",
        help="Share of photos it never saw that it names right.",
    )
    if status.macro_recall is not None:
        row.metric(
            "Mean of the classes",
            words.percent(status.macro_recall),
            width="content",
            help="The same for each class, then averaged: rare classes count as much as others.",
        )
    row.metric("Took", words.duration(status.seconds), width="content")
    tested = words.several(status.test_images or 0, "photo")
    learned = words.several(status.train_images or 0, "photo")
    st.caption(f"Learned from {learned}, tested on {tested}. {status.engine.capitalize()}.")
    if run.spec.data.together == "copies":
        st.caption(
            "Test photos are drawn at random: where they were recorded together with others, as by "
            "the camera, they look much like those, and new things may be harder. Try it."
        )
    if (status.test_images or 0) < 30:
        st.caption(
            "So few test photos say little: with one more of them wrong the accuracy would be "
            f"{words.percent(1 / max(1, status.test_images or 1))} lower."
        )
    with st.container(horizontal=True):
        st.page_link(
            "pages/runs.py",
            label="All about this run",
            icon=":material/list_alt:",
            query_params={"run": run.id},
        )
        st.page_link(
            "pages/predict.py",
            label="Classify many photos",
            icon=":material/center_focus_strong:",
            query_params={"run": run.id},
        )


@st.fragment
@frame.guarded
def attempt(run: Run) -> None:
    """A camera whose pictures are named as they come, or a photo to upload."""
    live, file = st.tabs(["Camera", "Photo"])
    with live:
        left, right = st.columns([1, 1.3])
        with left:
            picture = camera.watch(f"try-{run.id}")
        with right:
            if picture is not None:
                _named(run, picture)
            else:
                st.caption("Turn the camera on and point it at something.")
    with file:
        upload = st.file_uploader(
            "A photo", type=sorted(suffix[1:] for suffix in SUFFIXES), key=f"photo-{run.id}"
        )
        if upload is not None:
            try:
                result = cached.prediction(run, upload.getvalue())
            except ImageError as error:
                frame.show_error(error)
            else:
                cards.photo(0, upload.name, upload.getvalue(), result)


def _named(run: Run, picture: bytes) -> None:
    try:
        result = cached.prediction(run, picture)
    except ImageError as error:
        frame.show_error(error)
        return
    top = result.top(_TOP)
    alt = ", ".join(f"{label} {words.percent(share)}" for label, share in top)
    charts.show(charts.probabilities(top, title=""), f"live-{run.id}", alt)
