"""A run: a design, its data and its training, and how a person filed it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from core.specs.augment import AugmentSpec
from core.specs.data import DataSpec
from core.specs.model import ModelSpec
from core.specs.spec import Spec
from core.specs.train import TrainSpec
from core.specs.transfer import FineTuneSpec, HeadSpec

Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RunSpec(Spec):
    """Everything a worker needs to know; written once to spec.json and never changed."""

    version: Literal[1, 2] = 2  # 1: before near twins were kept together
    model: ModelSpec
    data: DataSpec = DataSpec()
    train: TrainSpec = TrainSpec()
    augment: AugmentSpec = AugmentSpec()
    head: HeadSpec | None = None  # of a design with a pretrained network: solved, not trained
    finetune: FineTuneSpec | None = None  # of its network, after the head
    tags: dict[Tag, Tag] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="before")
    @classmethod
    def _split_as_then(cls, values: Any) -> Any:
        """A run of an earlier version keeps the images that it was tested with."""
        if isinstance(values, dict) and values.get("version") == 1:
            data = values.get("data", {})
            if isinstance(data, dict):
                return {**values, "data": {"together": "copies", **data}}
        return values
