"""How something is learned on top of a pretrained backbone."""

from __future__ import annotations

from typing import Literal

from core.specs.layers.pretrained import BackboneName, network, weights
from core.specs.spec import Spec, setting


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
        768,
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


class TransferSpec(HeadSpec):
    """A transfer as a person orders it; core.transfer.compose makes a run of it."""

    backbone: BackboneName = network()
    weights: str | None = weights()
    size: int | None = setting(
        None,
        ge=32,
        le=512,
        step=32,
        label="Image size",
        help="Height and width at which the backbone sees images. Larger shows it more and takes "
        "longer: twice the size, four times the time.",
    )
