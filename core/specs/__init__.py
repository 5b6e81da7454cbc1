"""Frozen descriptions of a design, its data, its training and a whole run."""

from core.specs.data import DataSpec
from core.specs.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    Output,
)
from core.specs.model import ModelSpec
from core.specs.run import RunSpec
from core.specs.spec import Spec, choices, setting
from core.specs.train import TrainSpec

__all__ = [
    "Activation",
    "AveragePooling2D",
    "BatchNormalization",
    "Conv2D",
    "DataSpec",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "Layer",
    "MaxPooling2D",
    "ModelSpec",
    "Output",
    "RunSpec",
    "Spec",
    "TrainSpec",
    "choices",
    "setting",
]
