"""The features of a set's images, each computed once and kept.

datasets/.cache/features/<network>-<version>-<engine>-<size>-<view>/    see core.transfer.store
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import workspace
from core.data.dataset import Dataset
from core.data.splits import Indices
from core.specs import Backbone
from core.specs.transfer import View
from core.transfer import room
from core.transfer.engines import Engine, Images
from core.transfer.store import Features, Store

CUT = 1 / 8  # of a closer view's image, at each side
_SECONDS = 0.5  # of work between two looks around
_PARTS = 2  # under way at once
_STEP = 16  # images, by which parts are larger
_TABLES = "labels", "parts", "digests", "twins", "sizes"
_FIRST = 32  # images, before it is known how long they take

# (images done, images in all, how many of them were there already) -> whether to go on
Told = Callable[[int, int, int], bool]


class Extractor:
    """Computes features with one backbone and keeps them.

    Args:
        version: of the backbone and its engine; features of another one are not used.
        size: height and width of the images as the backbone sees them.
    """

    def __init__(self, layer: Backbone, engine: Engine, version: str, size: int) -> None:
        self._engine, self._size = engine, size
        self._name = f"{layer.network}-{version}-{size}"
        self._stores: dict[View, Store] = {}
        self.computed = 0  # images, so far

    def of(self, data: Dataset, rows: Indices, told: Told, view: View = "plain") -> Features | None:
        """The features of these rows in their order, [n, width]; None where it was stopped.

        What was computed before a stop is kept.

        Raises:
            DataError: the decoded images are gone.
            ModelError: the backbone makes no numbers of some.
            SpecError: $LAYERWISE_FEATURES is not valid.
            StorageError: there is no room to keep them.
        """
        store = self._store(view)
        room.use(store.folder)
        digests = data.images.digests[rows]
        missing = store.missing(digests)
        known = len(rows) - len(missing)

        def compute(places: Indices) -> int:
            pixels = np.asarray(data.images.images[rows[places]])
            store.add(digests[places], self._engine.run(pixels, self._prepare(view)))
            return len(places)

        going = told(known, len(rows), known)
        begun, begins, done, count = time.perf_counter(), 0, 0, _FIRST
        # while the last of one part are computed and kept, the first of the next one are
        with ThreadPoolExecutor(_PARTS) as pool:
            parts: deque[Future[int]] = deque()
            while parts or (begins < len(missing) and going):
                while begins < len(missing) and going and len(parts) < _PARTS:
                    parts.append(pool.submit(compute, missing[begins : begins + count]))
                    begins += count
                done += parts.popleft().result()
                room.touch(store.folder)
                going = told(known + done, len(rows), known) and going
                speed = done / max(1e-6, time.perf_counter() - begun)
                count = max(_STEP, min(2 * count, int(speed * _SECONDS) // _STEP * _STEP))
        self.computed += done
        return store.read(digests) if going else None

    def _store(self, view: View) -> Store:
        if view not in self._stores:
            parent = workspace.datasets_folder() / ".cache" / "features"
            folder = parent / f"{self._name}-{view}"
            self._stores[view] = Store(folder, self._engine.width, self._engine.kept)
        return self._stores[view]

    def _prepare(self, view: View) -> Callable[[Images], Images]:
        def prepare(images: Images) -> Images:
            if view.startswith("closer"):
                images = enlarged(images, self._size, CUT)
            elif images.shape[1] != self._size:
                images = enlarged(images, self._size)
            return images[:, :, ::-1] if view.endswith("flipped") else images

        return prepare


def enlarged(images: NDArray[np.uint8], size: int, cut: float = 0.0) -> Images:
    """Images of another height and width, uint8 [n, size, size, 3], as the saved model makes them.

    Bilinear, as keras.layers.Resizing: the two differ by rounding to whole numbers alone.

    Args:
        cut: share of the image that is left out at each side.
    """
    near, far = cut * images.shape[1], (1 - cut) * images.shape[1]
    return np.stack(
        [
            np.asarray(
                Image.fromarray(image).resize(
                    (size, size), Image.Resampling.BILINEAR, (near, near, far, far)
                )
            )
            for image in images
        ]
    )


class FeatureSet(Dataset):
    """A set whose images are features, float16 [n, width] or [n, height, width, channels]."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels; a row of numbers counts as one pixel."""
        height, width, channels = (1, 1, *self.images.images.shape[1:])[-3:]
        return height, width, channels


def feature_set(data: Dataset, rows: Indices, values: Features) -> FeatureSet:
    """The set of these rows with `values` for images; row i of it is rows[i] of `data`."""
    changes: dict[str, Any] = {name: getattr(data.images, name)[rows] for name in _TABLES}
    names = tuple(data.images.names[row] for row in rows) if data.images.names else ()
    return FeatureSet(
        data.spec, replace(data.images, **changes, images=cast("Any", values), names=names)
    )
