"""What the benchmarks share: the machine's name, medians, and a table to paste into the docs."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path


def machine() -> str:
    """Processor, cores in use and system, in words."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def spread(values: Sequence[float], unit: str = "s") -> str:
    """Median and range: 0.21 s (0.19 to 0.25)."""
    middle = statistics.median(values)
    return f"{middle:.3g} {unit} ({min(values):.3g} to {max(values):.3g})"


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table under the machine's name."""
    print(f"\n{title}\n{machine()}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
