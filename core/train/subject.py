"""What a training is about: the model that learns, the one that is kept, and the images they see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.splits import Indices, Split
from core.design import whitening
from core.design.analysis import table
from core.design.build import build
from core.errors import ModelError
from core.specs import AugmentSpec, RunSpec
from core.train import engine, export
from core.train.answers import Answers
from core.train.exam import examine
from core.train.reporter import Reporter
from core.train.whitening import whiten
from core.transfer import networks, weights
from core.transfer.cut import Cut
from core.transfer.features import Extractor, feature_set
from core.transfer.head import Outcome, macro_recall, outcome
from core.transfer.serving import Models, models

_AT_ONCE = 256  # features that go through the head together


class Subject(ABC):
    """See Whole, Behind and core.train.tuned.Tuned.

    Attributes:
        model: from what `data` has for images to probabilities; it learns.
        data: the images, or features of them.
        split: row numbers of `data`.
        shares: of the learning rate that each trainable weight learns with; empty where it is all.
        after: how many epochs came before those that are to be trained, as steps of solving.
        answers: tells what the model answers, where nothing else looks at it.
        stage: what its training is called among the stages of a run; empty where there are none.
        augment: how its images are changed where that is not as the run says.
        words: what learns, for people, where it is not the whole design.
    """

    model: keras.Model
    data: Dataset
    split: Split
    shares: Sequence[float] = ()
    after: int = 0
    answers: Answers | None = None
    stage: str = ""
    augment: AugmentSpec | None = None
    words: str = ""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Of the whole design."""

    @abstractmethod
    def begin(self) -> None:
        """Give the first weights what they take of the images."""

    @abstractmethod
    def set_weights(self, values: list[Any]) -> None:
        """Give the model that is kept the weights of the one that learns."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Keep the whole model, from photos of any size to probabilities."""

    @abstractmethod
    def restore(self, path: Path) -> None:
        """Give both models the weights of a saved one."""

    @abstractmethod
    def finish(self, trainer: engine.Engine, folder: Path, reporter: Reporter) -> None:
        """Test the model that is kept, and write it for onnxruntime; raises StorageError."""


def _tell(reporter: Reporter, loss: float, accuracy: float, recall: float) -> None:
    reporter.update(test_loss=loss, test_accuracy=accuracy, macro_recall=recall)
    reporter.log(f"test accuracy {accuracy:.4f}")


def _exported(export: Callable[[], float], reporter: Reporter) -> bool:
    """Whether the model could be written for onnxruntime."""
    reporter.phase("preparing the model for predicting")
    try:
        reporter.log(f"ONNX and Keras differ by {export():.1e}")
    except ModelError as error:  # the training itself went well; predicting tries once more
        reporter.update(error=error.to_dict())
        return False
    return True


class Whole(Subject):
    """A design all of which learns."""

    def __init__(self, spec: RunSpec, data: Dataset, split: Split) -> None:
        self.data, self.split = data, split
        shape, classes, mirror = data.shape, len(data.classes), spec.augment.mirror
        self._rows = table(spec.model, shape, classes)
        self.model = build(spec.model, shape, classes)
        self._serving = build(spec.model, shape, classes, resize=spec.data.fit, mirror=mirror)

    @property
    def parameters(self) -> int:
        return int(self.model.count_params())

    def begin(self) -> None:
        whiten(self.model, whitening.names(self._rows), self.data, self.split.train)

    def set_weights(self, values: list[Any]) -> None:
        self._serving.set_weights(values)

    def save(self, path: Path) -> None:
        self._serving.save(path)

    def restore(self, path: Path) -> None:
        values = keras.models.load_model(path, compile=False).get_weights()
        self._serving.set_weights(values)
        self.model.set_weights(values)

    def finish(self, trainer: engine.Engine, folder: Path, reporter: Reporter) -> None:
        reporter.phase("testing")
        tested = trainer.evaluate(self.data, self.split.test)
        labels = self.data.images.labels[self.split.test]
        recall = macro_recall(labels, tested.answers)
        _tell(reporter, tested.loss, tested.accuracy, recall)
        images = engine.sample_images(self.data, self.split.test, export.CHECKED_IMAGES)
        _exported(
            lambda: export.export_onnx(self._serving, folder / "model.onnx", images), reporter
        )


class Behind(Subject):
    """What learns behind a frozen backbone, on its features.

    Args:
        data: the features, and `split` its rows.
        images: what they are of, and `tested` its test rows.
    """

    def __init__(
        self, made: Models, data: Dataset, split: Split, images: Dataset, tested: Indices
    ) -> None:
        self.models, self.model = made, made.rest
        self._images, self._tested = images, tested
        self.data, self.split = data, split

    @property
    def parameters(self) -> int:
        return int(self.models.whole.count_params())

    def begin(self) -> None:
        pass

    def set_weights(self, values: list[Any]) -> None:
        self.models.rest.set_weights(values)  # the whole model has the same layers

    def save(self, path: Path) -> None:
        self.models.whole.save(path)

    def restore(self, path: Path) -> None:
        self.models.whole.set_weights(keras.models.load_model(path, compile=False).get_weights())

    def finish(self, trainer: engine.Engine, folder: Path, reporter: Reporter) -> None:  # noqa: ARG002
        path = folder / "model.onnx"
        done = _exported(lambda: self.models.write_onnx(path, reporter.phase), reporter)
        reporter.phase("testing")
        ask = self.models.session(path) if done else None
        result = examine(ask, self._images, self._tested, self._on_features, reporter)
        _tell(reporter, result.loss, result.accuracy, macro_recall(result.labels, result.answers))
        reporter.update(step=0, steps=0)

    def _on_features(self, rows: Indices) -> Outcome:
        places = self.split.test[
            np.searchsorted(self._tested, rows)
        ]  # in order, as the test rows are
        return self._asked(self.data.images.images[places], rows)

    def _asked(self, values: NDArray[Any], rows: Indices) -> Outcome:
        """What the model makes of what some rows have for images."""
        chances = self.models.rest.predict(values, batch_size=_AT_ONCE, verbose=0)
        return outcome(np.asarray(chances), self._images.images.labels[rows])


def behind(
    spec: RunSpec,
    data: Dataset,
    split: Split,
    found: Cut,
    doing: Callable[[str], None],
    told: Callable[[int, int, int], bool],
) -> Behind | None:
    """Look at all images once; None where `told` stopped it."""
    extractor = extracting(found, doing)
    parts = [split.train, split.validation, split.test]
    rows = np.concatenate(parts)
    values = extractor.of(data, rows, told)
    if values is None:
        return None
    ends = np.cumsum([len(part) for part in parts])
    train, validation, test = np.split(np.arange(len(rows)), ends[:-1])
    return Behind(
        models(found, data.shape, spec.data.fit),
        feature_set(data, rows, values.reshape(-1, *found.shape)),
        Split(train, validation, test, split.left_out),
        data,
        split.test,
    )


def extracting(found: Cut, doing: Callable[[str], None]) -> Extractor:
    """What computes the features of a design's frozen part; `doing` is told what takes long."""
    engine = networks.engine(found.backbone, found.size, found.pooled, doing)
    version = f"{weights.version(found.backbone)}-{networks.kind(engine)}"
    return Extractor(
        found.backbone, engine, f"{version}{'' if found.pooled else '-maps'}", found.size
    )
