"""Random designs for Hypothesis: whole ones, ones with one known mistake, and any at all.

Whole designs are made layer by layer for the image that arrives, so that none has to be thrown
away. Settings come from the layers' own declarations, kept small: a new layer takes part by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from hypothesis import strategies as st

from core.design.analysis import analyse
from core.design.shapes import LARGEST_PATCH, Shape
from core.specs import (
    LAYERS,
    Activation,
    AveragePooling2D,
    Backbone,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAverageMaxPooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    InceptionBlock,
    Input,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Output,
    SeparableConv2D,
    UpSampling2D,
    Vary,
    Whitening,
    ZeroPadding2D,
)
from core.specs.layers import Layer
from core.specs.spec import bounds, choices, optional, search_range, value_type

Images = tuple[int, int, int]
Kind = type[LayerSpec]

ANYWHERE: tuple[Kind, ...] = (
    Activation, Dropout, BatchNormalization, LayerNormalization, GroupNormalization, Flatten,
)  # fmt: skip
TO_ROW: tuple[Kind, ...] = (
    Flatten, GlobalAveragePooling2D, GlobalMaxPooling2D, GlobalAverageMaxPooling2D,
)  # fmt: skip
ON_ROWS: tuple[Kind, ...] = (Dense, *ANYWHERE)
# layers that take nothing but an image
# a pretrained network has a place of its own, right after the Input
_PLACED = (Input, Backbone, Output)
IMAGES_ONLY = tuple(kind for kind in LAYERS.values() if kind not in (*_PLACED, *ON_ROWS))
ON_IMAGES = (
    *(kind for kind in IMAGES_ONLY if kind not in TO_ROW),
    *(kind for kind in ANYWHERE if kind is not Flatten),
)
INNER = tuple(kind for kind in LAYERS.values() if kind not in _PLACED)

_LARGEST = 16  # pixels that an image may have to be enlarged further
_SMALL: dict[str, st.SearchStrategy[Any]] = {
    "filters": st.integers(1, 6),
    "directions": st.integers(1, 4),
    "units": st.integers(1, 8),
    "growth": st.integers(1, 4),
    "kernel_size": st.integers(1, 4),
    "pool_size": st.integers(1, 4),
    "strides": st.integers(1, 3),
    "repeat": st.integers(1, 2),
    "reduction": st.integers(1, 4),
    "expansion": st.integers(1, 3),
    "depth_multiplier": st.integers(1, 2),
    "size": st.integers(1, 3),
    "groups": st.integers(1, 4),
    "padding": st.integers(1, 3),
    "l1": st.sampled_from([0.0, 0.01]),
    "l2": st.sampled_from([0.0, 0.02]),
    "max_norm": st.sampled_from([None, 2.0]),
}


class Example(NamedTuple):
    """A design, the images it is for, and the number of classes."""

    model: ModelSpec
    shape: Images
    classes: int


class Broken(NamedTuple):
    """A design with one mistake, and the number of the layer that is to be blamed, from 1."""

    model: ModelSpec
    shape: Images
    classes: int
    number: int


@lru_cache
def values(kind: Kind, *, small: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Settings of a layer, each within its bounds, whether or not the layer then fits anywhere."""
    return st.fixed_dictionaries(
        {name: _value(kind, name, small=small) for name in kind.settings()}
    )


def _value(kind: Kind, name: str, *, small: bool) -> st.SearchStrategy[Any]:
    field = kind.model_fields[name]
    low, high = bounds(field)
    if options := choices(field):
        return st.sampled_from(options)
    if value_type(field) is bool:
        return st.booleans()
    if value_type(field) is str:
        return st.none() | st.text(min_size=1, max_size=20)
    if small and kind is InceptionBlock and name == "filters":
        return st.integers(8, 20)
    if small and name in _SMALL:
        return st.none() | _SMALL[name] if optional(field) else _SMALL[name]
    numbers: st.SearchStrategy[Any] = (
        st.integers(int(low or 0), int(high or 0))
        if value_type(field) is int
        else st.floats(low, high, exclude_min=low == 0.0, exclude_max=high == 1.0, width=32)
    )
    return st.none() | numbers if optional(field) else numbers


@lru_cache
def marks(kind: Kind) -> st.SearchStrategy[tuple[Vary, ...]]:
    """Mostly none; else some settings of a layer marked for the tuner, as its form suggests."""
    found = [] if kind.GROUP == "Ends" else [Vary(setting="on")]
    for name in kind.settings():
        search = search_range(kind.model_fields[name])
        if isinstance(search, dict):
            found.append(Vary(setting=name, low=search["low"], high=search["high"]))
        elif search:
            found.append(Vary(setting=name, options=search))
    if not found:
        return st.just(())
    some = st.lists(st.sampled_from(found), max_size=2, unique=True).map(tuple)
    return st.one_of(st.just(()), st.just(()), some)


@lru_cache
def layers(kind: Kind, *, small: bool = True) -> st.SearchStrategy[Layer]:
    """Layers of a kind, on or off, with marks: whatever a spec lets through."""
    return st.builds(
        lambda settings, on, vary: kind.parse({**settings, "on": on, "vary": vary}),
        values(kind, small=small),
        st.booleans(),
        marks(kind),
    )


@st.composite
def fitting(draw: st.DrawFn, kind: Kind, shape: Shape) -> Layer:
    """A layer of a kind that is on and takes an input of this shape."""
    settings = draw(values(kind))
    if isinstance(settings.get("padding"), str):
        window = settings.get("kernel_size") or settings["pool_size"]
        if len(shape) == 3 and window > min(shape[:2]):
            settings["padding"] = "same"
    if kind is Whitening and settings["kernel_size"] ** 2 * shape[-1] > LARGEST_PATCH:
        settings["kernel_size"] = 1
    if kind is GroupNormalization:
        divisors = [count for count in range(1, shape[-1] + 1) if shape[-1] % count == 0]
        settings["groups"] = draw(st.sampled_from(divisors[:8]))
    return kind.parse({**settings, "vary": draw(marks(kind))})


def after(layer: Layer, shape: Shape) -> Shape:
    """The shape of what a fitting layer makes of an input of `shape`."""
    if len(shape) == 3:
        height, width, channels = shape
        model = ModelSpec(name="one", layers=(Input(), layer))
        found = analyse(model, (height, width, channels), 2).rows[-1].output_shape
    else:
        model = ModelSpec(name="one", layers=(Input(), Flatten(), layer))
        found = analyse(model, (1, 1, shape[0]), 2).rows[-1].output_shape
    assert found is not None, f"{layer!r} was to fit {shape}"
    return found


@st.composite
def designs(draw: st.DrawFn, most: int = 5) -> Example:
    """A design that fits its images: `most` layers on images and two on rows at most."""
    side = st.integers(3, 12)
    shape: Images = (draw(side), draw(side), draw(st.sampled_from([1, 3])))
    found: list[Layer] = [Input(scale=draw(st.sampled_from(["0 to 1", "-1 to 1", "0 to 255"])))]
    place: Shape = shape

    def put(kind: Kind) -> None:
        nonlocal place
        if draw(st.integers(0, 9)) == 0:  # what is switched off need not fit
            off = draw(layers(draw(st.sampled_from(INNER))))
            found.append(off.model_copy(update={"on": False}))
        found.append(draw(fitting(kind, place)))
        place = after(found[-1], place)

    for kind in draw(st.lists(st.sampled_from(ON_IMAGES), max_size=most)):
        if kind not in (UpSampling2D, ZeroPadding2D) or max(place[:2]) <= _LARGEST:
            put(kind)
    put(draw(st.sampled_from(TO_ROW)))
    for kind in draw(st.lists(st.sampled_from(ON_ROWS), max_size=2)):
        put(kind)
    put(Output)
    if draw(st.integers(0, 9)) == 0:
        found.append(Dense(on=False))
    return Example(ModelSpec(name="random", layers=tuple(found)), shape, draw(st.integers(2, 5)))


@st.composite
def any_designs(draw: st.DrawFn) -> Example:
    """Any layers in any order, on or off, with settings from all of their bounds."""
    kinds = draw(st.lists(st.sampled_from(tuple(LAYERS.values())), min_size=1, max_size=8))
    found = [draw(layers(kind, small=draw(st.booleans()))) for kind in kinds]
    if draw(st.booleans()):
        found.insert(0, Input())
    side = st.integers(1, 64)
    shape = (draw(side), draw(side), draw(st.sampled_from([1, 3])))
    return Example(ModelSpec(name="any", layers=tuple(found)), shape, draw(st.integers(2, 5)))


@st.composite
def broken_designs(draw: st.DrawFn) -> Broken:
    """A design that fits, with one mistake made in it."""
    model, shape, classes = draw(designs())
    mistake = draw(st.sampled_from(tuple(MISTAKES.values())))
    wrong, number = mistake(draw, model, _inputs(model, shape))
    return Broken(model.model_copy(update={"layers": tuple(wrong)}), shape, classes, number)


Mistake = Callable[[st.DrawFn, ModelSpec, list[Shape]], tuple[list[Layer], int]]


def _inputs(model: ModelSpec, shape: Images) -> list[Shape]:
    """What arrives at each layer after the Input, up to the Output: a layer put there gets it."""
    found = []
    for row in analyse(model, shape, 2).rows:
        assert row.input_shape is not None
        found.append(row.input_shape)
        if isinstance(row.layer, Output):
            break
    return found


def _put(draw: st.DrawFn, model: ModelSpec, places: list[int], layer: Layer) -> tuple[Any, int]:
    at = draw(st.sampled_from(places))
    return [*model.layers[:at], layer, *model.layers[at:]], at + 1


def _places(inputs: list[Shape], sides: int) -> list[int]:
    return [at for at in range(1, len(inputs)) if len(inputs[at]) == sides]


def _dense_on_image(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    layer = draw(st.sampled_from([Dense(), Output()]))
    return _put(draw, model, _places(inputs, 3), layer)


def _image_layer_on_row(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    layer = draw(layers(draw(st.sampled_from(IMAGES_ONLY)))).model_copy(update={"on": True})
    return _put(draw, model, _places(inputs, 1), layer)


def _window_too_large(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    at = draw(st.sampled_from(_places(inputs, 3)))
    size = min(inputs[at][:2]) + 1
    layer: Layer = draw(
        st.sampled_from(
            [
                Conv2D(kernel_size=size),
                DepthwiseConv2D(kernel_size=size, strides=2),
                SeparableConv2D(kernel_size=size),
                MaxPooling2D(pool_size=size),
                AveragePooling2D(pool_size=size, strides=1),
            ]
        )
    )
    return _put(draw, model, [at], layer)


def _patch_too_large(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    places = [at for at in _places(inputs, 3) if inputs[at][-1] > 1]
    if not places:  # no kernel is too large for one channel
        return _image_layer_on_row(draw, model, inputs)
    at = draw(st.sampled_from(places))
    size = math.isqrt(LARGEST_PATCH // inputs[at][-1]) + 1
    return _put(draw, model, [at], Whitening(kernel_size=size))


def _groups_do_not_divide(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    at = draw(st.integers(1, len(inputs) - 1))
    channels = inputs[at][-1]
    wrong = [count for count in range(2, min(channels + 3, 1025)) if channels % count]
    layer = GroupNormalization(groups=draw(st.sampled_from(wrong[-5:])))
    return _put(draw, model, [at], layer)


def _no_output(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    rest = [layer for layer in model.layers if not isinstance(layer, Output)]
    return rest, len(rest)


def _output_not_last(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    layer = draw(layers(draw(st.sampled_from((*INNER, Output))))).model_copy(update={"on": True})
    return _put(draw, model, [len(inputs)], layer)


def _output_early(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    wrong, number = _put(draw, model, _places(inputs, 1), Output())
    return wrong, next(at for at in range(number, len(wrong)) if wrong[at].on) + 1


def _second_input(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    return _put(draw, model, list(range(1, len(inputs) + 1)), Input())


def _no_input(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    return list(model.layers[1:]), 1


def _end_switched_off(draw: st.DrawFn, model: ModelSpec, inputs: list[Shape]) -> Any:
    at = draw(st.sampled_from([0, len(inputs) - 1]))
    wrong = list(model.layers)
    wrong[at] = wrong[at].model_copy(update={"on": False})
    return wrong, at + 1


MISTAKES: dict[str, Mistake] = {
    "dense layer on an image": _dense_on_image,
    "image layer on a row": _image_layer_on_row,
    "window too large": _window_too_large,
    "patch too large": _patch_too_large,
    "groups that do not divide": _groups_do_not_divide,
    "no output": _no_output,
    "output not last": _output_not_last,
    "output early": _output_early,
    "second input": _second_input,
    "no input": _no_input,
    "an end switched off": _end_switched_off,
}
