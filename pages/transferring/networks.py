"""Which pretrained network, and what is known of all of them."""

from __future__ import annotations

import streamlit as st

from core import words
from core.errors import AppError
from core.specs import TransferSpec
from core.specs.layers.pretrained import RUN
from core.transfer import kept, weights
from core.transfer.compose import backbone
from core.transfer.offers import Offer, offer, offers
from pages.shared import fields, frame, state


def choose(transfer: TransferSpec) -> bool:
    """Draw the choice of a network and of the file of its weights; whether they can be used."""
    titles = {str(one.layer.network): _title(one) for one in offers()}
    titles |= {f"{RUN} {run.id}": f"Your run {run.id}" for run in kept.offered()}
    chosen = f"{RUN} {transfer.run}" if transfer.run else transfer.backbone
    titles.setdefault(chosen, f"Your run {transfer.run}")  # one that is kept, and may be gone
    key = state.follow("transfer.backbone", chosen)
    field = TransferSpec.model_fields["backbone"]
    st.selectbox(
        field.title or "",
        list(titles),
        index=list(titles).index(chosen),
        format_func=titles.__getitem__,
        key=key,
        help=field.description,
        on_change=lambda: state.live("transfer.backbone", key) and _take(state.value(key)),
    )
    try:
        layer = backbone(transfer)
        known = offer(layer)
        st.caption(_about(known))
        if known.facts.application is not None:
            fields.edit("transfer", transfer, "weights")
        weights.require(layer)
    except AppError as error:
        frame.show_error(error)
        return False
    if known.explained:
        st.info(frame.plain(known.explained), icon=":material/download:")
    return True


def _take(option: str) -> None:
    network, _, run = option.partition(" ")
    state.change(transfer={"backbone": network, "run": run or None, "weights": None})


def _about(one: Offer) -> str:
    figures = f"{words.large(one.facts.parameters)} parameters, {one.speed}."
    if one.facts.accuracy is None:
        return f"{frame.plain(one.facts.about)} {figures}"
    return f"{one.facts.about} {words.percent(one.facts.accuracy)} on ImageNet, {figures}"


def table() -> None:
    """Draw what is known of every network, and what to do for those that are not here."""
    box = st.expander("All pretrained networks", icon=":material/hub:")
    box.dataframe(
        [_row(one) for one in offers()],
        hide_index=True,
        placeholder="not measured yet",
        column_config={
            "Input": st.column_config.TextColumn(help="Size of photos that it is used on most."),
            "Parameters": st.column_config.NumberColumn(
                format="compact", help="Without its last layer."
            ),
            "ImageNet": st.column_config.NumberColumn(
                format="%.1f%%", help="Share of ImageNet's validation photos that it names right."
            ),
            "Milliseconds": st.column_config.NumberColumn(
                format="%.1f",
                width="medium",
                help="For an image on this machine, measured when the network is first used.",
            ),
            "Weights": st.column_config.TextColumn(width="large"),
        },
        alt="Table of pretrained networks",
    )


def _title(one: Offer) -> str:
    return one.facts.title if one.ready else f"{one.facts.title} (not here yet)"


def _row(one: Offer) -> dict[str, object]:
    return {
        "Network": one.facts.title,
        "Input": f"{one.facts.size} px",
        "Parameters": one.facts.parameters,
        "ImageNet": None if one.facts.accuracy is None else 100 * one.facts.accuracy,
        "Milliseconds": one.milliseconds,
        "Weights": one.where,
    }
