"""Which precision trains faster on this machine, and whether XLA helps: a small network says so."""

from __future__ import annotations

import time

import numpy as np

from core.design.build import build
from core.specs import TrainSpec
from core.train import backend
from core.train.loop import Loop
from core.train.plan import PRECISIONS, Plan
from core.train.probes import CLASSES, PROBES

_BATCH, _STEPS, _ROUNDS = 64, 4, 5
_GAIN = 1.05  # as often as fast must what is rougher or takes longer to compile be


def faster() -> Plan:
    """Train a convolutional network every way, in turns; the shortest turn of each counts.

    It takes some seconds. Processors without bfloat16 take many times longer with it than without.
    """
    probe = PROBES[2]
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
    loops = [
        Loop(model, TrainSpec(), precision=way.precision, towers=way.towers, xla=way.xla)
        for way in ways
    ]
    shortest = [np.inf] * len(ways)
    for turn in range(_ROUNDS + 1):  # the first makes the graphs
        for number, loop in enumerate(loops):
            begun = time.perf_counter()
            loop.run(images, labels, _BATCH, rates)
            if turn:
                shortest[number] = min(shortest[number], time.perf_counter() - begun)
    best = 0
    for number, seconds in enumerate(shortest):
        if shortest[best] > _GAIN * seconds:
            best = number
    return ways[best]
