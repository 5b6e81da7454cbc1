"""One photo through onnxruntime and through Keras, on every preset at the default working size.

    python -m benchmarks.predict [--repeats 30]

Both run in this process, interleaved, on the same decoded photo. The model is untrained: its speed
does not depend on its weights.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.common import show, spread
from core.design.presets import PRESETS
from core.train import backend


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--size", type=int, default=64, help="height and width in pixels")
    options = parser.parse_args()
    backend.start()
    import onnxruntime

    from core.design.build import build
    from core.train.export import export_onnx

    photo = np.random.default_rng(0).integers(
        0, 256, (1, options.size, options.size, 3), dtype=np.uint8
    )
    rows = []
    for preset in PRESETS:
        model = build(preset.model, photo.shape[1:], 12, resize=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            export_onnx(model, path, photo)
            begun = time.perf_counter()
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            loaded = time.perf_counter() - begun
        onnx, call, predict = milliseconds(
            partial(session.run, None, {session.get_inputs()[0].name: photo}),
            partial(model, photo, training=False),
            partial(model.predict, photo, verbose=0),
            repeats=options.repeats,
        )
        rows.append(
            (
                preset.name,
                f"{model.count_params():,}",
                *(spread(values, "ms") for values in (onnx, call, predict)),
                f"{statistics.median(call) / statistics.median(onnx):.1f}",
                f"{loaded:.2f} s",
            )
        )
    show(
        f"One photo of {options.size} px",
        (
            "design",
            "parameters",
            "onnxruntime",
            "Keras call",
            "Keras predict",
            "call / onnx",
            "ONNX loads in",
        ),
        rows,
    )


def milliseconds(*calls: Callable[[], object], repeats: int) -> list[list[float]]:
    """How long each call takes, `repeats` times, the calls interleaved."""
    times: list[list[float]] = [[] for _ in calls]
    for repeat in range(repeats + 2):
        for call, measured in zip(calls, times, strict=True):
            begun = time.perf_counter()
            np.asarray(call())  # waits for the result
            if repeat >= 2:  # the first calls build graphs and warm caches
                measured.append(1000 * (time.perf_counter() - begun))
    return times


if __name__ == "__main__":
    main()
