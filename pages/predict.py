"""Predict: choose a trained model, give it photos, see how sure it is of each class."""

import streamlit as st

from core import words
from core.data.decode import SUFFIXES
from core.errors import ImageError
from core.predict import samples
from core.predict.prediction import Prediction
from core.predict.table import to_csv
from core.runs.run import Run
from core.runs.status import RunStatus
from pages.shared import cached, cards, frame, state

PAGE = 6  # photos shown at once
Named = tuple[str, bytes, Prediction | str]  # name, file, prediction or problem


def choose() -> Run | None:
    """Draw the list of runs with a model; return the chosen one."""
    usable = {run.id: (run, status) for run, status in cached.runs() if run.has_model}
    wanted = state.address("run")
    if wanted and wanted not in usable:
        st.warning(
            f"The run {frame.plain(wanted)} is not there or has no model yet. Choose another one.",
            icon=":material/warning:",
        )
    names = list(usable)
    # a run that gets its model meanwhile must not take the place of the one in use
    usual = wanted or state.value("predict-run") or names[0]
    key = state.follow_optional("predict-run", usual if usual in usable else None)
    chosen = st.selectbox(
        "Model",
        names,
        index=None,
        key=key,
        placeholder="Choose a model",
        format_func=lambda name: _title(*usable[name]),
        on_change=lambda: (
            state.live("predict-run", key) and state.go("run", state.value(key) or "")
        ),
    )
    return usable[chosen][0] if chosen else None


def _title(run: Run, status: RunStatus) -> str:
    return f"{run.id} · test accuracy {words.percent(status.test_accuracy)}"


def photos(run: Run) -> list[tuple[str, bytes]]:
    """Draw the uploader and the samples' button; return names and files of what is to be classified."""
    uploads = st.file_uploader(
        "Photos",
        type=sorted(suffix[1:] for suffix in SUFFIXES),
        accept_multiple_files=True,
        key="predict-photos",
        max_upload_size=50,
        help="PNG, JPEG, WebP, BMP or GIF. They stay on this machine.",
    )
    if uploads:
        state.keep("predict-samples", None)
        return [(upload.name, upload.getvalue()) for upload in uploads]
    st.caption("No photo at hand?")
    if st.button("Try five test images", icon=":material/casino:"):
        seed = state.value("predict-seed", -1) + 1
        state.keep("predict-seed", seed)
        state.keep("predict-samples", (run.id, samples.held_back(run, 5, seed)))
    owner, tried = state.value("predict-samples") or ("", [])
    return tried if owner == run.id else []


def classify(run: Run, files: list[tuple[str, bytes]]) -> list[Named]:
    """Predict each photo; one that cannot be read gets its reason and holds up no other."""
    results: list[Named] = []
    bar = st.progress(0.0, text="Classifying") if len(files) > PAGE else None
    for number, (name, content) in enumerate(files, start=1):
        try:
            results.append((name, content, cached.prediction(run, content)))
        except ImageError as error:
            results.append((name, content, error.received))
        if bar is not None:
            bar.progress(number / len(files), text=f"Classified {number} of {len(files)} photos")
    if bar is not None:
        bar.empty()
    return results


def results(run: Run, named: list[Named]) -> None:
    """The table to download, what could not be read, then the photos, a page at a time."""
    read = [(name, content, item) for name, content, item in named if isinstance(item, Prediction)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{words.several(len(named), 'photo')}**")
        st.download_button(
            "Download the table (CSV)",
            to_csv([(name, result) for name, _, result in named]),
            file_name=f"predictions-{run.id}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    bad = [f"- {frame.plain(name)}: {frame.plain(p)}" for name, _, p in named if isinstance(p, str)]
    if bad:
        title = f"{words.several(len(bad), 'photo')} cannot be read:"
        st.warning("\n".join([title, *bad]), icon=":material/broken_image:")
    pages = -(-len(read) // PAGE)
    page = st.pagination(pages, key="predict-page") if pages > 1 else 1
    start = (page - 1) * PAGE
    for row in range(start, min(start + PAGE, len(read)), 2):
        for number, column in zip((row, row + 1), st.columns(2), strict=True):
            if number < len(read):
                with column:
                    cards.photo(number, *read[number])


with frame.page(
    "Predict", "Choose a trained model and give it photos: it names them and says how sure it is."
):
    if any(run.has_model for run, _ in cached.runs()):
        chosen = choose()
        if chosen is not None and (files := photos(chosen)):
            results(chosen, classify(chosen, files))
    else:
        st.info("No model has been trained yet.", icon=":material/info:")
        st.page_link("streamlit_app.py", label="Start the demo", icon=":material/play_circle:")
