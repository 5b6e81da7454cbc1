"""What a worker takes of its machine: processors, memory, and the graphics card where there is one."""

from __future__ import annotations

import os
from typing import Any

import psutil

from core.train.graphics import Card


class Usage:
    """Measures this process from one look to the next.

    cpu is the share of all processors of the machine, 0 to 1, so that one busy core of two is 0.5;
    memory is what is in main memory now, memory_peak the most of all looks, both in bytes. gpu and
    gpu_memory are those of the whole card, whoever uses it, since its driver tells no more to all.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()  # counts from here
        self._card = Card.first()
        self._peak = 0

    def look(self) -> dict[str, Any]:
        """The fields of RunStatus, since the look before."""
        try:
            share = self._process.cpu_percent() / 100 / (os.cpu_count() or 1)
            memory = self._process.memory_info().rss
        except psutil.Error:  # where the system forbids to look
            return {}
        self._peak = max(self._peak, memory)
        told: dict[str, Any] = {
            "cpu": round(min(1.0, share), 3),
            "memory": memory,
            "memory_peak": self._peak,
        }
        if self._card is not None and (load := self._card.look()) is not None:
            told |= {"gpu": load.share, "gpu_memory": load.memory}
        return told
