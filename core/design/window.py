"""A convolution step by step: where its window lies on the input, and the sum it makes there."""

from __future__ import annotations

from dataclasses import dataclass

from core.design import operations
from core.design.analysis import Analysis, Node
from core.design.operations import Values
from core.design.weights import Weights
from core.specs import Conv2D, DepthwiseConv2D, SeparableConv2D

Convolution = Conv2D | DepthwiseConv2D | SeparableConv2D


@dataclass(frozen=True)
class Sweep:
    """One filter of a convolution and its way over the input.

    Of a depthwise convolution the input is the one channel that the filter sees. Of a separable
    one the kernel is both of its kernels multiplied out: the sums are the same.
    """

    node: str
    layer: Convolution  # its strides, padding and activation
    filter: int  # from 0
    filters: int
    image: Values  # [height, width, channels]: what the layer gets, without the border
    channels: tuple[int, ...]  # which of the layer's input channels these are
    border: tuple[int, int]  # rows above and columns left of the image that padding adds
    kernel: Values  # [size, size, channels]
    bias: float
    totals: Values  # [rows, columns], before bias and activation
    values: Values  # [rows, columns]: the filter's map


def first_convolution(analysis: Analysis) -> Node | None:
    """The first convolution of a design, also inside a block; None where there is none."""
    return next((node for node in analysis.nodes if isinstance(node.layer, Convolution)), None)


def sweep(
    analysis: Analysis,
    weights: Weights,
    outputs: dict[str, Values],
    filter: int = 0,
    node: Node | None = None,
) -> Sweep | None:
    """One filter of a convolution (the first, if none is given); None where there is none.

    Args:
        outputs: of core.design.forward, with the same weights.
        filter: from 0 to one less than the layer's channels; raises IndexError beyond.
    """
    node = node or first_convolution(analysis)
    if node is None or node.name not in outputs:
        return None
    layer = node.layer
    assert isinstance(layer, Convolution)
    image, values = outputs[node.inputs[0]], outputs[node.name]
    if not 0 <= filter < values.shape[2]:
        raise IndexError(f"filter {filter} of {values.shape[2]}")
    channels, kernel, bias = _filter(layer, weights[node.name], filter)
    image = image[:, :, list(channels)]
    size, step, padding = layer.kernel_size, layer.strides, layer.padding
    top, left = (operations.border(length, size, step, padding)[0] for length in image.shape[:2])
    return Sweep(
        node=node.name,
        layer=layer,
        filter=filter,
        filters=values.shape[2],
        image=image,
        channels=channels,
        border=(top, left),
        kernel=kernel,
        bias=bias,
        totals=operations.convolve(image, kernel[..., None], step, padding)[:, :, 0],
        values=values[:, :, filter],
    )


def _filter(
    layer: Convolution, weights: tuple[Values, ...], number: int
) -> tuple[tuple[int, ...], Values, float]:
    """The input channels that a filter sees, its kernel [size, size, channels] and its bias."""
    bias = float(weights[-1][number]) if layer.use_bias else 0.0
    kernel = weights[0]
    seen = tuple(range(kernel.shape[2]))
    if isinstance(layer, Conv2D):
        return seen, kernel[..., number], bias
    if isinstance(layer, DepthwiseConv2D):
        channel, own = divmod(number, layer.depth_multiplier)
        return (channel,), kernel[:, :, channel : channel + 1, own], bias
    mixing = weights[1][0, 0, :, number].reshape(kernel.shape[2:])
    return seen, (kernel * mixing).sum(axis=-1), bias
