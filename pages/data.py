"""Data: choose the images, and look at them before anything is trained."""

from pathlib import Path

import streamlit as st

from core import words
from core.data import arrays, catalogue
from core.data.zips import import_zip
from core.specs.arrays import ARRAY_SETS, ArraySet
from pages.shared import cards, charts, fields, frame, images, state

SETTINGS = ("size", "fit", "color", "parts", "together", "test_share")
FOLDERS = 6  # folders opened by their path that stay in the list


def take(source: str) -> None:
    """Make `source` the draft's images. What was set for other images does not carry over."""
    folders = state.draft().folders
    if Path(source).is_absolute():
        folders = (source, *(folder for folder in folders if folder != source))[:FOLDERS]
    state.change(data={"source": source, "size": None, "color": "auto"}, folders=folders)
    state.go("data", source)


def choose() -> None:
    """Draw the list of sets: the catalogue, and the folders opened by their path."""
    linked, draft = state.arrived("data"), state.draft()
    if linked and linked != draft.data.source:
        take(linked)
        draft = state.draft()
    entries = {entry.name: entry for entry in catalogue.entries()}
    own = [folder for folder in (*draft.folders, draft.data.source) if folder not in entries]
    labels = {name: (entry.title, entry.description) for name, entry in entries.items()}
    labels |= {folder: (Path(folder).name, folder) for folder in own}
    key = state.follow("data-source", draft.data.source)
    st.radio(
        "Images",
        list(labels),
        index=list(labels).index(draft.data.source),
        key=key,
        format_func=lambda name: frame.plain(labels[name][0]),
        captions=[
            frame.plain(about) + ("" if name in own or entries[name].ready else "; not here yet")
            for name, (_, about) in labels.items()
        ],
        on_change=lambda: state.live("data-source", key) and take(state.value(key)),
    )


@frame.guarded
def add() -> None:
    """Draw the ways to add images of one's own."""
    st.caption("One folder of images for each class, such as cats/ and dogs/.")
    upload = st.file_uploader("A zip of class folders", type="zip", key="data-zip")
    if upload is not None and state.value("data-seen") != upload.file_id:
        state.keep("data-seen", upload.file_id)  # first: a bad one is refused once, not again
        with st.spinner("Unpacking the zip"):
            take(import_zip(upload, upload.name.removesuffix(".zip")))
        st.rerun()
    with st.form("data-folder", border=False):
        folder = st.text_input("Or the path of a folder on this machine")
        if st.form_submit_button("Open folder"):
            take(catalogue.locate(folder or ""))
            st.rerun()


@frame.guarded
def overview() -> None:
    """Counts, sizes, samples of each class, and what was left out."""
    draft = state.draft()
    for array_set in ARRAY_SETS:
        if array_set.name == draft.data.source and not array_set.path.exists():
            download(array_set)
            return
    data = images.dataset(draft.data)
    parts = images.split(data, draft.train)
    sizes = data.images.sizes
    low, high = words.shape(sizes.min(axis=0).tolist()), words.shape(sizes.max(axis=0).tolist())
    row = st.container(horizontal=True, gap="large")
    row.metric("Images", words.count(len(sizes)), width="content")
    row.metric("Classes", words.count(len(data.classes)), width="content")
    row.metric("Size in pixels", low if low == high else f"{low} to {high}", width="content")
    row.metric(
        "Test images",
        words.count(len(parts.test)),
        width="content",
        help="Held back: training never sees them. They say how good the model is on new photos.",
    )
    st.caption(f"Layerwise works on them as {words.shape(data.shape)} (height, width, channels).")
    cards.alike(data, left_out=len(parts.left_out))
    if skipped := data.images.skipped:
        title = f"{words.several(len(skipped), 'file')} left out"
        with st.expander(title, icon=":material/warning:"):
            st.dataframe(
                [{"File": item.name, "Reason": item.reason} for item in skipped], hide_index=True
            )
    cards.samples(data)
    charts.show(charts.counts(data.counts()), "counts", "Number of images in each class")


def download(array_set: ArraySet) -> None:
    """Offer to fetch a set that is not on this machine yet."""
    st.info(
        f"**{array_set.title}** is not on this machine yet: {array_set.description}. It can be "
        f"downloaded through Keras, or you put the file {array_set.path} there yourself.",
        icon=":material/download:",
    )
    if st.button(f"Download {array_set.title}", icon=":material/download:"):
        with st.spinner(f"Downloading {array_set.title}", show_time=True):
            arrays.download(array_set)
        st.rerun()


with frame.page("Data", "Choose the images to learn from, and look at them first."):
    left, right = st.columns([1, 2], gap="large")
    with left:
        choose()
        with st.expander("Add your own images", icon=":material/add_photo_alternate:"):
            add()
        with st.expander("How images are prepared", icon=":material/tune:"):
            valid = fields.edit_all("data", state.draft().data, SETTINGS, columns=1)
        st.page_link(
            "pages/design.py",
            label=":primary[**Continue to the design**]",
            icon=":material/arrow_forward:",
            disabled=not valid,
        )
    with right:
        overview()
