"""The blocks of each pretrained network, known without loading it: what fine-tuning them takes.

counts.json is written by ``python -m core.transfer.counted``; a test compares it with the networks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from core.design.cost import Speed, Work
from core.specs.spec import Spec

PATH = Path(__file__).parent / "counts.json"


class Counted(Spec):
    """Of one block; see core.transfer.graph.

    Attributes:
        layers: that have weights.
        conv: multiply-adds for each pixel of an image, of convolutions that mix channels.
        depthwise: of those that do not.
        moved: values for each pixel that what computes next to nothing reads, and leaves as many.
        channels: of the maps that leave it.
        stride: pixels of the image that one place of these maps stands for.
    """

    name: str
    layers: int
    parameters: int
    conv: float
    depthwise: float
    moved: float
    channels: int
    stride: int


def counted(network: str) -> tuple[Counted, ...]:
    """The blocks of a network, the first in front; empty where nothing is known of them."""
    return _read().get(network, ())


@cache
def _read() -> dict[str, tuple[Counted, ...]]:
    return TypeAdapter(dict[str, tuple[Counted, ...]]).validate_json(PATH.read_bytes())


def training(blocks: Sequence[Counted], size: int) -> Work:
    """The work of one training step through these blocks for one image of that height and width."""
    pixels = size * size
    # forward, back to the weights and back to the input; what computes nothing goes there and back
    return Work(
        conv=3 * pixels * sum(block.conv for block in blocks),
        depthwise=3 * pixels * sum(block.depthwise for block in blocks),
        moved=2 * pixels * sum(block.moved for block in blocks),
    )


def seconds(blocks: Sequence[Counted], size: int, speed: Speed) -> float:
    """How long training these blocks takes for one image of that height and width."""
    return speed.seconds(training(blocks, size))


def write(found: dict[str, list[Counted]]) -> None:
    """Replace the file."""
    told = {name: [block.model_dump() for block in blocks] for name, blocks in found.items()}
    lines = ",\n".join(
        f" {json.dumps(name)}: [\n"
        + ",\n".join(f"  {json.dumps(block)}" for block in blocks)
        + "\n ]"
        for name, blocks in told.items()
    )
    PATH.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
