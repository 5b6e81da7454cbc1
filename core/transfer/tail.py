"""The last blocks of a pretrained network, made ready to learn; those before them stay as they are.

Batch normalization keeps its statistics (https://keras.io/guides/transfer_learning/), so all that it
does is to multiply and add: where it follows a convolution, its factors are put into the kernel and the
bias, which then learn in its place, and a step does without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.transfer.graph import Block

_CONVOLUTIONS = keras.layers.Conv2D, keras.layers.DepthwiseConv2D
_NOISE = (
    keras.layers.Dropout,  # of a network's own, for the million images that it was trained on
    keras.layers.SpatialDropout2D,
)


@dataclass(frozen=True)
class Tail:
    """A network in two.

    Attributes:
        front: from scaled images to maps, frozen; None where everything learns.
        model: from those maps, or from scaled images, to the network's output; it learns.
        blocks: that are part of it, in their order.
    """

    front: keras.Model | None
    model: keras.Model
    blocks: tuple[Block, ...]

    def depths(self) -> list[int]:
        """For each trainable weight, how many blocks lie between its own and the end: 0 in the last."""
        place = {
            layer.name: depth
            for depth, block in enumerate(reversed(self.blocks))
            for layer in block.layers
        }
        return [place[layer.name] for layer in self.model.layers for _ in layer.trainable_weights]


def tail(network: keras.Model, found: Sequence[Block], first: int, size: int) -> Tail:
    """Cut a network before one of its blocks; what is behind gets weights of its own.

    Args:
        found: its blocks.
        first: place of the first block that learns.
        size: height and width of the images.
    """
    front = None
    behind, shape = network, (size, size, 3)
    if first > 0:
        between = found[first - 1].output
        front = keras.Model(network.inputs[0], between, name="front")
        front.trainable = False
        behind = keras.Model(between, found[-1].output)
        shape = tuple(front.compute_output_shape((None, *shape))[1:])
    kept = tuple(found[first:])
    return Tail(front, _folded(behind, kept, shape), kept)


def _folded(model: keras.Model, found: Sequence[Block], shape: tuple[int, int, int]) -> keras.Model:
    """A copy without batch normalization where it follows a convolution, and without noise."""
    layers = [layer for block in found for layer in block.layers]
    pairs = _pairs(model.operations)
    norms = {norm.name for norm in pairs.values()}

    def copied(layer: Any) -> Any:
        if not isinstance(layer, keras.Layer):  # an operation without a state
            return layer
        settings = layer.get_config()
        if layer.name in pairs:
            return type(layer).from_config({**settings, "use_bias": True, "trainable": True})
        if layer.name in norms or isinstance(layer, _NOISE):
            return keras.layers.Activation("linear", name=layer.name)
        made = type(layer).from_config({**settings, "trainable": True})
        made.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        return made

    def called(layer: keras.Layer, *given: Any, **settings: Any) -> Any:
        # what stands in for another layer knows nothing of its masks
        plain = isinstance(layer, keras.layers.Activation)
        return layer(given[0]) if plain else layer(*given, **settings)

    # of a known size: layers that are faster on few pixels have to know how many there are
    given = keras.Input(shape, name="maps")
    made = keras.models.clone_model(model, given, clone_function=copied, call_function=called)
    made.name = "tail"
    for layer in layers:
        if layer.name in pairs:
            made.get_layer(layer.name).set_weights(_product(layer, pairs[layer.name]))
        elif layer.name not in norms and layer.weights:
            made.get_layer(layer.name).set_weights(layer.get_weights())
    return made


def _pairs(operations: Sequence[Any]) -> dict[str, keras.Layer]:
    """The batch normalization that follows a convolution, alone, by the convolution's name."""
    readers: dict[int, list[Any]] = {}
    for one in operations:
        for tensor in keras.tree.flatten(one.input):
            readers.setdefault(id(tensor), []).append(one)
    found = {}
    for one in operations:
        behind = readers.get(id(one.output), [])
        plain = type(one) in _CONVOLUTIONS and one.activation is keras.activations.linear
        if plain and len(behind) == 1:
            (norm,) = behind
            if isinstance(norm, keras.layers.BatchNormalization):
                found[one.name] = norm
    return found


def _product(layer: keras.Layer, norm: keras.Layer) -> list[NDArray[Any]]:
    """Kernel and bias of a convolution with its batch normalization."""
    kernel, *rest = layer.get_weights()
    bias = rest[0] if rest else 0.0
    mean, variance = np.asarray(norm.moving_mean), np.asarray(norm.moving_variance)
    factor = (np.asarray(norm.gamma) if norm.scale else 1.0) / np.sqrt(variance + norm.epsilon)
    shift = np.asarray(norm.beta) if norm.center else 0.0
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    scaled = kernel * (factor.reshape(*kernel.shape[2:]) if depthwise else factor)
    return [scaled, (bias - mean) * factor + shift]
