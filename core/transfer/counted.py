"""Counts what is in the blocks of the pretrained networks: ``python -m core.transfer.counted``."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from core.design import counts
from core.design.backbones import BACKBONES, facts
from core.design.counts import Counted
from core.specs import Backbone
from core.transfer import applications, graph, lite0

_SIZE = 256  # pixels: all strides divide it


def counted(layer: Backbone) -> list[Counted]:
    """The blocks of a network, whose weights need not be here."""
    application = facts(layer).application
    made = lite0.build() if application is None else applications.bare(application)
    found = graph.blocks(made)
    # the same network once more, with sizes that are known
    shapes = _shapes(made)
    told = []
    for block in found:
        macs = {"conv": 0.0, "depthwise": 0.0}
        moved = 0.0
        for outer in block.layers:
            shape = shapes[outer.name]
            for one in getattr(outer, "layers", [outer]):  # all of such a part is of one size
                if (kernel := getattr(one, "kernel", None)) is not None:
                    deep = isinstance(one, keras.layers.DepthwiseConv2D)
                    places = float(np.prod(shape[1:-1])) * (shape[-1] if deep else 1)
                    each = float(np.prod(kernel.shape[:2] if deep else kernel.shape))
                    macs["depthwise" if deep else "conv"] += places * each
                elif not isinstance(one, keras.layers.BatchNormalization):
                    moved += float(np.prod(shape[1:]))
        height, channels = shapes[block.last][1], shapes[block.last][-1]
        told.append(
            Counted(
                name=block.name,
                layers=sum(bool(one.weights) for one in block.layers),
                parameters=block.parameters,
                conv=round(macs["conv"] / _SIZE**2, 3),
                depthwise=round(macs["depthwise"] / _SIZE**2, 3),
                moved=round(moved / _SIZE**2, 4),
                channels=int(channels),
                stride=2 ** round(np.log2(_SIZE / height)),  # some have a border of zeros
            )
        )
    return told


def _shapes(network: Any) -> dict[str, tuple[int, ...]]:
    """What leaves each operation of a network for an image of _SIZE pixels."""
    given = keras.Input((_SIZE, _SIZE, 3))
    sized = keras.models.clone_model(network, given)
    return {str(one.name): tuple(one.output.shape) for one in sized.operations}


if __name__ == "__main__":
    counts.write({name: counted(Backbone(network=name)) for name in BACKBONES})
