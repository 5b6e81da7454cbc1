"""Tests of the training spec."""

from __future__ import annotations

from core.design.presets import PRESETS
from core.specs import TrainSpec


def test_settings_of_the_issue() -> None:
    """Epochs, batch size, optimizer, rate, validation share, patience and seed can be set."""
    assert {
        "epochs",
        "batch_size",
        "optimizer",
        "learning_rate",
        "validation_share",
        "patience",
        "seed",
    } <= set(TrainSpec.model_fields)


def test_an_earlier_training_learned_from_all_images() -> None:
    """What was written before there was a share means what it meant."""
    earlier = TrainSpec().model_dump(mode="json", exclude={"train_share"})
    assert TrainSpec.parse(earlier) == TrainSpec(train_share=1.0)


def test_presets_train_with_valid_settings() -> None:
    """The training settings that presets bring are valid."""
    for preset in PRESETS:
        TrainSpec.parse(preset.train)
