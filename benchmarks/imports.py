"""How long the worker waits for TensorFlow: plain import against core.train.backend.start.

    python -m benchmarks.imports [--repeats 5]

Each in a fresh process, interleaved.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common import show, spread

ROOT = Path(__file__).resolve().parents[1]
CASES = {
    "import tensorflow, keras": "import tensorflow, keras",
    "backend.start": "from core.train import backend; backend.start()",
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in CASES}
    for repeat in range(options.repeats + 1):
        for name, code in CASES.items():
            begun = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", code], cwd=ROOT, check=True, stderr=subprocess.DEVNULL
            )
            if repeat:  # the first round warms the disk's cache
                seconds[name].append(time.perf_counter() - begun)
    plain, ours = (statistics.median(seconds[name]) for name in CASES)
    rows = [(name, spread(values)) for name, values in seconds.items()]
    show("TensorFlow's import", ("how", "seconds"), [*rows, ("ratio", f"{plain / ours:.2f}")])


if __name__ == "__main__":
    main()
