"""How something is learned on top of a pretrained backbone."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import field_validator

from core.specs.layers.pretrained import BackboneName, network, run, weights
from core.specs.spec import Spec, setting

# what a network is shown of an image
View = Literal["plain", "flipped", "closer", "closer-flipped"]
NONE, ALL = "none", "all"
_LAST = re.compile(r"last-(\d{1,3})-blocks?")
_MOST = 200  # blocks


def last(count: int) -> str:
    """What TransferSpec.finetune says of so many last blocks."""
    return f"last-{count}-block{'s' if count > 1 else ''}"


def decay() -> Any:
    """The declaration of how fast a backbone learns."""
    return setting(
        0.8,
        gt=0.0,
        le=1.0,
        step=0.05,
        label="Slower by block",
        help="Share of the learning rate with which each block learns, of that of the block behind it: "
        "what is further in front knows more of images in general, and is changed less.",
    )


class HeadSpec(Spec):
    """How the layers behind a frozen backbone are found: solved for, on features computed once."""

    head: Literal["auto", "linear", "hidden"] = setting(
        "auto",
        label="Head",
        help="What is learned on top of the features. One layer is found in a second or two; a hidden "
        "layer between takes longer and is better where there are many images: it is tried from 10,000 "
        "training images on, and alone from 20,000.",
        labels={
            "auto": "What is better on validation images",
            "linear": "One layer",
            "hidden": "A hidden layer, then one more",
        },
    )
    units: int = setting(
        512,
        ge=8,
        le=4096,
        step=8,
        label="Hidden units",
        help="Width of the hidden layer, where there is one.",
    )
    flips: bool = setting(
        False,
        label="Learn from mirror images too",
        help="Each training image is learned from as it is and with left and right exchanged. Twice "
        "the time the first time; not where left and right matter, as in letters.",
    )
    zooms: bool = setting(
        False,
        label="Learn from closer views too",
        help="Each training image is learned from as it is and with its middle filling the frame, an "
        "eighth cut off at each side. Twice the time the first time; with mirror images, four times. Where "
        "all of the network learns on, images are enlarged and shrunk by up to an eighth instead.",
    )

    @property
    def views(self) -> tuple[View, ...]:
        """What the network is shown of each training image."""
        far: tuple[View, ...] = ("plain", "flipped") if self.flips else ("plain",)
        near: tuple[View, ...] = ("closer", "closer-flipped") if self.flips else ("closer",)
        return far + near if self.zooms else far


class FineTuneSpec(Spec):
    """How a backbone learns on, once the head in front of which it stands has been found.

    The learning rate is the head's; each block further in front of it learns with a share of that of
    the block behind it (Howard and Ruder, Universal Language Model Fine-tuning, 2018).
    """

    blocks: int | None = setting(
        5,
        ge=1,
        le=_MOST,
        label="Blocks that learn",
        help="How many of the last blocks learn. Those before them stay as they are, and what they "
        "make of an image is computed once.",
        empty="All",
    )
    decay: float = decay()


class TransferSpec(HeadSpec):
    """A transfer as a person orders it; core.transfer.compose makes a run of it."""

    backbone: BackboneName = network()
    run: str | None = run()
    weights: str | None = weights()
    finetune: str = setting(
        NONE,
        label="Fine-tune",
        help="What of the backbone learns on, once the head is found: none of it, its last blocks or "
        "all. It takes minutes, and pays where there are thousands of images; what was better on "
        "validation images is kept.",
        form="none, all or, say, last-5-blocks",
    )
    epochs: int | None = setting(
        None,
        ge=1,
        le=1000,
        label="Epochs of fine-tuning",
        help="How many times fine-tuning goes through all training images.",
        empty="By the number of images",
    )
    learning_rate: float | None = setting(
        None,
        gt=0.0,
        le=10.0,
        step=0.0001,
        label="Learning rate",
        help="Of the head in fine-tuning, at its highest: it rises first and falls to zero. The blocks "
        "learn with a share of it.",
        empty="By the number of images",
    )
    decay: float = decay()
    size: int | None = setting(
        None,
        ge=32,
        le=512,
        step=32,
        label="Image size",
        help="Height and width at which the backbone sees images. Larger shows it more and takes "
        "longer: twice the size, four times the time.",
    )

    @field_validator("finetune")
    @classmethod
    def _known(cls, value: str) -> str:
        found = _LAST.fullmatch(value)
        if value not in (NONE, ALL) and not (found and 1 <= int(found[1]) <= _MOST):
            raise ValueError("none, all or, say, last-5-blocks")
        return value

    @property
    def tuning(self) -> FineTuneSpec | None:
        """What `finetune` says."""
        if self.finetune == NONE:
            return None
        found = _LAST.fullmatch(self.finetune)
        return FineTuneSpec(blocks=int(found[1]) if found else None, decay=self.decay)
