"""The networks of Keras Applications with weights from a file, from scaled images to maps."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from core.design.backbones import Application, facts
from core.errors import ModelError
from core.specs import Backbone
from core.transfer import weights


def build(layer: Backbone) -> keras.Model:
    """The network with its weights, for images of any size, float32 [n, height, width, 3].

    Raises:
        ModelError: the weights are not there, cannot be read, or are of another network.
    """
    known, path = facts(layer).application, weights.path(layer)
    assert known is not None
    assert path is not None
    made = bare(known)
    try:
        made.load_weights(path)
    except MemoryError:
        raise
    except Exception as error:  # whatever h5py and Keras make of a damaged or another file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise _other(layer, known, path, reason) from error
    for weight in made.weights:
        if not np.isfinite(np.asarray(weight)).all():
            raise _other(layer, known, path, f"numbers that are none in {weight.path}")
    return _depthwise(made)


def bare(known: Application) -> keras.Model:
    """The network as Keras draws it anew, without its last layer and its scaling of the pixels."""
    return getattr(keras.applications, known.function)(
        include_top=False, weights=None, input_shape=(None, None, 3), **known.options
    )


def _depthwise(model: keras.Model) -> keras.Model:
    """The same with depthwise layers for convolutions of as many groups as channels, as ConvNeXt has
    them: Keras compiles those by themselves on a processor, which ONNX cannot express."""
    if not any(_grouped(layer) for layer in model.layers):
        return model
    made = keras.models.clone_model(model, clone_function=_without_groups)
    for before, after in zip(model.layers, made.layers, strict=True):
        values = before.get_weights()
        if _grouped(before):  # [height, width, 1, channels]
            values[0] = values[0].transpose(0, 1, 3, 2)
        after.set_weights(values)
    return made


def _grouped(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Conv2D) and 1 < layer.groups == layer.filters


def _without_groups(layer: keras.layers.Layer) -> keras.layers.Layer:
    if not _grouped(layer):
        return layer.__class__.from_config(layer.get_config())
    return keras.layers.DepthwiseConv2D(
        layer.kernel_size, layer.strides, padding=layer.padding, name=layer.name
    )


def _other(layer: Backbone, known: Application, path: Path, received: str) -> ModelError:
    title = facts(layer).title
    size = f"{path.stat().st_size:,} bytes: " if path.is_file() else ""
    again = f"or delete {path}, so that it is downloaded again"
    return ModelError(
        f"The file {path.name} does not hold the weights of {title}",
        expected=f"a whole file as Keras has it in {known.file}, at {path}",
        received=f"{size}{received}",
        remedy=f"Put the right file in its place{'' if layer.weights else f', {again}'}",
    )
