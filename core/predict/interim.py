"""The best weights so far of a run that still trains, as a classifier of photos.

Computed in NumPy (core.design.forward) from model.keras, in the app: exporting to ONNX would start
TensorFlow beside the training for each better epoch, and slow it down.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.decode import decode
from core.design.analysis import analyse
from core.design.backbones import used
from core.design.forward import computable, forward
from core.design.operations import Values
from core.design.weights import trained
from core.errors import ModelError
from core.predict.prediction import Prediction
from core.runs import labels
from core.runs.run import Run


class Interim:
    """The model of a run as it was saved last, loaded once.

    Raises:
        ModelError: there is no model yet, or the design is too large for NumPy (see
            core.design.forward.computable).
    """

    def __init__(self, run: Run) -> None:
        self._labels = labels.read(run)
        self.classes = self._labels.classes
        self._design = analyse(run.spec.model, self._labels.shape, len(self.classes))
        self._mirror = run.spec.augment.mirror
        if used(run.spec.model) is not None:
            raise ModelError(
                "A model with a pretrained network cannot be asked while it trains",
                expected="a training that has ended",
                received=f"the run {run.id}, which goes on",
                remedy="Classify photos when it has ended",
            )
        if len(computable(self._design)) < len(self._design.nodes):
            raise ModelError(
                "This design is too large to classify photos while it trains",
                expected="about a second of computing for a photo",
                received=f"{self._design.macs:,} multiply-adds",
                remedy="Classify them when the training has ended",
            )
        self._weights = trained(run.folder, self._design)

    def classify_photo(self, photo: Path | bytes) -> Prediction:
        """Predict one image file; raises ImageError when it cannot be read."""
        found = self._labels
        pixels, _ = decode(photo, found.size, fit=found.fit, channels=found.channels)
        shown = [pixels, np.ascontiguousarray(pixels[:, ::-1])] if self._mirror else [pixels]
        chances = np.mean([self._chances(image) for image in shown], axis=0)
        return Prediction(self.classes, tuple(chances.tolist()))

    def _chances(self, pixels: NDArray[np.uint8]) -> Values:
        """The probability of each class, as the saved model has it for an image or its mirror image."""
        return forward(self._design, self._weights, pixels)[self._design.nodes[-1].name]
