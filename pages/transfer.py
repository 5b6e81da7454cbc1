"""Transfer: classes learned in seconds, on top of a network that was trained on a million photos."""

import streamlit as st

from core.data import catalogue
from core.data.collection import NAME
from core.runs import queue
from core.runs import run as runs
from core.specs import DataSpec, RunSpec
from core.train.order import order
from core.transfer.compose import asked, compose
from pages.shared import fields, frame, state, terms
from pages.transferring import collecting, comparison, networks, result, tuning

OWN, SET = "Photos of your own", "A set of images"
SETTINGS = ("size", "head", "units", "flips", "zooms")


@frame.guarded
def again() -> None:
    """Take over the settings of the transfer that the address asks for, once."""
    if name := state.address("again"):
        state.leave("again")
        spec = runs.find(name).spec
        if (form := asked(spec)) is None:
            return
        state.keep("transfer-way", OWN if spec.data.source == NAME else SET)
        if spec.data.source == NAME:
            state.change(transfer=form)
        else:
            state.change(data=spec.data, transfer=form)


def own() -> DataSpec | None:
    """Draw the classes of one's own photos; their images, once there are enough."""
    photos = collecting.draw()
    if missing := collecting.missing(photos):
        st.caption(frame.plain(missing))
        return None
    # pictures of one recording look alike: kept together, a class would be in one part only
    return DataSpec(source=NAME, together="copies")


def chosen() -> DataSpec | None:
    """Draw the list of sets that are here; the images that are chosen."""
    draft = state.draft()
    titles = {item.name: item.title for item in catalogue.entries() if item.ready}
    titles |= {folder: folder for folder in draft.folders}
    names = [name for name in titles if name != NAME]
    source = draft.data.source if draft.data.source in names else names[0]
    key = state.follow("transfer-data", source)
    st.selectbox(
        "Images",
        names,
        index=names.index(source),
        key=key,
        format_func=lambda name: frame.plain(titles[name]),
        on_change=lambda: (
            state.live("transfer-data", key)
            and state.change(data={"source": state.value(key), "size": None, "color": "auto"})
        ),
    )
    st.page_link(
        "pages/data.py", label="Add images, or look at them", icon=":material/photo_library:"
    )
    if source == draft.data.source:
        return draft.data
    return draft.data.changed(source=source, size=None, color="auto")


@frame.guarded
def settings() -> None:
    """What is learned from and how, and the button that starts it."""
    way = st.segmented_control(
        "Learn from",
        [OWN, SET],
        default=None if state.value("transfer-way") else OWN,
        required=True,
        key="transfer-way",
    )
    data = own() if way == OWN else chosen()
    transfer = state.draft().transfer
    with st.expander("More settings", icon=":material/tune:"):
        valid = networks.choose(transfer)
        valid &= fields.edit_all("transfer", transfer, SETTINGS, columns=1)
        images = data and len(catalogue.source(data.source).items)
        valid = valid and tuning.choose(transfer, images)
    start = st.button(
        "Train",
        type="primary",
        icon=":material/bolt:",
        width="stretch",
        disabled=data is None or not valid,
    )
    if start and data is not None:
        spec = compose(transfer, data)
        run = state.once(spec, lambda: ordered(spec))
        state.go("run", run)
        st.rerun()


def ordered(spec: RunSpec) -> str:
    """Queue the run; returns its id."""
    with st.spinner("Reading the images", show_time=True):
        return order(spec).id


with frame.page(
    "Transfer",
    "Show it a few photos of each class: on top of a network that knows a million photos, it learns "
    "to tell them apart in seconds.",
):
    again()
    left, right = st.columns([1, 1.5], gap="large")
    with left:
        settings()
        terms.explain("accuracy", "test")
    with right:
        if (run := result.latest()) is not None:
            result.draw(run)
        else:
            st.info(
                "Give two or more classes some photos each, then press Train. The result is shown "
                "here, with a camera to try it.",
                icon=":material/bolt:",
            )
    if run is not None:
        comparison.draw(run)
    networks.table()
    queue.warm_up(backbone=True)
