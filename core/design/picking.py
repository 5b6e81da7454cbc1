"""Convolutions that would crash the training on a CPU, said in another way.

oneDNN writes outside of its memory in the gradient of a 1 × 1 convolution with a stride on fewer
than 16 channels (https://github.com/uxlfoundation/oneDNN/issues/6035). Picking the pixels out
beforehand, with a pooling of one pixel, is the same sum. Neither shapes nor weights change.
"""

from __future__ import annotations

from core.specs import Conv2D, LayerSpec, MaxPooling2D


def picked(layer: LayerSpec, channels: int) -> tuple[LayerSpec, ...]:
    """The layers to build instead of this one: it alone, or a picking before it.

    Args:
        channels: of the layer's input.
    """
    if not isinstance(layer, Conv2D) or channels >= 16:
        return (layer,)
    if layer.kernel_size > 1 or layer.strides == 1:
        return (layer,)
    pick = MaxPooling2D(pool_size=1, strides=layer.strides, padding=layer.padding)
    return pick, layer.model_copy(update={"strides": 1})
