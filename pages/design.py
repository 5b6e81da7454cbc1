"""Design: choose a network, and see its layers, shapes and parameters at once."""

import streamlit as st

from core import words
from core.design import shapes
from core.design.presets import PRESETS, preset
from pages.shared import fields, frame, images, state

FLOAT_BYTES = 4  # weights are 32-bit floats


def choose() -> str:
    """Draw the list of presets and return the chosen one's name."""
    names = [item.name for item in PRESETS]
    wanted = state.address("design") or state.draft().model.name
    state.begin("design-preset", wanted if wanted in names else names[0])
    return st.radio(
        "Design",
        names,
        key="design-preset",
        captions=[f"{item.about} From {item.source}." for item in PRESETS],
    )


def layers(rows: list[shapes.Row]) -> None:
    """The shape table, with each layer's share of the parameters."""
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
    table = [
        {
            "Layer": f"{number} · {row.title}",
            "Settings": row.details,
            "Output shape": words.shape(row.output_shape),
            "Parameters": row.parameters,
            "Share": 100.0 * row.parameters / max(total, 1),
        }
        for number, row in enumerate(rows, start=1)
    ]
    st.dataframe(
        table,
        height="content",
        hide_index=True,
        column_config={
            "Layer": st.column_config.TextColumn(width=160),
            "Settings": st.column_config.TextColumn(width=190),
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
        chosen = preset(choose())
        if chosen.model != state.draft().model:
            st.query_params["design"] = chosen.name
            train = state.draft().train.changed(
                **{"optimizer": "adam", "learning_rate": 0.001, **chosen.train}
            )
            state.change_draft(model=chosen.model, train=train)
            fields.reset(type(train))
    with right:
        data = images.dataset(state.draft().data)
        st.caption(
            f"For {data.title}: images of {words.shape(data.shape)} (height, width, channels), "
            f"{len(data.classes)} classes."
        )
        layers(shapes.table(chosen.model, data.shape, len(data.classes)))
    with left:
        if st.button("Continue to training", type="primary", icon=":material/arrow_forward:"):
            st.switch_page("pages/train.py")
