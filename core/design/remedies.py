"""What mends a design's error, as an edit that can be made with one click."""

from __future__ import annotations

import math

from core import words
from core.design import edits
from core.design.analysis import Analysis, Row
from core.design.backbones import facts
from core.design.edits import Edit
from core.design.shapes import LARGEST_PATCH, fitting_groups
from core.errors import SpecError
from core.specs import (
    Backbone,
    Dense,
    Flatten,
    GlobalPooling2D,
    GroupNormalization,
    Input,
    ModelSpec,
    Output,
    Pooling2D,
    SpatialDropout2D,
    Whitening,
)


def remedy(analysis: Analysis, row: Row) -> tuple[str, Edit | None]:
    """The edit that mends a row's error, if there is one that nobody would mind.

    Which error it is can be seen from the row and those before it, in the order of the analysis.
    """
    layer, at, shape = row.layer, row.number - 1, row.input_shape
    if not layer.on and isinstance(layer, Input | Output):
        return "Switch it on", lambda model: edits.switch(model, at)
    if isinstance(layer, Input) and at > 0:
        return "Remove it", lambda model: edits.remove(model, at)
    if at == 0 and not isinstance(layer, Input):
        return "Put Input first", lambda model: edits.add(model, 0, Input())
    if any(isinstance(item.layer, Output) and item.layer.on for item in analysis.rows[1:at]):
        if isinstance(layer, Output):
            return "Remove it", lambda model: edits.remove(model, at)
        return "Move the Output to the end", _output_last
    if isinstance(layer, Backbone) and layer.on and row.output_shape is None:
        return _fed(analysis, row, layer)
    if shape is None or row.output_shape is not None:
        # nothing is wrong with what this layer makes of its input: the last one, it is no Output
        return _ending(row)
    if isinstance(layer, Dense | Output) and len(shape) == 3:
        return "Put Flatten before it", lambda model: edits.add(model, at, Flatten())
    if isinstance(layer, GroupNormalization) and shape[-1] % layer.groups:
        groups = fitting_groups(shape[-1], layer.groups)
        return f"Use {words.several(groups, 'group')}", lambda model: edits.replace(
            model, at, layer.changed(groups=groups)
        )
    if len(shape) == 1 and not isinstance(layer, Dense | Output):
        if isinstance(layer, Pooling2D | GlobalPooling2D | SpatialDropout2D):
            return "Remove it", lambda model: edits.remove(model, at)
        return "Move it to the image", lambda model: _move_to_image(model, at)
    if isinstance(layer, Whitening):
        size = math.isqrt(LARGEST_PATCH // shape[-1])
        if size < layer.kernel_size:
            if not size:
                return "Remove it", lambda model: edits.remove(model, at)
            return f"Use {size} × {size}", lambda model: edits.replace(
                model, at, layer.changed(kernel_size=size)
            )
    window = getattr(layer, "kernel_size", getattr(layer, "pool_size", 0))
    if getattr(layer, "padding", "same") == "valid" and window > min(shape[:2]):
        return "Use same padding", lambda model: edits.replace(
            model, at, layer.changed(padding="same")
        )
    return "", None


def _fed(analysis: Analysis, row: Row, layer: Backbone) -> tuple[str, Edit | None]:
    """What gives a pretrained network the images that it takes."""
    at, first = row.number - 1, analysis.rows[0].layer
    second = analysis.rows[1].layer
    if at != 1 and isinstance(second, Backbone) and second.on:
        return "Remove it", lambda model: edits.remove(model, at)
    if at != 1:
        return "Move it up to the Input", lambda model: edits.move(model, at, 1)
    if isinstance(first, Input) and first.scale != "0 to 255":
        whole = first.changed(scale="0 to 255")
        return "Set the Scale", lambda model: edits.replace(model, 0, whole)
    try:
        known = facts(layer)
    except SpecError:  # a trained run that is not kept
        return "", None
    height, width, channels = analysis.shape
    too_small = layer.enlarge is not None and layer.enlarge < max(height, width)
    nothing_left = layer.enlarge is None and not known.places(min(height, width))
    if channels == 3 and (too_small or nothing_left):
        size = -(-max(height, width) // 32) * 32
        if size <= 512:
            larger = layer.changed(enlarge=size)
            return f"Enlarge to {size}", lambda model: edits.replace(model, at, larger)
        if too_small:
            plain = layer.changed(enlarge=None)
            return "Take images as they come", lambda model: edits.replace(model, at, plain)
    return "", None


def _ending(row: Row) -> tuple[str, Edit]:
    at, shape = row.number - 1, row.output_shape
    layer = row.layer
    if isinstance(layer, Dense) and layer.on and layer.activation == "softmax":
        return "Make it the Output", lambda model: edits.replace(model, at, Output())
    if shape is not None and len(shape) == 3:
        return "Add Flatten and Output", lambda model: edits.add(model, at + 1, Flatten(), Output())
    return "Add Output", lambda model: edits.add(model, at + 1, Output())


def _output_last(model: ModelSpec) -> ModelSpec:
    rest = tuple(layer for layer in model.layers if not isinstance(layer, Output))
    return model.model_copy(update={"layers": (*rest, Output())})


def _move_to_image(model: ModelSpec, position: int) -> ModelSpec:
    """Put a layer before the one that makes a row of the image."""
    for index, layer in enumerate(model.layers):
        if layer.on and isinstance(layer, Flatten | GlobalPooling2D):
            return edits.move(model, position, index) if index < position else model
    return model
