"""How busy an NVIDIA card is, asked of its driver's own library (NVML) without any package.

https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Self

_LIBRARIES = "libnvidia-ml.so.1", "nvml.dll"
_OK = 0


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_ulonglong) for name in ("total", "free", "used"))


@dataclass(frozen=True)
class Load:
    """A card at a moment.

    Attributes:
        share: of the last moments in which it was busy, 0 to 1; None where it does not tell.
        memory: bytes in use.
    """

    share: float | None
    memory: int


class Card:
    """A card that NVML knows."""

    def __init__(self, library: ctypes.CDLL, handle: ctypes.c_void_p) -> None:
        self._library, self._handle = library, handle

    @classmethod
    def first(cls) -> Self | None:
        """The card that a training uses; None where there is none or it is hidden."""
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
        library = _library()
        if library is None or visible in ("", "-1", "NoDevFiles"):
            return None
        handle = ctypes.c_void_p()
        if visible.isdecimal():
            found = library.nvmlDeviceGetHandleByIndex_v2(int(visible), ctypes.byref(handle))
        else:
            found = library.nvmlDeviceGetHandleByUUID(visible.encode(), ctypes.byref(handle))
        return cls(library, handle) if found == _OK else None

    def look(self) -> Load | None:
        """How busy it is now; None where the driver does not tell."""
        busy, memory = _Utilization(), _Memory()
        told = self._library.nvmlDeviceGetUtilizationRates(self._handle, ctypes.byref(busy))
        if self._library.nvmlDeviceGetMemoryInfo(self._handle, ctypes.byref(memory)) != _OK:
            return None
        return Load(busy.gpu / 100 if told == _OK else None, memory.used)


def _library() -> ctypes.CDLL | None:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        if library.nvmlInit_v2() == _OK:
            return library
    return None
