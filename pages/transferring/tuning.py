"""What of a pretrained network learns on, with its blocks and how long that takes."""

from __future__ import annotations

import streamlit as st

from core import words
from core.specs import TransferSpec
from core.specs.transfer import NONE
from core.train import expected, speed
from core.train.expected import Choice
from core.transfer.compose import backbone, usual_size
from pages.shared import fields, measuring, state

SETTINGS = ("epochs", "learning_rate", "decay")


def choose(transfer: TransferSpec, images: int | None) -> bool:
    """Draw what learns on, and the settings of that; whether they are valid.

    Args:
        images: of the set that is chosen; None where none is.
    """
    count, layer = images or 0, backbone(transfer)
    size = transfer.size or usual_size(layer, count)
    ways = expected.choices(layer, transfer, count, size, speed.load())
    known = {way.finetune: way for way in ways}
    key = state.follow("transfer.finetune", transfer.finetune)
    field = TransferSpec.model_fields["finetune"]
    names = list(known) if transfer.finetune in known else [*known, transfer.finetune]
    st.selectbox(
        field.title or "",
        names,
        index=names.index(transfer.finetune),
        format_func=lambda name: _title(known[name]) if name in known else name,
        key=key,
        help=field.description,
        on_change=lambda: (
            state.live("transfer.finetune", key)
            and state.change(transfer={"finetune": state.value(key)})
        ),
    )
    if transfer.finetune == NONE:
        return True
    valid = fields.edit_all("transfer", transfer, SETTINGS, columns=1)
    if transfer.finetune in known and ways[-1].blocks:
        _tree(ways[-1], known[transfer.finetune])
    measuring.draw("transfer-measure", "how long fine-tuning takes")
    return valid


def _title(way: Choice) -> str:
    if way.finetune == NONE:
        return "Nothing: only the head learns"
    what = "All blocks"
    if way.count is not None:
        several = f"The last {words.several(way.count, 'block')}"
        what = several if way.count > 1 else "The last block"
    return f"{what} · about {words.duration(way.seconds)}" if way.seconds else what


def _tree(whole: Choice, chosen: Choice) -> None:
    """The blocks of the network, and which of them learn."""
    frozen = len(whole.blocks) - len(chosen.blocks)
    st.caption(
        f"{words.large(chosen.parameters)} of {words.large(whole.parameters)} parameters of the "
        "network learn, beside the head's."
    )
    rows = [
        {
            "Block": block.name,
            "Learns": place >= frozen,
            "Layers": block.layers,
            "Parameters": block.parameters,
            "Maps": block.channels,
        }
        for place, block in enumerate(whole.blocks)
    ]
    st.dataframe(
        rows[::-1],
        hide_index=True,
        height=210,
        column_config={
            "Block": st.column_config.TextColumn(
                help="The last one first; the image comes to the stem."
            ),
            "Layers": st.column_config.NumberColumn(help="That have weights."),
            "Parameters": st.column_config.NumberColumn(format="compact"),
            "Maps": st.column_config.NumberColumn(help="Channels of what leaves the block."),
        },
        alt="Blocks of the network and whether they learn",
    )
