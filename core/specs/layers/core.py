"""Input, dense layers, curves and the output. Names, defaults and meanings follow keras.layers."""

from __future__ import annotations

from typing import ClassVar, Literal

from core.specs.layers.base import (
    ACTIVATION_HELP,
    HIDDEN_FUNCTIONS,
    Function,
    Group,
    LayerSpec,
    Weighted,
    activation,
)
from core.specs.spec import setting


class Input(LayerSpec):
    """Where the image comes in. Its height, width and channels are those of the data set."""

    GROUP: ClassVar[Group] = "Ends"
    kind: Literal["input"] = "input"
    scale: Literal["0 to 1", "-1 to 1", "0 to 255"] = setting(
        "0 to 1",
        label="Scale",
        help="Range the pixel values 0 to 255 are brought to, inside the model. Left as they are "
        "they are far larger than what first weights are drawn for.",
        labels={
            "0 to 1": "0 to 1",
            "-1 to 1": "-1 to 1",
            "0 to 255": "0 to 255, as they are",
        },
    )


class Activation(LayerSpec):
    """Passes every value through a curve, without weights of its own."""

    GROUP: ClassVar[Group] = "Activation"
    kind: Literal["activation"] = "activation"
    function: Function = setting(
        "relu", label="Function", help=ACTIVATION_HELP, search=HIDDEN_FUNCTIONS
    )


class Flatten(LayerSpec):
    """Lays the image out as one long row of numbers."""

    GROUP: ClassVar[Group] = "Dense"
    kind: Literal["flatten"] = "flatten"


class Dense(Weighted):
    """Every output is a weighted sum of all inputs."""

    GROUP: ClassVar[Group] = "Dense"
    kind: Literal["dense"] = "dense"
    units: int = setting(
        128,
        ge=1,
        le=65536,
        label="Units",
        help="Number of outputs.",
        search=(32, 512),
        log=True,
    )
    activation: Function = activation()


class Output(LayerSpec):
    """A dense layer with one unit a class and softmax, so that the outputs are probabilities."""

    GROUP: ClassVar[Group] = "Ends"
    kind: Literal["output"] = "output"
