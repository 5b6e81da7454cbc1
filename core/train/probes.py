"""The small designs by which core.train.calibration measures a machine."""

from __future__ import annotations

from dataclasses import dataclass

from core.design.analysis import Analysis, analyse
from core.design.cost import Work, features
from core.specs import (
    AveragePooling2D,
    Conv2D,
    ConvBlock,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    Layer,
    MaxPooling2D,
    ModelSpec,
    Output,
)

CLASSES = 10


@dataclass(frozen=True)
class Probe:
    """A design, the height, width and channels of its images, and how many make a batch."""

    name: str
    shape: tuple[int, int, int]
    batch_sizes: tuple[int, ...]
    layers: tuple[Layer, ...]

    @property
    def model(self) -> ModelSpec:
        """The whole design."""
        return ModelSpec(name=self.name, layers=(Input(), *self.layers, Output()))

    @property
    def analysis(self) -> Analysis:
        """The design for its images."""
        return analyse(self.model, self.shape, CLASSES)

    def work(self, batch_size: int) -> Work:
        """What one step of training it takes."""
        return features(self.analysis, batch_size)


def _conv(filters: int) -> Conv2D:
    return Conv2D(filters=filters, padding="same")


# Each has much of one or two kinds of work. Two batch sizes tell what a step costs from what an
# image costs.
PROBES = (
    Probe("tiny", (8, 8, 1), (32,), (Flatten(),)),
    Probe("deep", (8, 8, 3), (32,), (ConvBlock(filters=8, repeat=5), GlobalAveragePooling2D())),
    Probe(
        "conv",
        (32, 32, 3),
        (16, 64),
        (_conv(32), MaxPooling2D(), _conv(64), MaxPooling2D(), GlobalAveragePooling2D()),
    ),
    Probe("wide", (16, 16, 3), (32,), (_conv(64), _conv(96), _conv(96), GlobalAveragePooling2D())),
    Probe(
        "curves",
        (32, 32, 3),
        (32, 128),
        (
            Conv2D(filters=8, kernel_size=5, padding="same", activation="tanh"),
            AveragePooling2D(),
            Conv2D(filters=16, kernel_size=5, activation="tanh"),
            AveragePooling2D(),
            Flatten(),
        ),
    ),
    Probe(
        "norm",
        (32, 32, 3),
        (16, 64),
        (ConvBlock(filters=16), ConvBlock(filters=16), GlobalAveragePooling2D()),
    ),
    Probe(
        "depthwise",
        (32, 32, 3),
        (32,),
        (
            _conv(32),
            DepthwiseConv2D(padding="same"),
            DepthwiseConv2D(padding="same"),
            GlobalAveragePooling2D(),
        ),
    ),
    Probe("dense", (16, 16, 3), (32, 256), (Flatten(), Dense(units=1024), Dense(units=512))),
    Probe(
        "dropout",
        (32, 32, 3),
        (32,),
        (_conv(16), Dropout(), _conv(16), Dropout(), GlobalAveragePooling2D()),
    ),
)
