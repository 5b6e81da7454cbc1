"""Remedies for a pretrained network that learns on: what it is, and how far each step goes."""

from __future__ import annotations

from collections.abc import Iterator

from core.design.backbones import used
from core.design.counts import counted
from core.health.case import Case
from core.health.diagnosis import Remedy
from core.health.remedies.changes import rate, told, trained
from core.specs.transfer import last


def exploding(case: Case) -> Iterator[Remedy]:
    """Smaller steps."""
    yield _slower(case, 10)


def overfitting(case: Case) -> Iterator[Remedy]:
    """More to learn from, less that learns, or smaller steps."""
    head, tuning = case.spec.head, case.spec.finetune
    if head is None or tuning is None:
        return
    if not head.flips:
        yield Remedy(
            "Fine-tune again with mirror images",
            "Each training image is learned from with left and right exchanged too; not where these "
            "matter, as in letters.",
            case.spec.changed(head=head.changed(flips=True)),
        )
    layer = used(case.spec.model)
    every = len(counted(layer.network)) if layer is not None else 0
    blocks = min(tuning.blocks or every, every or tuning.blocks or 0)
    if blocks > 1:
        fewer = blocks // 2
        yield Remedy(
            f"Fine-tune again with the {last(fewer).replace('-', ' ')}",
            "Half as much of the network can learn the training images by heart.",
            case.spec.changed(finetune=tuning.changed(blocks=fewer)),
        )
    yield _slower(case, 3)


def _slower(case: Case, times: float) -> Remedy:
    lower = rate(case, 1 / times)
    return Remedy(
        f"Fine-tune again at {told(lower)}",
        f"A learning rate {times:g} times smaller: what the network knew stays closer to what it was.",
        trained(case, learning_rate=lower),
    )
