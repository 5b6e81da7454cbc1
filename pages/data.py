"""Data: choose the images, and look at them before anything is trained."""

import streamlit as st

from core import words
from core.data import catalogue
from core.data.dataset import Dataset
from core.data.zips import import_zip
from core.specs import DataSpec
from pages.shared import charts, fields, frame, images, state

SAMPLES = 6  # images shown of each class
SETTINGS = ("size", "fit", "color", "test_share")


def choose() -> str:
    """Draw the list of sets and the ways to add one; return the chosen source."""
    entries = {entry.name: entry for entry in catalogue.entries()}
    wanted = state.address("data") or state.draft().data.source
    names = list(entries) if wanted in entries else [*entries, wanted]
    state.begin("data-source", wanted if wanted in names else names[0])
    source = st.radio(
        "Images",
        names,
        key="data-source",
        format_func=lambda name: frame.plain(entries[name].title if name in entries else name),
        captions=[
            (entries[name].description + ("" if entries[name].ready else "; to be downloaded"))
            if name in entries
            else "your folder"
            for name in names
        ],
    )
    with st.expander("Add your own images", icon=":material/add_photo_alternate:"):
        st.caption("One folder of images for each class, such as cats/ and dogs/.")
        upload = st.file_uploader("A zip of class folders", type="zip", key="data-zip")
        if upload is not None and state.value("data-seen") != upload.file_id:
            with st.spinner("Unpacking the zip"):
                name = import_zip(upload, upload.name.removesuffix(".zip"))
            state.keep("data-seen", upload.file_id)
            open_source(name)
        folder = st.text_input("Or the path of a folder on this machine", key="data-folder")
        if st.button("Open folder", disabled=not folder):
            open_source(catalogue.locate(folder))
    return source


def open_source(source: str) -> None:
    """Make `source` the chosen one and draw the page again."""
    state.change_draft(data=state.draft().data.changed(source=source))
    state.forget("data-source")
    st.query_params["data"] = source
    st.rerun()


def overview(data: Dataset) -> None:
    """Counts, sizes, samples of each class, and what was left out."""
    prepared = data.images
    parts = images.split(data, state.draft().train.validation_share)
    sizes = prepared.sizes
    same = (sizes == sizes[0]).all()
    low, high = sizes.min(axis=0).tolist(), sizes.max(axis=0).tolist()
    row = st.container(horizontal=True, gap="large")
    row.metric("Images", words.count(len(prepared.labels)), width="content")
    row.metric("Classes", words.count(len(data.classes)), width="content")
    row.metric(
        "Size in pixels",
        f"{low[0]} × {low[1]}" if same else f"{low[0]} × {low[1]} to {high[0]} × {high[1]}",
        help=f"Width and height in the files. Layerwise works on {words.shape(data.shape)} "
        "(height, width, channels).",
        width="content",
    )
    row.metric(
        "Test images",
        words.count(len(parts.test)),
        width="content",
        help="Held back: training never sees them. They say how good the model is on new photos.",
    )
    if prepared.skipped:
        title = f"{words.several(len(prepared.skipped), 'file')} left out"
        with st.expander(title, icon=":material/warning:"):
            st.dataframe(
                [{"File": item.name, "Reason": item.reason} for item in prepared.skipped],
                hide_index=True,
            )
    st.subheader("Samples", anchor=False)
    for row in range(0, len(data.classes), 2):
        for label, column in zip(
            range(row, min(row + 2, len(data.classes))), st.columns(2), strict=False
        ):
            name = data.classes[label]
            column.image(
                images.strip(data, label, SAMPLES),
                caption=f"{frame.plain(name)} · {words.count(data.counts()[name])}",
                width="stretch",
                alt=f"{SAMPLES} samples of the class {name}",
            )
    charts.show(charts.counts(data.counts()), "counts", "Number of images in each class")


with frame.page("Data", "Choose the images to learn from, and look at them first."):
    left, right = st.columns([1, 2], gap="large")
    with left:
        chosen = choose()
        with st.expander("How images are prepared", icon=":material/tune:"):
            settings = fields.edit_all(state.draft().data, SETTINGS, columns=1)
        if chosen != state.draft().data.source:
            st.query_params["data"] = chosen
        spec = DataSpec.parse({**state.draft().data.model_dump(), "source": chosen, **settings})
    with right:
        loaded = images.dataset(spec)
        if spec != state.draft().data:
            state.change_draft(data=spec)
        overview(loaded)
    with left:
        if st.button("Continue to the design", type="primary", icon=":material/arrow_forward:"):
            st.switch_page("pages/design.py")
