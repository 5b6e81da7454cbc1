"""The layers a design may hold, each with its settings declared once.

Names, defaults and meanings follow keras.layers (https://keras.io/api/layers/). Defaults are part
of the file format: a design's JSON and link leave out what is at its default.
"""

from __future__ import annotations

from typing import Annotated, Union, get_args

from pydantic import Field

from core.specs.layers.base import Group, LayerSpec, Vary, Weighted, usual_mark
from core.specs.layers.blocks import (
    Block,
    Bottleneck,
    ConvBlock,
    DenseBlock,
    InceptionBlock,
    InvertedResidual,
    ResidualBlock,
    SqueezeExcitation,
)
from core.specs.layers.convolutional import (
    Conv2D,
    DepthwiseConv2D,
    FixedConv2D,
    SeparableConv2D,
    UpSampling2D,
    Whitening,
    ZeroPadding2D,
)
from core.specs.layers.core import Activation, Dense, Flatten, Input, Output
from core.specs.layers.merging import Add, Concatenate, Merging, Multiply, Squeeze
from core.specs.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
)
from core.specs.layers.pooling import (
    AveragePooling2D,
    GlobalAverageMaxPooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalPooling2D,
    MaxPooling2D,
    Pooling2D,
)
from core.specs.layers.pretrained import Backbone
from core.specs.layers.regularization import Dropout, SpatialDropout2D

AnyLayer = Union[  # noqa: UP007 - pydantic needs the runtime union
    Input,
    Conv2D,
    DepthwiseConv2D,
    SeparableConv2D,
    Whitening,
    MaxPooling2D,
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GlobalAverageMaxPooling2D,
    BatchNormalization,
    LayerNormalization,
    GroupNormalization,
    Activation,
    Dropout,
    SpatialDropout2D,
    Flatten,
    Dense,
    ZeroPadding2D,
    UpSampling2D,
    ConvBlock,
    ResidualBlock,
    Bottleneck,
    InvertedResidual,
    SqueezeExcitation,
    DenseBlock,
    InceptionBlock,
    Backbone,
    Output,
]
Layer = Annotated[AnyLayer, Field(discriminator="kind")]

# every layer by its kind, in the order in which they are offered
LAYERS: dict[str, type[LayerSpec]] = {cls.KIND: cls for cls in get_args(AnyLayer)}

__all__ = [
    "LAYERS",
    "Activation",
    "Add",
    "AveragePooling2D",
    "Backbone",
    "BatchNormalization",
    "Block",
    "Bottleneck",
    "Concatenate",
    "Conv2D",
    "ConvBlock",
    "Dense",
    "DenseBlock",
    "DepthwiseConv2D",
    "Dropout",
    "FixedConv2D",
    "Flatten",
    "GlobalAverageMaxPooling2D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GlobalPooling2D",
    "Group",
    "GroupNormalization",
    "InceptionBlock",
    "Input",
    "InvertedResidual",
    "Layer",
    "LayerNormalization",
    "LayerSpec",
    "MaxPooling2D",
    "Merging",
    "Multiply",
    "Output",
    "Pooling2D",
    "ResidualBlock",
    "SeparableConv2D",
    "SpatialDropout2D",
    "Squeeze",
    "SqueezeExcitation",
    "UpSampling2D",
    "Vary",
    "Weighted",
    "Whitening",
    "ZeroPadding2D",
    "usual_mark",
]
