"""Whether a training fits in this machine's memory."""

from __future__ import annotations

from pathlib import Path

import psutil

from core import words
from core.design.advice import UNSURE
from core.design.analysis import Analysis
from core.design.cost import training_memory
from core.errors import SpecError
from core.specs import TrainSpec

_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of the container, if this is one
_POOL = "Put Global average pooling right behind the Backbone, or use smaller images"


def total() -> int:
    """Bytes of memory that this machine, or its container, has."""
    memory = int(psutil.virtual_memory().total)
    try:
        limit = _LIMIT.read_text().strip()
    except OSError:
        return memory
    return min(memory, int(limit)) if limit.isdecimal() else memory


def require_features(images: int, values: int, size: int = 2, remedy: str = _POOL) -> None:
    """Raise SpecError where what a frozen network makes of the images surely does not fit in memory.

    Args:
        values: numbers of an image.
        size: bytes of a number.
    """
    needed, memory = size * images * values, total()
    if needed > UNSURE * memory:
        raise SpecError(
            "What the pretrained network makes of the images does not fit in memory",
            expected=f"at most the {words.size(memory)} of this machine",
            received=f"about {words.size(needed)}: {values:,} numbers for each of {images:,} images",
            remedy=remedy,
        )


def require_blocks(images: int, values: int) -> None:
    """Raise SpecError where a batch of what a pretrained network's blocks learn from surely does not fit.

    Args:
        images: in a batch.
        values: numbers of an image that the way back through the blocks needs, at least.
    """
    needed, memory = 4 * images * values, total()
    if needed > UNSURE * memory:
        raise SpecError(
            "The blocks of the pretrained network that learn do not fit in memory",
            expected=f"at most the {words.size(memory)} of this machine",
            received=f"about {words.size(needed)} at batch size {images}",
            remedy="Fine-tune fewer blocks, use a smaller batch size, or smaller images",
        )


def require(analysis: Analysis, train: TrainSpec) -> None:
    """Raise SpecError where a training surely needs more memory than there is."""
    needed, memory = training_memory(analysis, train), total()
    if needed > UNSURE * memory:
        raise SpecError(
            f"The design {analysis.model.name} does not fit in memory",
            expected=f"at most the {words.size(memory)} of this machine",
            received=f"about {words.size(needed)} at batch size {train.batch_size}",
            remedy="Use a smaller batch size, a smaller working size, or fewer filters and units",
        )
