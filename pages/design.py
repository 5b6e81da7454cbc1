"""Design: choose a network, and see its layers, shapes and parameters at once."""

import streamlit as st

from core import words
from core.design.analysis import table
from core.design.details import details
from core.design.presets import PRESETS
from core.specs import TrainSpec
from pages.shared import frame, images, state

FLOAT_BYTES = 4  # weights are 32-bit floats
BY_NAME = {item.name: item for item in PRESETS}
OWN = "your own design"


def take(name: str) -> None:
    """Make a preset the draft's design, with the training settings of its authors."""
    chosen, usual = BY_NAME[name], TrainSpec()
    train = {"optimizer": usual.optimizer, "learning_rate": usual.learning_rate, **chosen.train}
    state.change(model=chosen.model, train=train)
    state.go("design", name)


def chosen_by_hand() -> None:
    """What a click on the list does."""
    if (name := state.value("design-list")) in BY_NAME:
        take(name)


def choose() -> None:
    """Draw the list of designs. A design of one's own, from an earlier run, is listed too."""
    if (linked := state.arrived("design")) in BY_NAME:
        take(linked)
    model = state.draft().model
    name = model.name if model in (item.model for item in PRESETS) else OWN
    captions = [f"{item.about} From {item.source}." for item in PRESETS]
    names = list(BY_NAME)
    if name == OWN:
        names, captions = [OWN, *names], [f"{model.name}, from a run or a file.", *captions]
    state.follow("design-list", name)
    st.radio("Design", names, key="design-list", captions=captions, on_change=chosen_by_hand)


@frame.guarded
def layers() -> None:
    """The shape table, with each layer's share of the parameters."""
    draft = state.draft()
    data = images.dataset(draft.data)
    st.caption(
        f"For {frame.plain(data.title)}: images of {words.shape(data.shape)} (height, width, "
        f"channels), {len(data.classes)} classes."
    )
    rows = table(draft.model, data.shape, len(data.classes))
    total = sum(row.parameters for row in rows)
    line = st.container(horizontal=True, gap="large")
    line.metric("Layers", words.count(len(rows)), width="content")
    line.metric(
        "Parameters",
        words.count(total),
        width="content",
        help="Numbers the network learns or keeps.",
    )
    line.metric(
        "Size of the weights",
        words.size(total * FLOAT_BYTES),
        width="content",
        help="Four bytes for each parameter.",
    )
    st.dataframe(
        [
            {
                "Layer": f"{number} · {row.title}",
                "Settings": details(row.layer),
                "Output shape": words.shape(row.output_shape),
                "Parameters": row.parameters,
                "Share": 100.0 * row.parameters / max(total, 1),
            }
            for number, row in enumerate(rows, start=1)
        ],
        height="content",
        hide_index=True,
        column_config={
            "Layer": st.column_config.TextColumn(width=140),
            "Settings": st.column_config.TextColumn(width=170),
            "Parameters": st.column_config.NumberColumn(format="localized"),
            "Share": st.column_config.NumberColumn(
                help="Share of all parameters, in percent.", format="%.1f%%"
            ),
        },
        alt="Layers of the design with output shapes and parameters",
    )


with frame.page(
    "Design", "Choose the network to train, and see what each layer makes of an image."
):
    left, right = st.columns([1, 2.5], gap="large")
    with left:
        choose()
        if st.button("Continue to training", type="primary", icon=":material/arrow_forward:"):
            st.switch_page("pages/train.py")
    with right:
        layers()
