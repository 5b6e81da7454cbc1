"""A set of images ready to train on: what a DataSpec stands for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.data import catalogue
from core.data.cache import Prepared, Progress, prepare
from core.data.source import Part, require_two
from core.data.splits import Split, part_of, split
from core.specs import DataSpec


@dataclass(frozen=True)
class Dataset:
    """The decoded images of a DataSpec. See Prepared for the arrays."""

    spec: DataSpec
    images: Prepared

    @property
    def title(self) -> str:
        """The set's name on screen."""
        return self.images.title

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order."""
        return self.images.classes

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        height, width, channels = self.images.images.shape[1:]
        return height, width, channels

    def split(self, validation_share: float, train_share: float = 1.0) -> Split:
        """Row numbers for training, validation and test.

        Args:
            train_share: of what is left for training; the other images are in no part.
        """
        own = self.spec.parts == "own"
        parts = self.images.parts if own else np.full_like(self.images.parts, Part.ANY)
        whole = split(
            names=self.images.names,
            labels=self.images.labels,
            parts=parts,
            twins=self._kept_together,
            classes=self.classes,
            test_share=self.spec.test_share,
            validation_share=validation_share,
            seed=self.spec.split_seed,
        )
        if train_share == 1.0:
            return whole
        learned = part_of(
            whole.train,
            train_share,
            names=self.images.names,
            labels=self.images.labels,
            twins=self._kept_together,
            seed=self.spec.split_seed,
        )
        return replace(whole, train=learned)

    def counts(self) -> dict[str, int]:
        """Number of images of each class."""
        counted = np.bincount(self.images.labels, minlength=len(self.classes))
        return dict(zip(self.classes, counted.tolist(), strict=True))

    def alike(self) -> int:
        """Number of images that have a copy, or near twins where these are kept together."""
        _, counts = np.unique(self._kept_together, return_counts=True)
        return int(counts[counts > 1].sum())

    @property
    def near_twins(self) -> bool:
        """Whether more than copies are kept together."""
        return bool(np.any(self._kept_together != self.images.digests))

    @property
    def _kept_together(self) -> NDArray[np.uint64]:
        """A number for each image; those that have the same one are in one part of a split."""
        return self.images.twins if self.spec.together == "twins" else self.images.digests

    def sample(self, label: int, count: int) -> list[int]:
        """Row numbers of `count` images of a class, evenly spread over it."""
        rows = np.flatnonzero(self.images.labels == label)
        picks = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)
        return [int(row) for row in rows[np.unique(picks)]]


def load(spec: DataSpec, progress: Progress | None = None) -> Dataset:
    """Find, decode (or map from the cache) and check the images of `spec`.

    Raises:
        NotFoundError: no such set, folder or download.
        DataError: nothing readable, or fewer than two classes.
        StorageError: the cache cannot be written.
    """
    source = catalogue.source(spec.source)
    channels = {"rgb": 3, "gray": 1, "auto": source.default_channels}[spec.color]
    prepared = prepare(source, spec.size or source.default_size, spec.fit, channels, progress)
    require_two(prepared.title, prepared.classes)
    return Dataset(spec, prepared)
