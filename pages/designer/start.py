"""Where a design comes from: a preset, a file, a past run, a link, or nothing."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import draft as drafts
from core.design import designs, edits, link
from core.design.presets import PRESETS
from core.errors import AppError
from core.runs import run as runs
from core.specs import AugmentSpec, ModelSpec, TrainSpec
from pages.designer import editing
from pages.shared import cached, frame, state

BY_NAME = {item.name: item for item in PRESETS}
MENU = "design-start"
RUNS = 100  # past runs that are offered


def draw(model: ModelSpec) -> None:
    """Draw the menu of designs to start from. What is there now can be had back with Undo."""
    menu = st.popover("Start from", icon=":material/start:", key=MENU, on_change="rerun")
    if not menu.open:
        return
    with menu:
        st.caption(
            "This takes the place of the design below. A preset or a run brings its optimizer and "
            "learning rate along. Undo brings everything back."
        )
        st.button(
            "An empty stack",
            icon=":material/layers_clear:",
            key="design-empty",
            on_click=_take,
            args=(edits.empty(),),
        )
        st.file_uploader(
            "A design's file (JSON)", type="json", key="design-file", on_change=_from_file
        )
        listed = [run.id for run, _ in cached.runs()[:RUNS]]
        if listed:
            st.selectbox(
                "A past run",
                listed,
                index=None,
                key="design-run",
                placeholder="Its design, with its training settings",
                on_change=_from_run,
            )
        _presets(model)


def from_address() -> None:
    """Take the design of a link: a preset's name or a packed design, once.

    It then leaves the address: a reload shall show the design as it has been changed since.
    """
    if not (word := state.address("design")):
        return
    state.leave("design")
    try:
        _take(BY_NAME[word].model if word in BY_NAME else link.unpack(word))
    except AppError as error:
        frame.show_error(error)
        return
    st.toast(
        "The design of the link is here. Undo brings back the one before.", icon=":material/info:"
    )


def _presets(model: ModelSpec) -> None:
    st.markdown("**A preset**")
    for item in PRESETS:
        st.button(
            f"{item.name} (as it is now)" if item.model == model else item.name,
            key=f"design-preset-{item.name}",
            help=f"From {item.source}.",
            on_click=_take,
            args=(item.model,),
        )
        st.caption(item.about)


def _from_file() -> None:
    if (upload := state.value("design-file")) is None:
        return
    try:
        model = designs.parse(upload.getvalue(), upload.name)
    except AppError as error:
        editing.report(error)
        return
    _take(model)


def _from_run() -> None:
    """The design of a past run, and how it was trained."""
    try:
        spec = runs.find(str(state.value("design-run"))).spec
    except AppError as error:
        editing.report(error)
        return
    _take(spec.model, spec.train, spec.augment)


def _take(
    model: ModelSpec, train: TrainSpec | None = None, augment: AugmentSpec | None = None
) -> None:
    """Make it the draft's design. A preset brings the training settings of its authors."""
    state.keep(MENU, False)  # chosen: the menu closes
    settings: dict[str, Any] = {}
    if (item := BY_NAME.get(model.name)) is not None and item.model == model:
        # what any preset sets is as usual, unless this one sets it
        usual, own = TrainSpec(), {"optimizer", "learning_rate"}.union(*(p.train for p in PRESETS))
        train_as = {name: getattr(usual, name) for name in own - {"epochs"}}
        settings = {"train": {**train_as, **item.train}}
        if item.augment:
            settings["augment"] = AugmentSpec().changed(**item.augment)
    if train is not None:
        settings = {"train": train, "augment": augment}
    editing.take(lambda: drafts.change(model=model, **settings))
    editing.select(1)
