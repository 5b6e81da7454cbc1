"""Which precision trains faster on this machine, and whether XLA helps: a small network says so."""

from __future__ import annotations

import time

import numpy as np

from core.design.build import build
from core.specs import TrainSpec
from core.train import backend
from core.train.loop import UNABLE, Loop
from core.train.plan import PRECISIONS, Plan
from core.train.probes import CLASSES, PROBES

_BATCH, _STEPS, _ROUNDS = 64, 4, 5
_GAIN = 1.05  # as often as fast must what is rougher or takes longer to compile be


def faster() -> Plan:
    """Train a convolutional network every way, in turns; the shortest turn of each counts.

    It takes some seconds. Processors without bfloat16 take many times longer with it than without.
    """
    probe = next(item for item in PROBES if item.name == "conv")
    model = build(probe.model, probe.shape, CLASSES)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (_BATCH * _STEPS, *probe.shape), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, len(images))
    rates = np.full(_STEPS, 1e-3, np.float32)
    ways = [
        Plan(precision, backend.towers(), xla=xla)
        for xla in ((False, True) if backend.has_gpu() else (False,))
        for precision in PRECISIONS
    ]
    loops = {
        way: Loop(model, TrainSpec(), precision=way.precision, towers=way.towers, xla=way.xla)
        for way in ways
    }
    shortest = dict.fromkeys(ways, np.inf)
    for turn in range(_ROUNDS + 1):  # the first makes the graphs
        for way, loop in list(loops.items()):
            begun = time.perf_counter()
            try:
                loop.run(images, labels, _BATCH, rates)
            except UNABLE:  # as XLA without all of CUDA
                del loops[way]
                continue
            if turn:
                shortest[way] = min(shortest[way], time.perf_counter() - begun)
    best = ways[0]
    for way in loops:
        if shortest[best] > _GAIN * shortest[way]:
            best = way
    return best
