"""Train: settings on the left, the run as it learns on the right."""

import streamlit as st

from core import words
from core.runs import queue
from core.runs import run as runs
from core.runs.run import Run
from core.train.order import order
from pages.shared import alerting, cached, frame, images, state, terms, training, waiting
from pages.watching import landing
from pages.watching import run as watching


def current() -> Run | None:
    """The run of the address, else one on its way, else the latest."""
    if name := state.address("run"):
        return runs.find(name)
    listed = cached.runs()
    active = [run for run, status in listed if not status.state.final]
    return (active[-1:] or [run for run, _ in listed[:1]] or [None])[0]


@frame.guarded
def again() -> None:
    """Take over the settings of the run that the address asks for, once."""
    if name := state.address("again"):
        state.leave("again")
        spec = runs.find(name).spec
        state.change(data=spec.data, model=spec.model, train=spec.train, augment=spec.augment)


@frame.guarded
def progress() -> None:
    """The run that is shown."""
    run = current()
    if run is None:
        st.info("Nothing has been trained yet. Press Start training.", icon=":material/info:")
    else:
        watching.show(run)


def chosen() -> None:
    """The images and the design that will be trained."""
    draft = state.draft()
    reading = any(
        not status.state.final and status.train_images is None for _, status in cached.runs()
    )
    if reading and not images.at_hand(draft.data):
        # a run reads images just now, perhaps these: waiting for it would hold up the whole page
        st.caption("The images are shown here once the run has read its own.")
    else:
        data = images.dataset(draft.data)
        split = images.split(data, draft.train)
        title = frame.plain(data.title)
        st.page_link("pages/data.py", label=f"**{title}**", icon=":material/photo_library:")
        st.caption(
            f"{words.count(len(split.train))} training, {words.count(len(split.validation))} "
            f"validation and {words.count(len(split.test))} test images of "
            f"{words.shape(data.shape)}"
        )
    st.page_link("pages/design.py", label=f"**{draft.model.name}**", icon=":material/layers:")
    st.caption(words.several(len(draft.model.layers), "layer"))


@frame.guarded
def settings() -> None:
    """What will be trained and how, and the button that starts it."""
    draft = state.draft()
    valid = training.draw(draft)
    start = st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not valid,
    )
    with st.container(border=True):
        frame.redrawn(chosen, every=1.0)
    if start:
        spec = draft.order()
        run = state.once(spec, lambda: order(spec))
        landing.wish(run.id)
        st.query_params["run"] = run.id
        st.rerun()


with frame.page("Train", "Train the chosen design on the chosen images, and watch it learn."):
    again()
    left, right = st.columns([1, 1.8], gap="large")
    # the run first: whatever is wrong with the next one's images, this one is shown
    with right:
        progress()
        terms.explain("loss", "accuracy", "validation", "test", "overfitting")
        waiting.show()
    with left:
        settings()
        terms.explain("epoch", "batch", "optimizer", "learning rate")
        frame.guarded(alerting.menu)()
    queue.warm_up()
