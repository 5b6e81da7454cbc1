"""core.train.usage and core.train.graphics: what a worker takes of its machine."""

from __future__ import annotations

import ctypes
import os
import time

import psutil
import pytest

from core.runs.status import RunStatus
from core.train.graphics import Card
from core.train.usage import Usage


def test_a_busy_process_is_told_from_one_at_rest() -> None:
    """Computing shows in the processors' share, which is one of all of them, and sleeping does not."""
    usage = Usage()
    time.sleep(0.3)
    rest = usage.look()["cpu"]
    own = psutil.Process()
    before = sum(own.cpu_times()[:2])
    while sum(own.cpu_times()[:2]) - before < 0.3:
        sum(range(10_000))
    busy = usage.look()["cpu"]
    assert 0 <= rest < busy <= 1


def test_memory_and_its_peak() -> None:
    """Bytes of this process; the most it had stays when they are given back."""
    usage = Usage()
    before = usage.look()["memory"]
    ballast = bytearray(os.urandom(1 << 20)) * 64
    full = usage.look()
    del ballast
    after = usage.look()
    assert full["memory"] > before + (32 << 20)
    assert after["memory_peak"] >= full["memory"]


def test_it_is_told_in_fields_of_the_status() -> None:
    """What is measured fits into status.json."""
    told = Usage().look()
    assert RunStatus().changed(**told).memory == told["memory"]


def test_a_hidden_card_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a training may use no card, none is looked at."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert Card.first() is None


def test_a_card_tells_how_busy_it_is() -> None:
    """With a card there are its share and its memory; without one, nothing and no error."""
    card = Card.first()
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        assert card is None
        return
    if card is not None and (load := card.look()) is not None:
        assert load.share is None or 0 <= load.share <= 1
        assert load.memory >= 0
