"""How a run is to be trained: the settings most people touch, and two folds with the others."""

from __future__ import annotations

import streamlit as st

from core.draft import Draft
from core.specs import AugmentSpec, Spec, TrainSpec
from pages.shared import fields

MAIN = ("epochs", "batch_size", "optimizer", "learning_rate", "schedule", "patience")


def draw(draft: Draft) -> bool:
    """Draw all settings of the draft's training; return whether they are valid."""
    train = draft.train
    valid = fields.edit_all("train", train, MAIN)
    rest = tuple(
        name for name in TrainSpec.model_fields if name not in MAIN and name not in train.idle
    )
    valid &= _folded("More training settings", ":material/tune:", "train", train, rest)
    every = tuple(AugmentSpec.model_fields)
    return valid & _folded(
        "Change the images",
        ":material/auto_awesome_motion:",
        "augment",
        draft.augment,
        every,
    )


def _folded(title: str, icon: str, part: str, spec: Spec, names: tuple[str, ...]) -> bool:
    """Settings that are drawn when a person opens them; its title tells what is not as usual."""
    usual = type(spec)()
    changed = [
        (type(spec).model_fields[name].title or name).lower()
        for name in names
        if getattr(spec, name) != getattr(usual, name)
    ]
    told = f"{title}: {', '.join(changed)}" if changed else title
    fold = st.expander(told, icon=icon, key=f"{part}-fold", on_change="rerun")
    if not fold.open:
        return True
    with fold:
        return fields.edit_all(part, spec, names)
