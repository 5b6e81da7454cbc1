"""The weights of a design: as training starts with them, or as a run has learned them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import Literal

import numpy as np

from core import words
from core.design import saved
from core.design.analysis import Analysis
from core.design.operations import Values
from core.design.shapes import Shape
from core.errors import ModelError
from core.specs import (
    Backbone,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GroupNormalization,
    LayerNormalization,
    LayerSpec,
    Output,
    SeparableConv2D,
)

Weights = Mapping[str, tuple[Values, ...]]  # of each node that has any, in the order of Keras


@dataclass(frozen=True, slots=True)
class Weight:
    """One array of a layer: its shape, and how Keras starts it."""

    shape: Shape
    start: Literal["glorot", "zeros", "ones"]


def expected(analysis: Analysis) -> dict[str, tuple[Weight, ...]]:
    """The weights of each node that has any, in the order in which Keras keeps them."""
    shapes = {node.name: node.shape for node in analysis.nodes}
    return {
        node.name: _weights(node.layer, shapes[node.inputs[0]], node.shape)
        for node in analysis.nodes
        if node.parameters
    }


def initial(analysis: Analysis, seed: int = 0) -> Weights:
    """Weights as at the start of a training: drawn when asked for, the same for the same seed.

    A node's weights depend on the seed, its name and its shapes alone, so what an edit does not
    touch stays as it is. Nothing is kept: a large dense layer takes memory only while it is used.
    """
    return _Initial(expected(analysis), seed)


def trained(run_folder: Path, analysis: Analysis) -> Weights:
    """The weights of the run's best model, read from its model.keras without TensorFlow.

    Names and shapes of the weights have to be those of the design; a curve or a stride may have been
    changed since. Of a design with an error, only the layers before it are compared.

    Raises:
        ModelError: the file is missing or damaged, or its weights are not those of the design.
    """
    wanted = expected(analysis)
    found = saved.read(run_folder)
    for name, weights in wanted.items():
        shapes = [weight.shape for weight in weights]
        stored = [array.shape for array in found.get(name, ())]
        if shapes != stored:
            received = f"weights {_listed(stored)}" if stored else "no weights of that name"
            raise _foreign(run_folder, f"weights {_listed(shapes)} for {name}", received)
    extra = [name for name, arrays in found.items() if arrays and name not in wanted]
    if extra and not analysis.errors:
        ours = f"the {len(wanted)} layers with weights that the design has, and no others"
        raise _foreign(run_folder, ours, f"{extra[0]} too")
    return {name: found[name] for name in wanted}


def _listed(shapes: list[Shape]) -> str:
    return " and ".join(map(words.shape, shapes))


def _foreign(folder: Path, expected: str, received: str) -> ModelError:
    return ModelError(
        f"The model of the run {folder.name} does not belong to this design",
        expected=expected,
        received=f"{received}, in {folder / 'model.keras'}",
        remedy="Open the design of that run, or choose a run of this design",
    )


class _Initial(Mapping[str, tuple[Values, ...]]):
    def __init__(self, weights: dict[str, tuple[Weight, ...]], seed: int) -> None:
        self._weights = weights
        self._seed = seed

    def __getitem__(self, name: str) -> tuple[Values, ...]:
        weights = self._weights[name]
        random = np.random.Generator(np.random.SFC64([self._seed, zlib.crc32(name.encode())]))
        return tuple(_started(weight, random) for weight in weights)

    def __iter__(self) -> Iterator[str]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)


def _started(weight: Weight, random: np.random.Generator) -> Values:
    if weight.start != "glorot":
        return np.full(weight.shape, weight.start == "ones", np.float32)
    # Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks,
    # 2010, with the fans that Keras counts: a depthwise kernel has as many outputs as its multiplier
    *window, inputs, outputs = weight.shape
    limit = math.sqrt(6 / (math.prod(window) * (inputs + outputs)))
    drawn = random.random(weight.shape, np.float32)
    drawn *= np.float32(2 * limit)
    drawn -= np.float32(limit)
    return drawn


@singledispatch
def _weights(layer: LayerSpec, before: Shape, after: Shape) -> tuple[Weight, ...]:
    """The weights of a layer; its shapes before and after are without the batch."""
    raise NotImplementedError(type(layer).__name__)


def _bias(use: bool, outputs: int) -> tuple[Weight, ...]:
    return (Weight((outputs,), "zeros"),) if use else ()


@_weights.register
def _(layer: Conv2D, before: Shape, after: Shape) -> tuple[Weight, ...]:
    size = layer.kernel_size
    kernel = Weight((size, size, before[-1], after[-1]), "glorot")
    return (kernel, *_bias(layer.use_bias, after[-1]))


@_weights.register
def _(layer: DepthwiseConv2D, before: Shape, after: Shape) -> tuple[Weight, ...]:
    size = layer.kernel_size
    kernel = Weight((size, size, before[-1], layer.depth_multiplier), "glorot")
    return (kernel, *_bias(layer.use_bias, after[-1]))


@_weights.register
def _(layer: SeparableConv2D, before: Shape, after: Shape) -> tuple[Weight, ...]:
    size = layer.kernel_size
    kernel = Weight((size, size, before[-1], layer.depth_multiplier), "glorot")
    mixing = Weight((1, 1, before[-1] * layer.depth_multiplier, after[-1]), "glorot")
    return (kernel, mixing, *_bias(layer.use_bias, after[-1]))


@_weights.register
def _(layer: Dense, before: Shape, after: Shape) -> tuple[Weight, ...]:
    return (Weight((before[-1], after[-1]), "glorot"), *_bias(layer.use_bias, after[-1]))


@_weights.register
def _(layer: Output, before: Shape, after: Shape) -> tuple[Weight, ...]:
    return (Weight((before[-1], after[-1]), "glorot"), *_bias(True, after[-1]))


@_weights.register
def _(layer: BatchNormalization, before: Shape, after: Shape) -> tuple[Weight, ...]:
    ones, zeros = Weight(after[-1:], "ones"), Weight(after[-1:], "zeros")
    return (ones, zeros, zeros, ones)  # gamma, beta, moving mean, moving variance


@_weights.register
def _(layer: Backbone, before: Shape, after: Shape) -> tuple[Weight, ...]:
    return ()  # it brings them


@_weights.register(LayerNormalization)
@_weights.register(GroupNormalization)
def _norm(layer: LayerSpec, before: Shape, after: Shape) -> tuple[Weight, ...]:
    return (Weight(after[-1:], "ones"), Weight(after[-1:], "zeros"))  # gamma, beta
