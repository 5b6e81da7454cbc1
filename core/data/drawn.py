"""The built-in sketches as a source: drawn on first use, no file and no network needed."""

from __future__ import annotations

from core.data import sketches
from core.data.decode import to_array
from core.data.source import Item, Pixels, Skipped
from core.specs.data import Fit

PER_CLASS = 150
SIZE = 96  # pixels each drawing is made at


class SketchSource:
    """150 drawings of each gear class."""

    title = "Sketches (drawings)"
    classes = sketches.CLASSES
    skipped: list[Skipped] = []  # noqa: RUF012 - drawings are never unreadable
    default_size = 64
    default_channels = 3

    def __init__(self) -> None:
        self.items = [
            Item(f"{name}/{number:03d}", label)
            for label, name in enumerate(self.classes)
            for number in range(PER_CLASS)
        ]

    def fingerprint(self) -> str:
        return f"sketches-{sketches.VERSION}"

    def content(self) -> str:
        return self.fingerprint()

    def pixels(
        self, index: int, size: int, fit: Fit, channels: int
    ) -> tuple[Pixels, tuple[int, int]]:
        image = sketches.draw(self.classes[index // PER_CLASS], index % PER_CLASS, SIZE)
        return to_array(image, size, fit=fit, channels=channels), (SIZE, SIZE)
