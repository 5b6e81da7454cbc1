"""Files of weights as Keras Applications has them, for networks whose own cannot be had here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.design.backbones import facts
from core.specs import Backbone


def drawn(layer: Backbone, seed: int = 0) -> Any:
    """The real network with weights drawn at random, none of them the first ones of Keras."""
    from core.transfer import applications

    known = facts(layer).application
    assert known is not None
    made, rng = applications.bare(known), np.random.default_rng(seed)
    for weight in made.weights:
        shape = tuple(weight.shape)
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(rng.uniform(0.5, 1.5, shape))
        else:
            # what leads into one output; of a depthwise kernel, the last axis is no part of it
            inputs = np.prod(shape[:2] if shape[-1] == 1 else shape[:-1])
            spread = 0.2 if len(shape) == 1 else (2 / inputs) ** 0.5
            weight.assign(rng.normal(0, spread, shape))
    return made


def write(network: Any, path: Path) -> Path:
    """The file of a network's weights, laid out as the published ones are."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
    return path
