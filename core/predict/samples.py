"""Photos to try a model on: test images of its own set, which training never saw."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from core.data.dataset import load
from core.runs.run import Run


def held_back(run: Run, count: int, seed: int = 0) -> list[tuple[str, bytes]]:
    """(name with the true class, PNG file) of `count` test images of different classes if possible.

    Another seed picks other images. Raises NotFoundError when the set is no longer there.
    """
    spec = run.spec
    data = load(spec.data)
    rows = data.split(spec.train.validation_share).test
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(rows)
    # first one image of every class, then the others
    _, first = np.unique(data.images.labels[shuffled], return_index=True)
    rest = np.setdiff1d(np.arange(len(shuffled)), first)
    picked = shuffled[np.concatenate([rng.permutation(first), rest])][:count]
    photos = []
    for number, row in enumerate(picked, start=1):
        label = data.classes[data.images.labels[row]].replace("/", "-")
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(data.images.images[row]).squeeze()).save(buffer, "PNG")
        photos.append((f"test image {number} ({label}).png", buffer.getvalue()))
    return photos
