"""Train: settings on the left, the run as it learns on the right."""

import streamlit as st

from core import words
from core.runs import run as runs
from core.runs.run import Run
from core.specs import TrainSpec
from core.train.order import order
from pages.shared import cached, fields, frame, images, live, state

SETTINGS = (
    "epochs",
    "batch_size",
    "optimizer",
    "learning_rate",
    "validation_share",
    "patience",
    "seed",
)


def current() -> Run | None:
    """The run of the address, else one on its way, else the latest."""
    if name := state.address("run"):
        return runs.find(name)
    listed = cached.runs()
    active = [run for run, status in listed if not status.state.final]
    return (active[-1:] or [run for run, _ in listed[:1]] or [None])[0]


def what() -> None:
    """Which images and which design will be trained."""
    draft = state.draft()
    data = images.dataset(draft.data)
    split = images.split(data, draft.train.validation_share)
    with st.container(border=True):
        st.page_link("pages/data.py", label=f"**{data.title}**", icon=":material/photo_library:")
        st.caption(
            f"{words.count(len(split.train))} training, {words.count(len(split.validation))} "
            f"validation and {words.count(len(split.test))} test images"
        )
        st.page_link("pages/design.py", label=f"**{draft.model.name}**", icon=":material/layers:")
        st.caption(f"{len(draft.model.layers)} layers")


with frame.page("Train", "Train the chosen design on the chosen images, and watch it learn."):
    left, right = st.columns([1, 1.8], gap="large")
    with left:
        values = fields.edit_all(state.draft().train, SETTINGS)
        spec = TrainSpec.parse(values)
        if spec != state.draft().train:
            state.change_draft(train=spec)
        start = st.button(
            "Start training", type="primary", icon=":material/play_arrow:", width="stretch"
        )
        frame.guarded(what)()  # whatever is wrong with them, the run on the right is shown
        if start:
            run = order(state.draft().order())
            st.query_params["run"] = run.id
            st.rerun()
    with right:
        shown = current()
        if shown is None:
            st.info("Nothing has been trained yet. Press Start training.", icon=":material/info:")
        else:
            live.show(shown)
