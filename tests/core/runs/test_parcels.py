"""core.runs.parcels: what is sent to a browser of the curves it draws."""

from __future__ import annotations

import base64
import json
from array import array
from pathlib import Path
from typing import Any

import pytest

from core.files import append_json
from core.runs.curves import Curves
from core.runs.history import History
from core.runs.parcels import KEPT, Sent, parcel

NAMES = ("batch loss", "batch accuracy", "epoch val_loss")


def floats(text: str) -> list[float]:
    """As the browser reads them."""
    numbers = array("f")
    numbers.frombytes(base64.b64decode(text))
    return list(numbers)


class Browser:
    """Keeps what it is sent as curves.js does."""

    def __init__(self) -> None:
        self.lines: dict[str, Any] = {}

    def take(self, data: dict[str, Any]) -> bool:
        """Put new points behind those there are; False where some between are missing."""
        data = json.loads(json.dumps(data))
        for name, line in data["lines"].items():
            held = self.lines.get(name)
            same = held and (held["stamp"], held["width"]) == (data["stamp"], line["width"])
            if line["from"] and not (same and len(held["points"]) >= line["from"]):
                return False
        for name, line in data["lines"].items():
            before = self.lines[name]["points"][: line["from"]] if line["from"] else []
            points = [*before, *zip(floats(line["x"]), floats(line["y"]), strict=True)]
            self.lines[name] = {"stamp": data["stamp"], "width": line["width"], "points": points}
        return True


@pytest.fixture
def curves(tmp_path: Path) -> Curves:
    """Of a file that is still empty."""
    path = tmp_path / "metrics.jsonl"
    path.touch()
    return Curves(History(path), "epoch", 0.0)


def grow(curves: Curves, number: int, count: int = 4) -> None:
    """Add batch lines, sixteen to an epoch, with numbers that 32 bits hold."""
    for place in range(number, number + count):
        values = {"loss": float(place % 7), "accuracy": 0.5}
        line = {"event": "batch", "epoch": place / 16, "time": float(place), **values}
        append_json(curves.history.path, line)
    curves.look()


def same(browser: Browser, curves: Curves) -> bool:
    """Whether the browser has all there is."""
    return all(
        browser.lines[name]["points"] == line.points() for name, line in curves.lines.items()
    )


@pytest.mark.parametrize("lost", [set(), {3, 4, 9, 50, 51, 200, 201}])
def test_a_browser_has_everything_though_messages_are_lost(curves: Curves, lost: set[int]) -> None:
    """It is sent little and has the whole line, even where two messages of three never came."""
    browser, sent = Browser(), list[Sent]()
    sizes = []
    for number in range(300):
        grow(curves, 4 * number)
        data, now = parcel(curves, NAMES, sent)
        sent = [*sent, now][-KEPT:]
        if number not in lost:
            assert browser.take(data)
            assert same(browser, curves)
        sizes.append(len(json.dumps(data)))
    assert max(sizes) < 10_000  # all of it, when stretches get longer
    assert sorted(sizes)[len(sizes) // 2] < 1_000


def test_who_lacks_too_much_knows_it(curves: Curves) -> None:
    """A browser that missed more finds out, and has everything when all is sent again."""
    browser, sent = Browser(), list[Sent]()
    for number in range(10):
        grow(curves, 4 * number)
        data, now = parcel(curves, NAMES, sent)
        sent = [*sent, now][-KEPT:]
    assert not browser.take(data)
    assert browser.take(parcel(curves, NAMES, [])[0])
    assert same(browser, curves)


def test_another_curve_is_sent_whole(curves: Curves) -> None:
    """Where the file was replaced, nothing goes behind the old points."""
    browser = Browser()
    grow(curves, 0, 20)
    data, sent = parcel(curves, NAMES, [])
    assert browser.take(data)
    curves.history.path.unlink()
    curves.history.path.touch()
    curves.look()
    grow(curves, 40, 3)
    assert browser.take(parcel(curves, NAMES, [sent])[0])
    assert [x for x, _ in browser.lines["batch loss"]["points"]] == [2.5, 2.5625, 2.625]
