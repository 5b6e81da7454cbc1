"""Frozen descriptions of a design, its data, its training and a whole run."""

from core.specs import layers
from core.specs.augment import AugmentSpec
from core.specs.data import DataSpec
from core.specs.layers import *  # noqa: F403 - the layers, each by its name
from core.specs.model import ModelSpec
from core.specs.run import RunSpec
from core.specs.spec import Spec, choices, setting
from core.specs.train import TrainSpec
from core.specs.transfer import FineTuneSpec, HeadSpec, TransferSpec
from core.specs.tune import TuneSpec

__all__ = [
    "AugmentSpec",
    "DataSpec",
    "FineTuneSpec",
    "HeadSpec",
    "ModelSpec",
    "RunSpec",
    "Spec",
    "TrainSpec",
    "TransferSpec",
    "TuneSpec",
    "choices",
    "setting",
]
__all__ += layers.__all__
