"""Runs: a table of all of them, or one whole by ?run=."""

import streamlit as st

from core.runs import run as runs
from core.runs.run import Run
from core.specs import AugmentSpec, Spec
from core.specs.spec import choices
from pages.shared import cached, frame, state, table, terms
from pages.watching import run as watching


def settings(spec: Spec, idle: frozenset[str] = frozenset()) -> list[dict[str, str]]:
    """A spec's declared settings as rows of a table, but for those that are idle."""
    rows = []
    for name, field in type(spec).model_fields.items():
        if name in idle:
            continue
        value = getattr(spec, name)
        labels = (field.json_schema_extra or {}).get("labels", {}) if choices(field) else {}
        shown = "automatic" if value is None else labels.get(value, value)
        rows.append({"Setting": field.title or name, "Value": str(shown)})
    return rows


@frame.guarded
def one(run: Run) -> None:
    """A run with its curves, its settings, and what can be done with it."""
    watching.show(run)
    actions = st.container(horizontal=True)
    if run.status.state.final and actions.button("Delete run", icon=":material/delete:"):
        confirm_delete(run)
    spec = run.spec
    actions.page_link(
        "pages/train.py" if spec.head is None else "pages/transfer.py",
        label="Use these settings again",
        icon=":material/replay:",
        query_params={"again": run.id},
    )
    terms.explain("loss", "accuracy", "validation", "test", "overfitting")
    st.subheader("Settings", anchor=False)
    left, right = st.columns(2)
    if spec.head is None:
        left.dataframe(settings(spec.train, spec.train.idle), hide_index=True)
    else:
        left.dataframe(settings(spec.head), hide_index=True)
        if spec.finetune is not None:
            left.dataframe(settings(spec.finetune), hide_index=True)
            left.dataframe(settings(spec.train, spec.train.idle), hide_index=True)
    right.dataframe(settings(spec.data), hide_index=True)
    if spec.augment != AugmentSpec():
        right.dataframe(settings(spec.augment), hide_index=True)
    if spec.tags:
        tags = ", ".join(f"{key} = {value}" for key, value in spec.tags.items())
        st.caption(frame.plain(f"Tags: {tags}"))
    st.caption(frame.plain(f"Design: {spec.model.name}. Folder: {run.folder}"))


@st.dialog("Delete this run?")
def confirm_delete(run: Run) -> None:
    """Ask once, naming what will go."""
    st.markdown(
        f"**{frame.plain(run.id)}** with its model, curves and log will be deleted for good."
    )
    with st.container(horizontal=True):
        if st.button("Cancel"):
            st.rerun()
        if st.button("Delete", type="primary", icon=":material/delete_forever:"):
            runs.delete(run)
            st.query_params.clear()
            st.rerun()


with frame.page("Runs", "Every training so far, the newest first. Click one to open it."):
    if name := state.address("run"):
        st.page_link("pages/runs.py", label="All runs", icon=":material/arrow_back:")
        one(runs.find(name))
    elif cached.runs():
        table.show_runs("runs", here=True)
    else:
        st.info("There are no runs yet.", icon=":material/info:")
        st.page_link("pages/train.py", label="Start a training", icon=":material/play_circle:")
