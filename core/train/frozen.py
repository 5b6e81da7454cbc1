"""A run whose design has a frozen backbone and whose head is solved for, on features computed once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core import files
from core.data.dataset import Dataset
from core.data.splits import Indices, Split
from core.design.analysis import table
from core.errors import ModelError, RunError, storing
from core.runs.how_far import LOOKING
from core.runs.run import Run
from core.runs.status import State
from core.specs import RunSpec
from core.specs.transfer import View
from core.train import backend, engine, hidden, plan
from core.train.answers import Answers
from core.train.exam import examine
from core.train.reporter import Reporter
from core.train.stages import Stages
from core.train.steps import Steps
from core.train.subject import extracting
from core.transfer import linear
from core.transfer.cut import Cut, cut, require_head, with_hidden
from core.transfer.features import Extractor, feature_set
from core.transfer.head import Head, Outcome, look, macro_recall
from core.transfer.serving import Models, models
from core.transfer.store import Features

# training images: below, a hidden layer is not tried where it is to be found out what is better;
# from the second on only that is, since it takes less time there, and was better on CIFAR-10
_FEW, _MANY = 10_000, 20_000
NOTHING_UNDER_WAY = {"step": 0, "steps": 0, "eta": None}


class Stopped(Exception):
    """A person stopped it before there was a model."""


def fit(run: Run, spec: RunSpec, data: Dataset, split: Split, reporter: Reporter) -> State:
    """Find the head of a run, keep the whole model and test it."""
    return Sitting(run, spec, data, split, reporter).work()


class Sitting:
    """One run from its images to its tested model.

    Attributes:
        fine: whether every step of the solver is told, or what it came to for each penalty.
        best: the head with the lowest validation loss; None before there is one.
        must_end: whether looks at images go on though a person stops the run, for its test.
        answers: tells how it does on the validation images.
    """

    fine = True

    def __init__(
        self, run: Run, spec: RunSpec, data: Dataset, split: Split, reporter: Reporter
    ) -> None:
        assert spec.head is not None
        self.run, self.spec, self.asked = run, spec, spec.head
        self.data, self.split, self.reporter = data, split, reporter
        self.stages = Stages(reporter)
        self.labels = data.images.labels
        whole = with_hidden(spec.model, hidden=True)
        found = cut(table(whole, data.shape, len(data.classes)))
        require_head(spec.model, found, self.asked.units)
        assert found is not None
        self.cut: Cut = found
        self.answers = Answers(run, data, split.validation)
        self.extractor: Extractor | None = None
        self.curve = Steps(run, reporter)
        self.best: Head | None = None
        self.must_end = False
        # when images began to be looked at, and how many had been by then
        self._begun: float | None = None
        self._from = 0
        self.speed: float | None = None  # images a second; None where all were looked at before

    def work(self) -> State:
        try:
            self.solve()
        except Stopped:
            return State.STOPPED
        assert self.best is not None
        made = self._save(self.best)
        self._test(made)
        return State.STOPPED if self.run.cancelled else State.DONE

    def solve(self) -> None:
        """Find the head; raises Stopped."""
        told = self.run.folder / "metrics.jsonl"
        if told.exists():  # of an earlier sitting, which left no head
            files.end_line(told)
            files.append_json(told, {"event": "resumed", "time": time.time(), "epoch": 0})
            self.reporter.update(epoch=0, step=0, best_epoch=None, val_loss=None, val_accuracy=None)
        self.reporter.update(epochs=1)  # until it is known how many steps there are
        with self.stages.stage("preparing the backbone"):
            self.extractor = self.prepare()
        with self.stages.stage(LOOKING):
            train = [self.features(self.split.train, view) for view in self.asked.views]
            validation = self._views(self.split.validation)
        known = self.labels[self.split.validation]
        self.speed = self.reporter.status.images_per_second
        self.reporter.update(**NOTHING_UNDER_WAY)
        # products this small take five times as long where two threads share them
        with self.stages.stage("training the head"), threadpool_limits(1, "blas"):
            self._head(train, validation, known)
        assert self.best is not None
        self.curve.close()
        result = look(self.best, validation, known)
        chances = result.chances
        shown = chances[self.answers.samples]
        self.answers.tell(self.curve.best, result.answers, chances.max(axis=1), shown)

    def prepare(self) -> Extractor:
        """What computes the features."""
        return extracting(self.cut, self.reporter.phase)

    def _head(
        self,
        train: Sequence[Features],
        validation: Sequence[Features],
        known: NDArray[np.int64],
    ) -> None:
        """Try the heads that are asked for; the one with the lowest validation loss is `best`.

        Args:
            train: features of the training images, in each view of them.
            validation: the same of those whose answers are averaged.
        """
        rows = np.tile(self.split.train, len(train))
        labels = self.labels[rows]
        values = train[0] if len(train) == 1 else np.concatenate(train)
        balanced = self.spec.train.class_weights == "balanced"
        weights = engine.class_weights(labels, len(self.data.classes)) if balanced else None
        count, auto = len(self.split.train), self.asked.head == "auto"

        def seen(head: Head, loss: float, accuracy: float, rate: float | None = None) -> bool:
            result = look(head, validation, known)
            if self.curve.add(loss, accuracy, result, len(labels), rate):
                self.best = head
            return not self.run.cancelled

        if self.asked.head == "linear" or (auto and count < _MANY):
            self._linear(values, labels, weights, seen, lambda head: look(head, validation, known))
        if self.asked.head == "hidden" or (auto and count >= _FEW and not self.run.cancelled):
            both = np.concatenate([rows, self.split.validation])
            every = feature_set(self.data, both, np.concatenate([values, validation[0]]))
            hidden.solve(
                every,
                np.arange(len(rows)),
                np.arange(len(rows), len(both)),
                units=self.asked.units,
                seed=self.spec.train.seed,
                plan=self._plan(),
                weights=weights,
                after_epoch=lambda step: seen(step.head, step.loss, step.accuracy, step.rate),
                going=lambda: not self.run.cancelled,
            )
        if self.best is None:
            if self.run.cancelled:
                raise Stopped
            raise RunError(
                "No head was found",
                expected="a validation loss that is a number",
                received="none after any step",
                remedy="Try another head, or look at the images: they may all look alike",
            )

    def _linear(
        self,
        values: Features,
        labels: NDArray[np.int64],
        weights: NDArray[np.float32] | None,
        seen: Callable[[Head, float, float], bool],
        look_at: Callable[[Head], Outcome],
    ) -> None:
        """Solve for one layer with weaker and weaker penalties, as long as that helps."""
        told, lowest = (math.nan, math.nan), math.inf

        def stepped(step: linear.Step) -> bool:
            nonlocal told
            told = step.loss, step.accuracy
            return seen(step.head, *told) if self.fine else not self.run.cancelled

        classes = len(self.data.classes)
        for one in linear.solve(values, labels, classes, weights=weights, after_step=stepped):
            if not self.fine:
                seen(one, *told)
            loss = look_at(one).loss
            if loss > lowest:  # weaker penalties fit what is particular to the training images
                break
            lowest = loss

    def _plan(self) -> plan.Plan:
        """How to train the hidden layer; where this machine does not know, in float32."""
        return plan.choose(self.spec.train) or plan.Plan("float32", backend.towers())

    def built(self) -> Cut:
        """The design with the best head's layers, as design.json has it from here on."""
        assert self.best is not None
        built = with_hidden(self.spec.model, hidden=len(self.best.layers) > 1)
        files.write_json(self.run.folder / "design.json", built.model_dump(mode="json"))
        found = cut(table(built, self.data.shape, len(self.data.classes)))
        assert found is not None
        return found

    @property
    def words(self) -> str:
        """The best head, for people."""
        assert self.best is not None
        if len(self.best.layers) > 1:
            return f"one hidden layer of {self.asked.units}"
        return "one layer"

    def _save(self, best: Head) -> Models:
        with self.stages.stage("saving the model"):
            found = self.built()
            made = models(
                found, self.data.shape, self.spec.data.fit, mirror=self.spec.augment.mirror
            )
            for row, weights in zip(found.rest, best.layers, strict=True):
                made.whole.get_layer(row.name).set_weights(list(weights))
            path = self.run.folder / "model.keras"
            with storing(path, "save the model"), files.replacing(path) as part:
                made.whole.save(part)
            try:
                made.write_onnx(self.run.folder / "model.onnx", self.reporter.phase)
            except ModelError as error:  # the head is found; predicting tries once more
                self.reporter.update(error=error.to_dict())
            self.reporter.update(parameters=made.whole.count_params())
        self.reporter.update(engine=f"{self.words} on features computed once")
        return made

    def _test(self, made: Models) -> None:
        path = self.run.folder / "model.onnx"
        ask = made.session(path) if path.exists() else None
        with self.stages.stage("testing"):
            result = examine(ask, self.data, self.split.test, self._on_features, self.reporter)
        self.reporter.update(
            test_loss=result.loss,
            test_accuracy=result.accuracy,
            macro_recall=macro_recall(result.labels, result.answers),
            images_per_second=self.speed,
            **NOTHING_UNDER_WAY,
        )
        self.reporter.log(f"test accuracy {result.accuracy:.4f}")

    def _on_features(self, rows: Indices) -> Outcome:
        assert self.best is not None
        return look(self.best, self._views(rows), self.labels[rows])

    def _views(self, rows: Indices) -> list[Features]:
        """Features of images and, where answers are averaged, of their mirror images."""
        views: tuple[View, ...] = ("plain", "flipped") if self.spec.augment.mirror else ("plain",)
        return [self.features(rows, view) for view in views]

    def features(self, rows: Indices, view: View = "plain") -> Features:
        """The averaged maps of some images, in their order, float16 [n, channels]; raises Stopped."""
        return self.looked_at(rows, view)

    def looked_at(self, rows: Indices, view: View) -> Features:
        """What the extractor makes of some images, in their order; raises Stopped."""
        assert self.extractor is not None
        self._begun = None
        found = self.extractor.of(self.data, rows, self._told, view)
        if found is None:
            raise Stopped
        return found

    def _told(self, done: int, count: int, known: int) -> bool:
        """Tell how far it is; whether to go on."""
        self.reporter.require_folder()
        now = time.perf_counter()
        if done <= known or self._begun is None:
            self._begun, self._from = now, done
        made = done - self._from
        speed = made / (now - self._begun) if made > 0 else None
        self.reporter.update(
            step=done,
            steps=count,
            images_per_second=speed,
            eta=(count - done) / speed if speed else None,
        )
        return self.must_end or self.best is not None or not self.run.cancelled
