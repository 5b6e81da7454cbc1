"""A run: a design, its data and its training, and how a person filed it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.specs.augment import AugmentSpec
from core.specs.data import DataSpec
from core.specs.model import ModelSpec
from core.specs.spec import Spec
from core.specs.train import TrainSpec

Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RunSpec(Spec):
    """Everything a worker needs to know; written once to spec.json and never changed."""

    version: Literal[1] = 1
    model: ModelSpec
    data: DataSpec = DataSpec()
    train: TrainSpec = TrainSpec()
    augment: AugmentSpec = AugmentSpec()
    tags: dict[Tag, Tag] = Field(default_factory=dict, max_length=50)
