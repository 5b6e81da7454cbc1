"""A trained run's network as it is kept, from pixels to its last maps; see core.transfer.kept."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from core.design import backbones
from core.specs import Backbone
from core.transfer import kept


def build(layer: Backbone) -> keras.Model:
    """The network with its weights, for images of any size, float32 [n, height, width, 3], 0 to 255.

    Models within it are laid open, so that it can be cut between any two of its layers.

    Raises:
        ModelError: the model that is kept is damaged.
    """
    path, end = backbones.kept(layer.run) / "model.keras", kept.end(layer)
    try:
        whole = keras.models.load_model(path, compile=False)
        start = whole.get_layer("resize").output
        # of a model within it: what it makes here, not the output that it was drawn with
        part = keras.Model(start, keras.Operation.output.fget(whole.get_layer(end)))
    except MemoryError:
        raise
    except Exception as error:  # whatever Keras makes of a damaged or another file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise kept.damaged(path, reason) from error
    pixels = keras.Input((None, None, 3), name="scaled")
    x = pixels if start.shape[-1] == len(kept.GREY) else _grey()(pixels)
    made = keras.Model(pixels, Copier().follow(part, x), name="run")
    for weight in made.weights:
        if not np.isfinite(np.asarray(weight)).all():
            raise kept.damaged(path, f"numbers that are none in {weight.path}")
    return made


def _grey() -> keras.layers.Layer:
    """From colours to grey; images that are grey already stay as they are."""
    layer = keras.layers.Conv2D(1, 1, use_bias=False, name="grey")
    layer.build((None, None, None, len(kept.GREY)))
    layer.set_weights([np.reshape(np.array(kept.GREY, np.float32), (1, 1, -1, 1))])
    return layer


class Copier:
    """Copies the layers of models within a model into one that has no models within it."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}

    def follow(self, model: keras.Model, x: Any) -> Any:
        """What a model makes of a symbolic tensor, with layers of their own."""
        # Keras itself clones models so; it has no public way to look into those within them
        return model._run_through_graph([x], operation_fn=self._copied)

    def _copied(self, operation: Any) -> Any:
        if isinstance(operation, keras.Model):
            return lambda x, **_: self.follow(operation, x)
        if _changes_nothing(operation):
            return lambda x: x
        made = type(operation).from_config(
            {**_free(operation.get_config()), "name": self._name(operation.name)}
        )

        def call(*given: Any, **settings: Any) -> Any:
            x = made(*given, **settings)
            if isinstance(made, keras.Layer):
                made.set_weights(operation.get_weights())
            return x

        return call

    def _name(self, name: str) -> str:
        """Another one where a model within had a layer of that name."""
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}_again_{count - 1}"


def _free(settings: dict[str, Any]) -> dict[str, Any]:
    """A layer's settings without the penalties and bounds that its weights were first trained with."""
    held = "_regularizer", "_constraint"
    found = {name: None if name.endswith(held) else value for name, value in settings.items()}
    if "pool_size" in settings and tuple(settings["pool_size"]) == (1, 1):
        # it picks places and needs no padding; onnxruntime makes less than none of "same"
        found["padding"] = "valid"
    return found


def _changes_nothing(operation: Any) -> bool:
    """Whether a layer may be left out: how large images are is the new design's to say."""
    if isinstance(operation, keras.layers.Rescaling):
        return bool(np.all(np.equal(operation.scale, 1)) and not np.any(operation.offset))
    return isinstance(operation, keras.layers.Resizing)
