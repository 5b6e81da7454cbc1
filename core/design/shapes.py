"""What one layer makes of its input, in pure Python: shape, parameters, multiply-adds, reach.

Shapes are without the batch: (height, width, channels) or (units,). The rules are those of
keras.layers; tests compare random designs with the built Keras model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import singledispatch

from core.design.backbones import facts
from core.errors import SpecError
from core.specs import (
    Add,
    Backbone,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    FixedConv2D,
    Flatten,
    GlobalPooling2D,
    GroupNormalization,
    LayerNormalization,
    LayerSpec,
    Multiply,
    Output,
    Pooling2D,
    SeparableConv2D,
    SpatialDropout2D,
    Squeeze,
    UpSampling2D,
    ZeroPadding2D,
)

Shape = tuple[int, ...]
LIMIT = 2**40  # values or parameters of one layer; beyond it numbers mean nothing any more
LARGEST_PATCH = 1024  # numbers in what Whitening compares, each with each other


@dataclass(frozen=True, slots=True)
class Effect:
    """What a layer does.

    `macs` are multiply-adds for one image: of convolutions and dense layers alone, as is usual.
    `window` and `step` say how far one output value reaches into the layer's input, in the input's
    pixels; a window of 0 is all of it.
    """

    shape: Shape
    parameters: int = 0
    fixed: int = 0  # parameters that training does not change by gradients
    macs: int = 0
    window: int = 1
    step: int = 1
    enlarges: int = 1  # how many times higher and wider the image gets


@singledispatch
def effect(layer: LayerSpec, shapes: tuple[Shape, ...], classes: int) -> Effect:
    """What `layer` makes of inputs of these shapes.

    Raises:
        SpecError: it cannot take them. The message does not name the layer: who asks knows where
            it stands.
    """
    return Effect(shapes[0])  # the curves, dropout and the input


@effect.register
def _(layer: Conv2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    height, width, channels = _slide(shapes[0], layer.kernel_size, layer.strides, layer.padding)
    kernel = layer.kernel_size**2 * channels * layer.filters
    return Effect(
        (height, width, layer.filters),
        kernel + layer.use_bias * layer.filters,
        macs=kernel * height * width,
        window=layer.kernel_size,
        step=layer.strides,
    )


@effect.register
def _(layer: FixedConv2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    made = effect.dispatch(Conv2D)(layer, shapes, classes)
    patch = layer.kernel_size**2 * shapes[0][-1]
    if patch > LARGEST_PATCH:
        raise SpecError(
            "cannot compare patches that large",
            expected=f"patches of at most {LARGEST_PATCH:,} numbers",
            received=f"{layer.kernel_size} × {layer.kernel_size} pixels with {shapes[0][-1]:,} "
            f"channels, {patch:,} numbers",
            remedy="Use a smaller kernel size, or have it see fewer channels",
        )
    return replace(made, fixed=made.parameters)


@effect.register
def _(layer: DepthwiseConv2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    height, width, channels = _slide(shapes[0], layer.kernel_size, layer.strides, layer.padding)
    made = channels * layer.depth_multiplier
    kernel = layer.kernel_size**2 * made
    return Effect(
        (height, width, made),
        kernel + layer.use_bias * made,
        macs=kernel * height * width,
        window=layer.kernel_size,
        step=layer.strides,
    )


@effect.register
def _(layer: SeparableConv2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    height, width, channels = _slide(shapes[0], layer.kernel_size, layer.strides, layer.padding)
    made = channels * layer.depth_multiplier
    kernels = layer.kernel_size**2 * made + made * layer.filters
    return Effect(
        (height, width, layer.filters),
        kernels + layer.use_bias * layer.filters,
        macs=kernels * height * width,
        window=layer.kernel_size,
        step=layer.strides,
    )


@effect.register
def _(layer: Pooling2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    step = layer.strides or layer.pool_size
    shape = _slide(shapes[0], layer.pool_size, step, layer.padding)
    return Effect(shape, window=layer.pool_size, step=step)


@effect.register
def _(layer: GlobalPooling2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    return Effect((_image(shapes[0])[2],), window=0)


@effect.register
def _(layer: BatchNormalization, shapes: tuple[Shape, ...], classes: int) -> Effect:
    return Effect(shapes[0], 4 * shapes[0][-1], fixed=2 * shapes[0][-1])


@effect.register
def _(layer: LayerNormalization, shapes: tuple[Shape, ...], classes: int) -> Effect:
    return Effect(shapes[0], 2 * shapes[0][-1])


@effect.register
def _(layer: GroupNormalization, shapes: tuple[Shape, ...], classes: int) -> Effect:
    channels = shapes[0][-1]
    if channels % layer.groups:
        fitting = fitting_groups(channels, layer.groups)
        raise SpecError(
            "cannot divide its channels into groups",
            expected=f"a number of groups that divides the {channels:,} channels",
            received=f"{layer.groups:,} groups",
            remedy=f"Use {fitting} group{'' if fitting == 1 else 's'}",
        )
    return Effect(shapes[0], 2 * channels)


@effect.register
def _(layer: SpatialDropout2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    return Effect(_image(shapes[0]))


@effect.register
def _(layer: ZeroPadding2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    height, width, channels = _image(shapes[0])
    return Effect((height + 2 * layer.padding, width + 2 * layer.padding, channels))


@effect.register
def _(layer: UpSampling2D, shapes: tuple[Shape, ...], classes: int) -> Effect:
    height, width, channels = _image(shapes[0])
    # a blended pixel is made of two neighbours each way
    window = 2 if layer.interpolation == "bilinear" and layer.size > 1 else 1
    shape = (height * layer.size, width * layer.size, channels)
    return Effect(shape, window=window, enlarges=layer.size)


@effect.register
def _(layer: Flatten, shapes: tuple[Shape, ...], classes: int) -> Effect:
    return Effect((math.prod(shapes[0]),), window=0)


@effect.register
def _(layer: Dense, shapes: tuple[Shape, ...], classes: int) -> Effect:
    kernel = _row(shapes[0]) * layer.units
    return Effect((layer.units,), kernel + layer.use_bias * layer.units, macs=kernel, window=0)


@effect.register
def _(layer: Output, shapes: tuple[Shape, ...], classes: int) -> Effect:
    kernel = _row(shapes[0]) * classes
    return Effect((classes,), kernel + classes, macs=kernel, window=0)


@effect.register
def _(layer: Backbone, shapes: tuple[Shape, ...], classes: int) -> Effect:
    height, width, channels = _image(shapes[0])
    if channels != 3:
        raise SpecError(
            "needs colour images",
            expected="images of 3 channels, as those it was trained on",
            received=f"images of {channels}",
            remedy="Set Colour of the images to Colour: grey ones are then grey in three channels",
        )
    known = facts(layer)
    before = min(height, width)
    if layer.enlarge is not None:
        if layer.enlarge < max(height, width):
            raise SpecError(
                "would make the images smaller",
                expected=f"images enlarged to at least their {max(height, width)} pixels",
                received=f"{layer.enlarge} pixels",
                remedy="Enlarge to more, or set the Working size of the images lower",
            )
        height = width = layer.enlarge
    shape = known.places(height), known.places(width), known.channels
    if 0 in shape:
        raise SpecError(
            "needs larger images",
            expected=f"images of at least {known.least} × {known.least} pixels",
            received=f"{height} × {width} pixels",
            remedy="Enlarge them inside the model, or set the Working size of the images higher",
        )
    return Effect(
        shape,
        known.parameters,
        fixed=known.parameters,
        macs=round(known.macs * height * width) + known.once,
        # in pixels of the image before it is enlarged
        window=-(-known.reach * before // height),
        step=max(1, known.stride * before // height),
    )


@effect.register(Add)
@effect.register(Multiply)
def _merge(layer: LayerSpec, shapes: tuple[Shape, ...], classes: int) -> Effect:
    return Effect(shapes[0])


@effect.register
def _(layer: Concatenate, shapes: tuple[Shape, ...], classes: int) -> Effect:
    return Effect((*shapes[0][:-1], sum(shape[-1] for shape in shapes)))


@effect.register
def _(layer: Squeeze, shapes: tuple[Shape, ...], classes: int) -> Effect:
    return Effect((1, 1, _image(shapes[0])[2]), window=0)


def fitting_groups(channels: int, most: int) -> int:
    """The largest number of groups, up to `most`, that divides the channels."""
    return next(count for count in range(min(most, channels), 0, -1) if channels % count == 0)


def _slide(shape: Shape, window: int, step: int, padding: str) -> tuple[int, int, int]:
    """Height and width after a window has moved over the image, and the channels."""
    height, width, channels = _image(shape)
    if padding == "same":
        return -(-height // step), -(-width // step), channels
    if min(height, width) < window:
        raise SpecError(
            "shrinks the image below 1 pixel",
            expected=f"an input of at least {window} × {window} pixels",
            received=f"{height} × {width} pixels",
            remedy="Take a smaller window, use same padding, or remove a pooling layer before it",
        )
    return (height - window) // step + 1, (width - window) // step + 1, channels


def _image(shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise SpecError(
            "needs an image",
            expected="height, width and channels",
            received=f"a row of {shape[0]:,} numbers",
            remedy="Move it before the layer that makes a row of the image",
        )
    height, width, channels = shape
    return height, width, channels


def _row(shape: Shape) -> int:
    if len(shape) != 1:
        raise SpecError(
            "needs a row of numbers",
            expected="the output of Flatten, of a global pooling or of another dense layer",
            received=f"an image of {' × '.join(map(str, shape))}",
            remedy="Put Flatten or a global pooling before it",
        )
    return shape[0]
