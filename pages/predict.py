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
from pages.shared import cached, charts, frame, images, state

TOP = 5  # classes shown beside each photo
PAGE = 6  # photos shown at once
Named = tuple[str, bytes, Prediction | str]  # name, file, prediction or problem


def choose() -> Run | None:
    """Draw the list of runs with a model; return the chosen one."""
    usable = {run.id: (run, status) for run, status in cached.runs() if run.has_model}
    if not usable:
        return None
    wanted = state.address("run")
    names = list(usable)
    if wanted and wanted not in usable:
        st.warning(f"The run {wanted} has no model to predict with; choose another.")
    state.begin("predict-run", wanted if wanted in usable else names[0])
    chosen = st.selectbox(
        "Model", names, key="predict-run", format_func=lambda n: _title(*usable[n])
    )
    st.query_params["run"] = chosen
    return usable[chosen][0]


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
    classifier = cached.classifier(run)
    results: list[Named] = []
    bar = st.progress(0.0, text="Classifying") if len(files) > PAGE else None
    for number, (name, content) in enumerate(files, start=1):
        try:
            results.append((name, content, classifier.classify_photo(content)))
        except ImageError as error:
            results.append((name, content, str(error)))
        if bar is not None:
            bar.progress(number / len(files), text=f"Classified {number} of {len(files)} photos")
    if bar is not None:
        bar.empty()
    return results


def card(number: int, name: str, content: bytes, result: Prediction | str) -> None:
    """One photo with its likeliest classes, and all classes on demand."""
    with st.container(border=True):
        if isinstance(result, str):
            st.markdown(f"**{frame.plain(name)}**")
            st.warning(frame.plain(result), icon=":material/broken_image:")
            return
        picture, bars = st.columns([1, 1.9], vertical_alignment="center")
        picture.image(
            images.thumbnail(content), caption=frame.plain(name), width="stretch", alt=name
        )
        with bars:
            alt = ", ".join(f"{label} {words.percent(p)}" for label, p in result.top(TOP))
            charts.show(charts.probabilities(result.top(TOP), title=""), f"top-{number}", alt)
        if len(result.classes) > TOP:
            with st.expander(f"All {len(result.classes)} classes"):
                figure = charts.probabilities(result.top(), title="Probability of each class")
                charts.show(figure, f"all-{number}", "Probability of every class")


def results(named: list[Named]) -> None:
    """The table to download, then the photos, a page at a time."""
    with st.container(horizontal=True, vertical_alignment="center"):
        unreadable = sum(isinstance(result, str) for _, _, result in named)
        note = f", {unreadable} of them cannot be read" if unreadable else ""
        st.markdown(f"**{words.several(len(named), 'photo')}**{note}")
        st.download_button(
            "Download the table (CSV)",
            to_csv([(name, result) for name, _, result in named]),
            file_name="predictions.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    pages = -(-len(named) // PAGE)
    page = st.pagination(pages, key="predict-page") if pages > 1 else 1
    start = (page - 1) * PAGE
    for row in range(start, min(start + PAGE, len(named)), 2):
        for number, column in zip(
            range(row, min(row + 2, len(named))), st.columns(2), strict=False
        ):
            with column:
                card(number, *named[number])


with frame.page(
    "Predict", "Choose a trained model and give it photos: it names them and says how sure it is."
):
    run = choose()
    if run is None:
        st.info("No model has been trained yet.", icon=":material/info:")
        st.page_link("streamlit_app.py", label="Start the demo", icon=":material/play_circle:")
    elif files := photos(run):
        results(classify(run, files))
