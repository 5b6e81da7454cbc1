"""The layers a design may hold, each with its settings declared once.

Names, defaults and meanings follow keras.layers (https://keras.io/api/layers/).
"""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import Field

from core.specs.spec import Spec, setting

Function = Literal["linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"]
Padding = Literal["valid", "same"]

_ACTIVATION_HELP = "The curve each output passes through; linear leaves it as it is."
_PADDING_HELP = "same adds a border so that the size is kept; valid adds none."


class LayerSpec(Spec):
    """Base of all layers: one row of a design."""


class Input(LayerSpec):
    """Where the image comes in. Its height, width and channels are those of the data set."""

    kind: Literal["input"] = "input"
    scale: Literal["0 to 1", "-1 to 1"] = setting(
        "0 to 1",
        label="Scale",
        help="Range the pixel values 0 to 255 are brought to, inside the model.",
    )


class Conv2D(LayerSpec):
    """Slides small filters over the image; each filter answers to one pattern."""

    kind: Literal["conv2d"] = "conv2d"
    filters: int = setting(32, ge=1, le=4096, label="Filters", help="Number of patterns to learn.")
    kernel_size: int = setting(
        3, ge=1, le=31, label="Kernel size", help="Height and width of each filter, in pixels."
    )
    strides: int = setting(
        1, ge=1, le=16, label="Stride", help="Step of the window; 2 halves the size."
    )
    padding: Padding = setting("valid", label="Padding", help=_PADDING_HELP)
    activation: Function = setting("relu", label="Activation", help=_ACTIVATION_HELP)


class MaxPooling2D(LayerSpec):
    """Keeps the largest value in each window and so shrinks the image."""

    kind: Literal["max_pooling2d"] = "max_pooling2d"
    pool_size: int = setting(
        2, ge=1, le=32, label="Window", help="Height and width of the window, also its step."
    )
    padding: Padding = setting("valid", label="Padding", help=_PADDING_HELP)


class AveragePooling2D(LayerSpec):
    """Averages each window and so shrinks the image."""

    kind: Literal["average_pooling2d"] = "average_pooling2d"
    pool_size: int = setting(
        2, ge=1, le=32, label="Window", help="Height and width of the window, also its step."
    )
    padding: Padding = setting("valid", label="Padding", help=_PADDING_HELP)


class BatchNormalization(LayerSpec):
    """Brings each channel to mean 0 and deviation 1 over the batch, then scales it again."""

    kind: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = setting(
        0.99, ge=0.0, lt=1.0, label="Momentum", help="Inertia of the moving mean and variance."
    )
    epsilon: float = setting(
        1e-3, gt=0.0, le=1.0, label="Epsilon", help="Added to the variance to avoid division by 0."
    )


class Activation(LayerSpec):
    """Passes every value through a curve, without weights of its own."""

    kind: Literal["activation"] = "activation"
    function: Function = setting("relu", label="Function", help=_ACTIVATION_HELP)


class Dropout(LayerSpec):
    """Sets a random share of the values to 0 while training, against learning by heart."""

    kind: Literal["dropout"] = "dropout"
    rate: float = setting(0.5, ge=0.0, lt=1.0, label="Rate", help="Share of values set to 0.")


class Flatten(LayerSpec):
    """Lays the image out as one long row of numbers."""

    kind: Literal["flatten"] = "flatten"


class Dense(LayerSpec):
    """Every output is a weighted sum of all inputs."""

    kind: Literal["dense"] = "dense"
    units: int = setting(128, ge=1, le=65536, label="Units", help="Number of outputs.")
    activation: Function = setting("relu", label="Activation", help=_ACTIVATION_HELP)
    max_norm: float | None = setting(
        None,
        gt=0.0,
        le=1000.0,
        label="Max norm",
        help="Upper limit for the length of each unit's weight vector; empty means none.",
    )


class Output(LayerSpec):
    """A dense layer with one unit a class and softmax, so that the outputs are probabilities."""

    kind: Literal["output"] = "output"


Layer = Annotated[
    Union[  # noqa: UP007 - pydantic needs the runtime union
        Input,
        Conv2D,
        MaxPooling2D,
        AveragePooling2D,
        BatchNormalization,
        Activation,
        Dropout,
        Flatten,
        Dense,
        Output,
    ],
    Field(discriminator="kind"),
]
