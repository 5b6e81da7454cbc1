"""A layer as the call that makes it: layers.Conv2D(32, 3, padding="same")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from core.specs import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    FixedConv2D,
    GroupNormalization,
    Input,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    Output,
    Pooling2D,
    SeparableConv2D,
    SpatialDropout2D,
    Squeeze,
    UpSampling2D,
    Weighted,
    ZeroPadding2D,
)

WIDTH = 100  # columns of a line
_STEP = "    "


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument, as Python source. One at Keras's default needs no mention."""

    name: str
    value: str
    default: str | None = None
    by_place: bool = False  # given without its name

    @property
    def text(self) -> str:
        """As it stands between the brackets."""
        return self.value if self.by_place else f"{self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class Call:
    """keras.layers' class of that name, and all that it is given."""

    name: str
    arguments: tuple[Argument, ...] = ()
    note: str = ""  # a comment above it

    @property
    def told(self) -> list[str]:
        """The arguments that are not at their default."""
        return [item.text for item in self.arguments if item.value != item.default]


def call(layer: LayerSpec) -> Call:
    """The call that makes this layer."""
    return Call(_CLASSES.get(type(layer), type(layer).__name__), tuple(_arguments(layer)))


def statement(start: str, callee: str, arguments: list[str], end: str, indent: int) -> list[str]:
    """The lines of ``start callee(arguments) end``, broken where `ruff format` breaks them."""
    margin = _STEP * indent
    inside = ", ".join(arguments)
    whole = f"{margin}{start}{callee}({inside}){end}"
    if len(whole) <= WIDTH:
        return [whole]
    head, _, tail = end.partition("(")
    if tail and len(f"{margin}{start}{callee}({inside}){head}(") <= WIDTH:
        return [
            f"{margin}{start}{callee}({inside}){head}(",
            f"{margin}{_STEP}{tail.removesuffix(')')}",
            f"{margin})",
        ]
    middle = [f"{margin}{_STEP}{inside}"]
    if len(middle[0]) > WIDTH:
        middle = [f"{margin}{_STEP}{argument}," for argument in arguments]
    return [f"{margin}{start}{callee}(", *middle, f"{margin}){end}"]


def literal(value: Any) -> str:
    """A number or text as Python source, with the quotes that `ruff format` prefers."""
    text = repr(value)
    if isinstance(value, str) and text[0] == "'" and '"' not in value:
        return f'"{text[1:-1]}"'
    return text


# where Keras has another name than the spec
_CLASSES: dict[type[LayerSpec], str] = {
    FixedConv2D: "Conv2D",
    Input: "Rescaling",
    Output: "Dense",
    Squeeze: "GlobalAveragePooling2D",
}


def _place(layer: LayerSpec, name: str, default: Any = None) -> Argument:
    return Argument(
        name, literal(getattr(layer, name)), None if default is None else literal(default), True
    )


def _named(layer: LayerSpec, name: str, default: Any) -> Argument:
    return Argument(name, literal(getattr(layer, name)), literal(default))


@singledispatch
def _arguments(layer: LayerSpec) -> Iterator[Argument]:
    """What Keras is given for this layer, in the order of its own signature."""
    yield from ()


@_arguments.register
def _(layer: Input) -> Iterator[Argument]:
    if layer.scale == "-1 to 1":
        yield Argument("scale", "1 / 127.5", by_place=True)
        yield Argument("offset", "-1.0")
    else:
        scale = "1 / 255" if layer.scale == "0 to 1" else "1.0"
        yield Argument("scale", scale, by_place=True)


@_arguments.register
def _(layer: Output) -> Iterator[Argument]:
    yield Argument("units", "classes", by_place=True)
    yield Argument("activation", '"softmax"')


def _weighted(layer: Weighted, kernels: dict[str, list[int] | None]) -> Iterator[Argument]:
    """Bias, regularizer and constraint; `kernels` holds the axes that lead into one output."""
    yield _named(layer, "use_bias", True)
    if layer.l1 and layer.l2:
        penalty = f"regularizers.L1L2({layer.l1}, {layer.l2})"
    elif layer.l1:
        penalty = f"regularizers.L1({layer.l1})"
    else:
        penalty = f"regularizers.L2({layer.l2})" if layer.l2 else "None"
    for kernel, axes in kernels.items():
        along = "" if axes is None else f", axis={axes}"
        limit = f"constraints.MaxNorm({layer.max_norm}{along})" if layer.max_norm else "None"
        yield Argument(f"{kernel}_regularizer", penalty, "None")
        yield Argument(f"{kernel}_constraint", limit, "None")


def _sliding(layer: Conv2D | DepthwiseConv2D | SeparableConv2D) -> Iterator[Argument]:
    if not isinstance(layer, DepthwiseConv2D):
        yield _place(layer, "filters")
    yield _place(layer, "kernel_size")
    yield _named(layer, "strides", 1)
    yield _named(layer, "padding", "valid")
    if not isinstance(layer, Conv2D):
        yield _named(layer, "depth_multiplier", 1)
    yield _named(layer, "activation", "linear")


@_arguments.register
def _(layer: Conv2D) -> Iterator[Argument]:
    yield from _sliding(layer)
    yield from _weighted(layer, {"kernel": [0, 1, 2]})
    if isinstance(layer, FixedConv2D):
        yield Argument("trainable", "False")


@_arguments.register
def _(layer: DepthwiseConv2D) -> Iterator[Argument]:
    yield from _sliding(layer)
    yield from _weighted(layer, {"depthwise": [0, 1]})


@_arguments.register
def _(layer: SeparableConv2D) -> Iterator[Argument]:
    yield from _sliding(layer)
    yield from _weighted(layer, {"depthwise": [0, 1], "pointwise": [0, 1, 2]})


@_arguments.register
def _(layer: Dense) -> Iterator[Argument]:
    yield _place(layer, "units")
    yield _named(layer, "activation", "linear")
    yield from _weighted(layer, {"kernel": None})


@_arguments.register
def _(layer: Pooling2D) -> Iterator[Argument]:
    yield _place(layer, "pool_size", 2 if isinstance(layer, MaxPooling2D) else None)
    yield _named(layer, "strides", None)
    yield _named(layer, "padding", "valid")


@_arguments.register
def _(layer: Squeeze) -> Iterator[Argument]:
    yield Argument("keepdims", "True")


@_arguments.register
def _(layer: BatchNormalization) -> Iterator[Argument]:
    yield _named(layer, "momentum", 0.99)
    yield _named(layer, "epsilon", 0.001)


@_arguments.register
def _(layer: LayerNormalization) -> Iterator[Argument]:
    yield _named(layer, "epsilon", 0.001)


@_arguments.register
def _(layer: GroupNormalization) -> Iterator[Argument]:
    yield _place(layer, "groups", 32)
    yield _named(layer, "epsilon", 0.001)


@_arguments.register
def _(layer: Activation) -> Iterator[Argument]:
    yield _place(layer, "function")


@_arguments.register(Dropout)
@_arguments.register(SpatialDropout2D)
def _dropping(layer: Dropout | SpatialDropout2D) -> Iterator[Argument]:
    yield _place(layer, "rate")


@_arguments.register
def _(layer: ZeroPadding2D) -> Iterator[Argument]:
    yield _place(layer, "padding", 1)


@_arguments.register
def _(layer: UpSampling2D) -> Iterator[Argument]:
    yield _place(layer, "size", 2)
    yield _named(layer, "interpolation", "nearest")
