"""Find out which precision trains faster on this machine, in seconds."""

from __future__ import annotations

import time

import numpy as np

from core.design.build import build
from core.specs import TrainSpec
from core.train import backend
from core.train.loop import Loop
from core.train.plan import PRECISIONS, Precision
from core.train.probes import CLASSES, PROBES

_BATCH, _STEPS, _ROUNDS = 64, 4, 5
_GAIN = 1.05  # as often as fast must half precision be to be worth its roughness


def faster() -> Precision:
    """Train a small convolutional design in either precision, in turns; the shortest times count."""
    probe = next(item for item in PROBES if item.name == "conv")
    model = build(probe.model, probe.shape, CLASSES)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (_BATCH * _STEPS, *probe.shape), np.uint8)
    labels = rng.integers(0, CLASSES, len(images)).astype(np.int32)
    rates = np.full(_STEPS, 1e-3, np.float32)
    loops = [
        Loop(model, TrainSpec(), precision=precision, towers=backend.towers())
        for precision in PRECISIONS
    ]
    shortest = [np.inf, np.inf]
    for turn in range(_ROUNDS + 1):  # the first makes the graphs
        for number, loop in enumerate(loops):
            begun = time.perf_counter()
            loop.run(images, labels, _BATCH, rates)
            if turn:
                shortest[number] = min(shortest[number], time.perf_counter() - begun)
    return PRECISIONS[shortest[0] > _GAIN * shortest[1]]
