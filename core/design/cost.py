"""What training a design costs: seconds an epoch on this machine, memory, the model's size.

The time of a step is a sum: for each kind of work, how much of it there is, times how long a unit
of it takes here. The first is counted from the design; the second, a `Speed`, is measured once for
a machine (core.train.calibration). All of it is arithmetic of microseconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Annotated

from pydantic import Field

from core.design.analysis import Analysis, Node
from core.design.shapes import Shape
from core.specs import (
    Activation,
    Backbone,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalMaxPooling2D,
    GroupNormalization,
    LayerNormalization,
    LayerSpec,
    MaxPooling2D,
    Multiply,
    SeparableConv2D,
    SpatialDropout2D,
    TrainSpec,
    Weighted,
)
from core.specs.layers.base import Function
from core.specs.spec import Spec

# elementwise operations on every weight in a step, as keras.optimizers spell their rules
_OPERATIONS = {"sgd": 5, "rmsprop": 9, "adam": 12, "adamw": 14}
_SLOTS = {"sgd": 1, "rmsprop": 1, "adam": 2, "adamw": 2}  # numbers kept beside every weight
_CHEAP = ("linear", "relu", "leaky_relu")  # curves without an exponential
_EVALUATION_PIXELS = 2**22  # in a batch, so that testing never needs more memory than training

# Bytes of the worker's process at its peak, fitted to measurements; see `training_memory`.
_FLOAT = 4
_BASE = 690 * 2**20  # TensorFlow, and ONNX for the export
_LAYER = 1.3 * 2**20  # a layer's graphs
_COPIES = 47  # of the weights, all but those of training in the export to ONNX


@dataclass(frozen=True, slots=True)
class Work:
    """How much there is to do, by kinds of which a unit takes about equal time."""

    epochs: float = 0.0  # what an epoch costs beside its steps
    steps: float = 0.0  # what a step costs whatever it computes
    layers: float = 0.0  # what a layer costs in a step however small it is
    weights: float = 0.0  # operations on weights by the optimizer
    conv: float = 0.0  # multiply-adds of convolutions that mix channels
    depthwise: float = 0.0  # multiply-adds of those that do not
    dense: float = 0.0  # multiply-adds of dense layers
    moved: float = 0.0  # values read and written by what computes next to nothing
    curves: float = 0.0  # values passed through a curve with an exponential
    norm: float = 0.0  # values normalized
    random: float = 0.0  # random numbers drawn for dropout

    def __add__(self, other: Work) -> Work:
        return Work(*(getattr(self, kind) + getattr(other, kind) for kind in KINDS))

    def __mul__(self, times: float) -> Work:
        return Work(*(getattr(self, kind) * times for kind in KINDS))


KINDS = tuple(field.name for field in fields(Work))
Seconds = Annotated[float, Field(ge=0.0)]


class Speed(Spec):
    """Seconds that a unit of each kind of Work takes on a machine.

    `others` is the share of the processors, 0 to 1, that other programs used while it was measured.
    Far from 0 it may have come out too slow, by a factor of 1 / (1 - others) at most or so.
    """

    epochs: Seconds
    steps: Seconds
    layers: Seconds
    weights: Seconds
    conv: Seconds
    depthwise: Seconds
    dense: Seconds
    moved: Seconds
    curves: Seconds
    norm: Seconds
    random: Seconds
    others: float = Field(0.0, ge=0.0, le=1.0)

    def seconds(self, work: Work) -> float:
        """How long the work takes."""
        return math.fsum(getattr(self, kind) * getattr(work, kind) for kind in KINDS)


def features(
    analysis: Analysis, batch_size: int, optimizer: str = "adam", *, training: bool = True
) -> Work:
    """The work of one step on a batch; without `training` of one batch of validation."""
    return _once(analysis, optimizer, training) + _each(analysis, training) * batch_size


def seconds_per_epoch(
    analysis: Analysis,
    train: TrainSpec,
    train_images: int,
    validation_images: int,
    speed: Speed,
    *,
    mirror: bool = False,
) -> float:
    """How long an epoch with its validation takes; the first takes seconds more, to get ready.

    Args:
        mirror: every image is validated twice, as it is and mirrored (AugmentSpec.mirror). The rest
            of augmentation is not counted: it takes less than 15% of training (benchmarks/augmentation.py).
    """
    steps = math.ceil(train_images / train.batch_size)
    tests = math.ceil(validation_images / evaluation_batch(analysis.shape))
    test = _once(analysis, train.optimizer, False)
    again = 2 if mirror else 1  # in the same step
    work = (
        _once(analysis, train.optimizer, True) * steps
        + _each(analysis, True) * train_images
        + Work(steps=float(tests), layers=again * tests * test.layers)
        + _each(analysis, False) * (again * validation_images)
        + Work(epochs=1.0)
    )
    return speed.seconds(work)


def evaluation_batch(shape: tuple[int, int, int]) -> int:
    """Images validated or tested at once: 256 small ones, fewer large ones."""
    height, width, _ = shape
    return max(1, min(256, _EVALUATION_PIXELS // (height * width * 4)))


def model_size(analysis: Analysis) -> int:
    """Bytes of all weights, which is about what model.keras and model.onnx take on the disk."""
    return analysis.parameters * _FLOAT


def training_memory(analysis: Analysis, train: TrainSpec) -> int:
    """Bytes that the worker's process takes at most, on a processor and beside its images.

    A step keeps what the way back needs of every image of the batch, and has the largest layer once
    more as gradients; testing has the input and output of one layer at a time, of more images. The
    factors are fitted to 60 workers on Linux that trained in float32: the ten presets at 32 and 64 px
    in batches of 8, 128 and 512, which took 0.7 to 4.1 GB. All estimates were within 20% of that,
    half within 3%. In bfloat16 large batches take less, by up to 30% (benchmarks/memory.py).
    """
    shapes = {node.name: math.prod(node.shape) for node in analysis.nodes}
    largest = max(
        (shapes[node.name] + sum(shapes[name] for name in node.inputs) for node in analysis.nodes),
        default=0,
    )
    training = (_kept(analysis) + largest) * train.batch_size
    testing = 1.8 * largest * evaluation_batch(analysis.shape)
    frozen = sum(node.parameters for node in analysis.nodes if isinstance(node.layer, Backbone))
    weights = (_COPIES + 3 + _SLOTS[train.optimizer]) * (model_size(analysis) - frozen * _FLOAT)
    weights += 4 * frozen * _FLOAT
    layers = _LAYER * len(analysis.nodes)
    return int(_BASE + layers + weights + max(training, testing) * _FLOAT)


def _kept(analysis: Analysis) -> int:
    """Values of one image that the way back needs.

    Sums need their input again, curves their output, a maximum both; dropout needs its mask, of a byte each. What a
    layer leaves is there once, whoever needs it.
    """
    needed: set[str] = set()
    masks = 0
    flat = {node.name: node.inputs[0] for node in analysis.nodes if isinstance(node.layer, Flatten)}
    for node in analysis.nodes:
        layer = node.layer
        if node.macs or isinstance(layer, _NEEDS_INPUT):
            needed.update(flat.get(name, name) for name in node.inputs)
        if _curve(layer) != "linear" or isinstance(layer, MaxPooling2D):
            needed.add(node.name)
        if isinstance(layer, Dropout | SpatialDropout2D):
            masks += math.prod(node.shape)
    return masks // _FLOAT + sum(
        math.prod(node.shape) for node in analysis.nodes if node.name in needed
    )


_NEEDS_INPUT = (
    BatchNormalization,
    LayerNormalization,
    GroupNormalization,
    MaxPooling2D,
    GlobalMaxPooling2D,
    Multiply,
)


def _curve(layer: LayerSpec) -> Function:
    found: Function = getattr(layer, "activation", getattr(layer, "function", "linear"))
    return found


def _once(analysis: Analysis, optimizer: str, training: bool) -> Work:
    """What a step takes however many images are in it."""
    layers = sum(not isinstance(node.layer, Flatten) for node in analysis.nodes)
    if not training:
        return Work(steps=1.0, layers=layers / 3)
    return Work(
        steps=1.0, layers=layers, weights=float(analysis.trainable * _OPERATIONS[optimizer])
    )


def _each(analysis: Analysis, training: bool) -> Work:
    """What one image takes."""
    totals = dict.fromkeys(KINDS, 0.0)
    shapes = {node.name: node.shape for node in analysis.nodes}
    learning: set[str] = set()  # layers that gradients reach
    for node in analysis.nodes:
        if isinstance(node.layer, Backbone):
            continue  # it looks at each image once, whatever the number of epochs
        learns = node.parameters > node.fixed
        fed = any(name in learning for name in node.inputs)  # so it passes gradients on
        if learns or fed:
            learning.add(node.name)
        passes = 1 + (learns + fed if training else 0)
        arriving = [shapes[name] for name in node.inputs] or [analysis.shape]
        for kind, amount in _parts(node, arriving, passes, training):
            totals[kind] += amount
    return Work(**totals)


def _parts(
    node: Node, arriving: list[Shape], passes: int, training: bool
) -> list[tuple[str, float]]:
    """One layer's work on one image.

    Args:
        passes: forward, back to its weights, back to its input: those of the three it makes.
    """
    layer, made = node.layer, math.prod(node.shape)
    ways = min(passes, 2)
    if isinstance(layer, Dropout | SpatialDropout2D):
        return [("random", made if training else 0)]
    if isinstance(layer, BatchNormalization | LayerNormalization | GroupNormalization):
        return [("norm", made * ways)]
    curve = "moved" if _curve(layer) in _CHEAP else "curves"
    if isinstance(layer, Activation):
        return [(curve, made * ways)]
    if isinstance(layer, Flatten):
        return []
    if not node.macs:
        return [("moved", (sum(map(math.prod, arriving)) + made) * ways / 2)]
    after = [(curve, made * ways)] if _curve(layer) != "linear" else []
    if isinstance(layer, Weighted) and layer.use_bias:
        after.append(("moved", made * ways))
    if isinstance(layer, DepthwiseConv2D):
        return [("depthwise", node.macs * passes), *after]
    if isinstance(layer, SeparableConv2D):
        deep = layer.kernel_size**2 * layer.depth_multiplier * arriving[0][-1]
        deep *= made // layer.filters
        return [("depthwise", deep * passes), ("conv", (node.macs - deep) * passes), *after]
    kind = "conv" if isinstance(layer, Conv2D) else "dense"
    return [(kind, node.macs * passes), *after]
