"""A design -> keras.Model. Only the worker imports this: it brings TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, singledispatch
from typing import Any

import keras
from keras import layers

from core.design.analysis import Row, table
from core.design.picking import picked
from core.design.shapes import Shape
from core.specs import (
    Activation,
    Add,
    AveragePooling2D,
    Backbone,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    FixedConv2D,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Input,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Multiply,
    Output,
    SeparableConv2D,
    SpatialDropout2D,
    Squeeze,
    UpSampling2D,
    Weighted,
    ZeroPadding2D,
)
from core.specs.data import Fit

Network = Callable[[Backbone], Any]  # from pixels 0 to 255 to maps, as one layer


def build(
    model: ModelSpec,
    shape: tuple[int, int, int],
    classes: int,
    *,
    resize: Fit | None = None,
    mirror: bool = False,
) -> keras.Model:
    """The Keras model of a design: uint8 images in, class probabilities out.

    Args:
        shape: height, width, channels the design works at.
        classes: number of classes.
        resize: take images of any height and width and bring them to `shape` inside the model, in
            this way, as the saved model does.
        mirror: average the probabilities of an image and of its mirror image, as the saved model
            does where AugmentSpec.mirror asks for it (Jordan, 94% on CIFAR-10 in 3.29 seconds on a
            single GPU, 2024). Both go through the same layers.

    The weights are the same, in the same order, with and without `resize` and `mirror`.

    Raises:
        SpecError: the layers do not fit together.
    """
    rows = table(model, shape, classes)
    return whole(rows, shape, maker(), resize=resize, mirror=mirror)


def maker(network: Network | None = None) -> Callable[[LayerSpec, str, Shape], Any]:
    """Makes the Keras layer of a spec, by its name and its output's shape, once and no more.

    Args:
        network: makes pretrained networks, see core.transfer; without it there can be none.
    """

    @cache
    def make(spec: LayerSpec, name: str, shape: Shape) -> Any:
        if isinstance(spec, Backbone):
            assert network is not None, "core.transfer makes designs with a pretrained network"
            return network(spec)
        return _layer(spec, name, shape)

    return make


def whole(
    rows: Sequence[Row],
    shape: tuple[int, int, int],
    make: Callable[[LayerSpec, str, Shape], Any],
    *,
    resize: Fit | None = None,
    mirror: bool = False,
) -> keras.Model:
    """The model of all rows, with the layers that `make` makes; see `build`."""
    height, width, channels = shape
    size = (None, None) if resize else (height, width)
    image = keras.Input((*size, channels), dtype="uint8", name="image")
    x: Any = image
    if resize is not None:
        x = layers.Rescaling(1.0, name="to_float")(x)  # padding has no bytes, only floats
        x = _resizing(resize, height, width)(x)
    end = follow(rows, x, make)
    if mirror:
        other = follow(rows, keras.ops.flip(x, axis=2), make)
        end = layers.Average(name="mean")([end, other])
    return keras.Model(image, end, name="layerwise")


def follow(rows: Iterable[Row], start: Any, make: Callable[[LayerSpec, str, Shape], Any]) -> Any:
    """What the last of some rows makes of what comes to the first of them."""
    made: dict[str, Any] = {}
    end: Any = start
    for row in rows:
        for node in row.nodes:
            # what is not of these rows is what comes to them
            sources = [made.get(name, start) for name in node.inputs] or [start]
            *before, own = picked(node.layer, sources[0].shape[-1])
            for pick in before:
                sources = [make(pick, f"{node.name}_pick", ())(sources[0])]
            end = made[node.name] = make(own, node.name, node.shape)(
                sources if len(sources) > 1 else sources[0]
            )
    return end


def _resizing(fit: Fit, height: int, width: int) -> Any:
    """What core.data.decode does to an upright image without transparency, as a layer."""
    return layers.Resizing(
        height,
        width,
        antialias=True,  # as Pillow's filters do; without it large photos lose what they show
        pad_to_aspect_ratio=fit == "pad",
        crop_to_aspect_ratio=fit == "crop",
        fill_value=255.0,  # white
        name="resize",
    )


def _kernel(
    spec: Weighted, prefix: str = "kernel", axes: tuple[int, ...] = (0,)
) -> Mapping[str, Any]:
    """Regularizer and constraint of one kernel. `axes` hold what leads into one output."""
    penalty = keras.regularizers.L1L2(spec.l1, spec.l2) if spec.l1 or spec.l2 else None
    limit = keras.constraints.MaxNorm(spec.max_norm, axis=list(axes)) if spec.max_norm else None
    return {f"{prefix}_regularizer": penalty, f"{prefix}_constraint": limit}


@singledispatch
def _layer(spec: LayerSpec, name: str, shape: Shape) -> Any:
    """The Keras layer; `shape` is that of its output."""
    raise NotImplementedError(type(spec).__name__)


@_layer.register
def _(spec: Input, name: str, shape: Shape) -> Any:
    if spec.scale == "-1 to 1":
        return layers.Rescaling(1 / 127.5, offset=-1.0, name=name)
    return layers.Rescaling(1 / 255 if spec.scale == "0 to 1" else 1.0, name=name)


@_layer.register
def _(spec: Conv2D, name: str, shape: Shape) -> Any:
    return layers.Conv2D(
        spec.filters,
        spec.kernel_size,
        strides=spec.strides,
        padding=spec.padding,
        activation=spec.activation,
        use_bias=spec.use_bias,
        trainable=not isinstance(spec, FixedConv2D),
        name=name,
        **_kernel(spec, axes=(0, 1, 2)),
    )


@_layer.register
def _(spec: DepthwiseConv2D, name: str, shape: Shape) -> Any:
    return layers.DepthwiseConv2D(
        spec.kernel_size,
        strides=spec.strides,
        padding=spec.padding,
        depth_multiplier=spec.depth_multiplier,
        activation=spec.activation,
        use_bias=spec.use_bias,
        name=name,
        **_kernel(spec, "depthwise", axes=(0, 1)),
    )


@_layer.register
def _(spec: SeparableConv2D, name: str, shape: Shape) -> Any:
    return layers.SeparableConv2D(
        spec.filters,
        spec.kernel_size,
        strides=spec.strides,
        padding=spec.padding,
        depth_multiplier=spec.depth_multiplier,
        activation=spec.activation,
        use_bias=spec.use_bias,
        name=name,
        **_kernel(spec, "depthwise", axes=(0, 1)),
        **_kernel(spec, "pointwise", axes=(0, 1, 2)),
    )


@_layer.register
def _(spec: MaxPooling2D, name: str, shape: Shape) -> Any:
    return layers.MaxPooling2D(
        spec.pool_size, strides=spec.strides, padding=spec.padding, name=name
    )


@_layer.register
def _(spec: AveragePooling2D, name: str, shape: Shape) -> Any:
    return layers.AveragePooling2D(
        spec.pool_size, strides=spec.strides, padding=spec.padding, name=name
    )


@_layer.register
def _(spec: GlobalAveragePooling2D, name: str, shape: Shape) -> Any:
    return layers.GlobalAveragePooling2D(name=name)


@_layer.register
def _(spec: GlobalMaxPooling2D, name: str, shape: Shape) -> Any:
    return layers.GlobalMaxPooling2D(name=name)


@_layer.register
def _(spec: BatchNormalization, name: str, shape: Shape) -> Any:
    return layers.BatchNormalization(momentum=spec.momentum, epsilon=spec.epsilon, name=name)


@_layer.register
def _(spec: LayerNormalization, name: str, shape: Shape) -> Any:
    return layers.LayerNormalization(epsilon=spec.epsilon, name=name)


@_layer.register
def _(spec: GroupNormalization, name: str, shape: Shape) -> Any:
    return layers.GroupNormalization(spec.groups, epsilon=spec.epsilon, name=name)


@_layer.register
def _(spec: Activation, name: str, shape: Shape) -> Any:
    return layers.Activation(spec.function, name=name)


@_layer.register
def _(spec: Dropout, name: str, shape: Shape) -> Any:
    return layers.Dropout(spec.rate, name=name)


@_layer.register
def _(spec: SpatialDropout2D, name: str, shape: Shape) -> Any:
    return layers.SpatialDropout2D(spec.rate, name=name)


@_layer.register
def _(spec: Flatten, name: str, shape: Shape) -> Any:
    return layers.Flatten(name=name)


@_layer.register
def _(spec: Dense, name: str, shape: Shape) -> Any:
    return layers.Dense(
        spec.units,
        activation=spec.activation,
        use_bias=spec.use_bias,
        name=name,
        **_kernel(spec),
    )


@_layer.register
def _(spec: ZeroPadding2D, name: str, shape: Shape) -> Any:
    return layers.ZeroPadding2D(spec.padding, name=name)


@_layer.register
def _(spec: UpSampling2D, name: str, shape: Shape) -> Any:
    return layers.UpSampling2D(spec.size, interpolation=spec.interpolation, name=name)


@_layer.register
def _(spec: Output, name: str, shape: Shape) -> Any:
    return layers.Dense(shape[0], activation="softmax", name=name)


@_layer.register
def _(spec: Add, name: str, shape: Shape) -> Any:
    return layers.Add(name=name)


@_layer.register
def _(spec: Multiply, name: str, shape: Shape) -> Any:
    return layers.Multiply(name=name)


@_layer.register
def _(spec: Concatenate, name: str, shape: Shape) -> Any:
    return layers.Concatenate(name=name)


@_layer.register
def _(spec: Squeeze, name: str, shape: Shape) -> Any:
    return layers.GlobalAveragePooling2D(keepdims=True, name=name)
