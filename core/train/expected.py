"""How long a fine-tuning will take on this machine, as far as it can be told before."""

from __future__ import annotations

from dataclasses import dataclass

from core.design.cost import Speed
from core.design.counts import Counted, counted, seconds
from core.specs import Backbone, TransferSpec
from core.specs.transfer import ALL, NONE, last
from core.transfer import compose, offers

_SHARE = 0.7  # of a set's images that are learned from, about
_OFFERED = 8  # numbers of last blocks, of a network whose blocks are not known before it is built


@dataclass(frozen=True)
class Choice:
    """One of the ways in which a backbone can be fine-tuned.

    Attributes:
        finetune: as TransferSpec has it.
        count: how many of the last blocks learn; None where all do.
        blocks: those that learn; empty where they are not known before the network is built.
        seconds: that it takes, the looks at the images included; None where this machine was not
            measured.
    """

    finetune: str
    count: int | None
    blocks: tuple[Counted, ...]
    seconds: float | None

    @property
    def parameters(self) -> int:
        """Of the blocks that learn."""
        return sum(block.parameters for block in self.blocks)


def choices(
    layer: Backbone, transfer: TransferSpec, images: int, size: int, speed: Speed | None
) -> list[Choice]:
    """All ways, from none of the backbone's blocks to all of them.

    Args:
        images: of the set.
        size: height and width at which the backbone sees them.
        speed: of this machine; None where it was not measured.
    """
    found = counted(layer.network)
    offered = len(found) - 1 if found else _OFFERED
    looks = _looks(layer, transfer, images, size)
    learned = int(_SHARE * images)
    epochs: int = compose.training(transfer, images)["epochs"]

    def choice(name: str, count: int | None) -> Choice:
        blocks = found if count is None else found[len(found) - count :]
        took = None
        if speed is not None and looks is not None and (blocks or count == 0):
            # of what is learned from whole, other images are drawn each time
            views = len(transfer.views) if count is not None else 1
            took = looks + epochs * views * learned * seconds(blocks, size, speed)
        return Choice(name, count, blocks, took)

    some = [choice(last(count), count) for count in range(1, offered + 1)]
    return [choice(NONE, 0), *some, choice(ALL, None)]


def _looks(layer: Backbone, transfer: TransferSpec, images: int, size: int) -> float | None:
    """Seconds that the looks at all images take, each once; None where that was not measured."""
    known = offers.offer(layer)
    if known.milliseconds is None:
        return None
    area = (size / known.facts.size) ** 2
    return len(transfer.views) * images * area * known.milliseconds / 1000
