"""How long a fine-tuning will take on this machine, as far as it can be told before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.design.cost import Speed
from core.design.counts import Counted, counted, seconds
from core.specs import Backbone, TransferSpec
from core.specs.transfer import ALL, NONE
from core.transfer import compose, offers


@dataclass(frozen=True)
class Choice:
    """One of the ways in which a backbone can be fine-tuned.

    Attributes:
        finetune: as TransferSpec has it.
        blocks: that learn.
        seconds: that it takes, the looks at the images included; None where this machine was not
            measured.
    """

    finetune: str
    blocks: tuple[Counted, ...]
    seconds: float | None

    @property
    def parameters(self) -> int:
        """Of the blocks that learn."""
        return sum(block.parameters for block in self.blocks)


def choices(transfer: TransferSpec, images: int, size: int, speed: Speed | None) -> list[Choice]:
    """All ways, from none of the backbone's blocks to all of them.

    Args:
        images: that are learned from.
        size: height and width at which the backbone sees them.
        speed: of this machine; None where it was not measured.
    """
    found = counted(transfer.backbone)
    ways = [(NONE, found[:0])]
    ways += [
        (f"last-{count}-block{'s' if count > 1 else ''}", found[-count:])
        for count in range(1, len(found))
    ]
    ways.append((ALL, found))
    looks = _looks(transfer, images, size)
    return [
        Choice(name, blocks, _took(transfer, blocks, images, size, speed, looks))
        for name, blocks in ways
    ]


def _took(
    transfer: TransferSpec,
    blocks: Sequence[Counted],
    images: int,
    size: int,
    speed: Speed | None,
    looks: float | None,
) -> float | None:
    if speed is None or looks is None:
        return None
    epochs: int = compose.training(transfer, images)["epochs"] * (2 if transfer.flips else 1)
    return looks + epochs * images * seconds(blocks, size, speed)


def _looks(transfer: TransferSpec, images: int, size: int) -> float | None:
    """Seconds that the looks at all images take, each once; None where that was not measured."""
    layer = Backbone(network=transfer.backbone, weights=transfer.weights)
    each = offers.offer(layer).milliseconds
    if each is None:
        return None
    area = (size / offers.offer(layer).facts.size) ** 2
    return (2 if transfer.flips else 1) * images * area * each / 1000
