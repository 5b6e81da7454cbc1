"""One photo through onnxruntime and through Keras, on the largest preset at 224 px.

    python -m benchmarks.predict [--repeats 30]

Both run in this process, interleaved, on the same decoded photo. The model is untrained: its speed
does not depend on its weights.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.common import show, spread
from core.design.presets import PRESETS
from core.train import backend


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--size", type=int, default=224, help="height and width in pixels")
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
        name = session.get_inputs()[0].name
        seconds: dict[str, list[float]] = {"onnx": [], "call": [], "predict": []}
        for repeat in range(options.repeats + 2):
            for key, predict in (
                ("onnx", lambda: session.run(None, {name: photo})),
                ("call", lambda: np.asarray(model(photo, training=False))),
                ("predict", lambda: model.predict(photo, verbose=0)),
            ):
                begun = time.perf_counter()
                predict()
                if repeat >= 2:  # the first calls build graphs and warm caches
                    seconds[key].append(1000 * (time.perf_counter() - begun))
        ratio = statistics.median(seconds["call"]) / statistics.median(seconds["onnx"])
        rows.append(
            (
                preset.name,
                f"{model.count_params():,}",
                *(spread(seconds[key], "ms") for key in ("onnx", "call", "predict")),
                f"{ratio:.1f}",
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


if __name__ == "__main__":
    main()
