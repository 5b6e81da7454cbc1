"""A small network in the place of the bundled one: of the same stride and channels, quick to convert."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

BLOCKS = "stem", "block1", "block2", "block3", "head"


@cache
def build(*_: Any) -> Any:
    """The network and its blocks, as core.transfer.networks has them."""
    import keras

    from core.transfer import graph

    keras.utils.set_random_seed(0)
    image = keras.Input((None, None, 3), name="scaled")

    def conv(x: Any, filters: int, size: int, strides: int, name: str) -> Any:
        x = keras.layers.Conv2D(
            filters, size, strides, padding="same", use_bias=False, name=f"{name}_conv"
        )(x)
        return keras.layers.BatchNormalization(name=f"{name}_bn")(x)

    x = keras.layers.ReLU(6.0, name="stem_relu")(conv(image, 16, 3, 4, "stem"))
    for number in (1, 2, 3):
        name = f"block{number}"
        before = x = conv(x, 24, 1, 2, f"{name}_first")
        x = keras.layers.DepthwiseConv2D(3, padding="same", name=f"{name}_depthwise")(x)
        x = keras.layers.BatchNormalization(name=f"{name}_depthwise_bn")(x)
        x = keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
        x = keras.layers.Add(name=f"{name}_add")([x, before])
    x = keras.layers.ReLU(6.0, name="head_relu")(conv(x, 1280, 1, 1, "head"))
    made = keras.Model(image, x)
    made.trainable = False
    return made, graph.blocks(made)


@contextmanager
def in_place(folder: Path) -> Iterator[Path]:
    """That workspace as LAYERWISE_HOME, and the network as that of every design."""
    with pytest.MonkeyPatch.context() as patch:
        from core.transfer import networks

        patch.setenv("LAYERWISE_HOME", str(folder))
        patch.setattr(networks, "_build", build)
        calibrated_quickly(patch)
        yield folder


def calibrated_quickly(patch: pytest.MonkeyPatch) -> None:
    """Convert to 8 bits by a few small images, of the size that tests ask about."""
    from core.transfer import int8, networks

    patch.setattr(networks, "CALIBRATED_AT", 64)
    patch.setattr(int8, "IMAGES", 16)
