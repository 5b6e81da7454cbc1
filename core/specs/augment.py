"""How training images are changed, so that a network never sees quite the same one twice."""

from __future__ import annotations

from typing import Literal

from core.specs.spec import Spec, setting


class AugmentSpec(Spec):
    """Random changes of training images; all off unless set. Validation and tests see images as they are.

    `mirror` is the exception: it changes nothing in training, but has validation, tests and predictions
    see mirror images too.
    """

    flip: Literal["none", "horizontal", "vertical", "both"] = setting(
        "none",
        label="Flip",
        help="Mirror every other image, at random. Horizontal suits most photos; none where left and "
        "right matter, as in digits and letters; both where there is no upright, as from above.",
        labels={
            "none": "None",
            "horizontal": "Left and right",
            "vertical": "Top and bottom",
            "both": "Both",
        },
    )
    shift: float = setting(
        0.0,
        ge=0.0,
        le=0.5,
        step=0.025,
        label="Shift",
        help="Move images by up to this share of their side, in any direction. What comes in at the "
        "edge is the image mirrored. 0.125 is usual: 4 pixels of 32.",
    )
    rotation: float = setting(
        0.0,
        ge=0.0,
        le=180.0,
        step=5.0,
        label="Rotation",
        help="Turn images by up to this many degrees, either way. 10 to 15 suits most photos; 180 only "
        "where there is no upright.",
    )
    zoom: float = setting(
        0.0,
        ge=0.0,
        le=0.5,
        step=0.05,
        label="Zoom",
        help="Make images larger or smaller by up to this share: 0.1 shows things at 90% to 110% of "
        "their size.",
    )
    contrast: float = setting(
        0.0,
        ge=0.0,
        le=0.9,
        step=0.05,
        label="Contrast",
        help="Strengthen or weaken the contrast by up to this share, around the image's mean colour.",
    )
    cutout: float = setting(
        0.0,
        ge=0.0,
        le=0.75,
        step=0.05,
        label="Cutout",
        help="Cover a square at a random place, of this share of the image's side, with the image's "
        "mean colour, so that the network cannot rely on one detail. 0.25 to 0.5 is usual.",
    )
    mixup: float = setting(
        0.0,
        ge=0.0,
        le=2.0,
        step=0.1,
        label="Mixup",
        help="Blend every image with another one, and ask for both classes in the same shares. This is "
        "alpha: at 0.2 most blends are nearly one image, at 1 all shares are as likely.",
    )
    cutmix: float = setting(
        0.0,
        ge=0.0,
        le=2.0,
        step=0.1,
        label="CutMix",
        help="Paste a piece of another image into every image, and ask for both classes by their areas. "
        "This is alpha: at 1 pieces of all sizes are as likely. With Mixup on too, chance picks one.",
    )

    mirror: bool = setting(
        False,
        label="Average answers with the mirror image",
        help="In validation, tests and predicting, show the network an image and its mirror image, "
        "left and right exchanged, and average the two answers. On photos this often gains a point "
        "of accuracy, for twice the time of predicting; training itself stays as it is. Best with "
        "Flip; not where left and right matter, as in digits and letters.",
    )

    @property
    def active(self) -> bool:
        """Whether training images are changed at all."""
        return self.model_copy(update={"mirror": False}) != AugmentSpec()
