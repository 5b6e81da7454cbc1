"""The command that tests learning rates: ``python -m core.train.lr_range DIGEST``.

From the design's first weights it trains a step at each of many learning rates, from far too small
to far too large, with the optimizer, the batch size and the images of the training to come, until
the loss explodes. See core.train.rate_curve for what it finds, core.train.range_tests for the files.
"""

from __future__ import annotations

import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from core.data.dataset import Dataset, load
from core.data.splits import Indices
from core.errors import unexpected
from core.specs import RunSpec
from core.train import plan, range_tests
from core.train.plan import Plan
from core.train.range_tests import RangeTest
from core.train.rate_curve import LOWEST, STEPS, RateCurve, finite, trial_rates
from core.train.worker import lower_priority

_AT_ONCE = 8  # steps between two looks at the loss
_TOLD = 0.3  # seconds between two reports
_SECONDS = 30.0  # of training steps, about
_TRIED = 4  # steps by which their speed is found

Report = Callable[..., None]


def measure(spec: RunSpec, report: Report, steps: int = 0) -> RateCurve:
    """Train a step at each of many learning rates and return the losses.

    Args:
        report: called with `phase`, `steps` or `curve` as it goes.
        steps: how many; by default as many as half a minute is enough for, within bounds.

    Raises:
        AppError: the images or the design cannot be used.
    """
    report(phase="loading images")
    data = load(spec.data)
    rows = data.split(spec.train.validation_share, spec.train.train_share).train
    report(phase="starting TensorFlow")
    step, batches = _step(spec, data, rows, report), _batches(spec, data, rows)
    report(phase="training a step at each learning rate")
    steps = steps or _steps(lambda: step(*next(batches), LOWEST))
    curve, told = RateCurve(), 0.0
    rates = trial_rates(steps)
    report(steps=steps)
    while len(curve.rates) < steps and not curve.exploded:
        chunk = rates[len(curve.rates) :][:_AT_ONCE]
        losses = [step(*next(batches), rate) for rate in chunk]
        curve = RateCurve(
            rates=(*curve.rates, *(float(f"{rate:.6g}") for rate in chunk)),
            losses=(*curve.losses, *finite(losses)),
        )
        if time.monotonic() - told > _TOLD:
            report(curve=curve)
            told = time.monotonic()
    return curve


def _steps(one: Callable[[], object]) -> int:
    """How many steps to make, from the time that the fastest of some takes.

    They are made at a learning rate that changes next to nothing; the first builds the graph.
    """
    shortest = math.inf
    for _ in range(_TRIED):
        begun = time.perf_counter()
        one()
        shortest = min(shortest, time.perf_counter() - begun)
    fewest, most = STEPS
    return min(max(fewest, int(_SECONDS / shortest)), most)


def _batches(spec: RunSpec, data: Dataset, rows: Indices) -> Iterator[tuple[Any, Any]]:
    """Whole batches, epoch after epoch, in the order of the training to come."""
    from core.train import feed

    size = min(spec.train.batch_size, len(rows))
    epoch = 0
    while True:
        ordered = feed.order(rows, spec.train.seed, epoch, shuffle=spec.train.shuffle)
        for images, labels in feed.chunks(data, ordered, lambda: size):
            if len(labels) == size:
                yield images, labels
        epoch += 1


def _step(
    spec: RunSpec, data: Dataset, rows: Indices, report: Report
) -> Callable[[Any, Any, Any], float]:
    """A function that trains one step on images and labels at a rate, and returns its mean loss."""
    from core.train import backend

    keras = backend.start()
    from core.design import whitening
    from core.design.analysis import table
    from core.design.backbones import used
    from core.design.build import build
    from core.errors import SpecError
    from core.train.augmentation import Augmentation
    from core.train.engine import class_weights
    from core.train.loop import UNABLE, Loop
    from core.train.whitening import whiten

    classes, train = len(data.classes), spec.train
    if used(spec.model) is not None:
        raise SpecError(
            "There is no range test for a design with a pretrained network yet",
            expected="a design whose layers all learn",
            received=f"{spec.model.name}, with a layer Backbone",
            remedy="Adam at 0.001 suits the few layers behind it",
        )
    way = _plan(spec, report)
    report(phase="building the model")
    keras.utils.set_random_seed(train.seed)
    model = build(spec.model, data.shape, classes)
    whiten(model, whitening.names(table(spec.model, data.shape, classes)), data, rows)
    balanced = train.class_weights == "balanced"
    weights = class_weights(data.images.labels[rows], classes) if balanced else None

    def made(way: Plan) -> Loop:
        augment = spec.augment
        changed = Augmentation(augment, compiled=not way.plain) if augment.active else None
        return Loop(
            model,
            train,
            precision=way.precision,
            towers=way.towers,
            weights=weights,
            augment=changed,
            plain=way.plain,
        )

    loop = made(way)

    def step(images: Any, labels: Any, rate: Any) -> float:
        nonlocal loop
        rates = np.array([rate], np.float32)
        try:
            done = loop.run(images, labels, len(labels), rates)
        except UNABLE:
            if loop.plain or int(loop.step) > 0:
                raise
            loop = made(Plan(plain=True))
            done = loop.run(images, labels, len(labels), rates)
        return float(done.losses[0]) / len(labels)

    return step


def _plan(spec: RunSpec, report: Report) -> Plan:
    """How to train here; measured first where this machine does not know yet, as a run does."""
    if (chosen := plan.choose(spec.train)) is None:
        from core.train import precision

        report(phase="finding out how this machine trains fastest, once")
        plan.save(precision.faster())
        chosen = plan.choose(spec.train)
    assert chosen is not None
    return chosen


def main(name: str) -> int:
    """Test what was ordered under that digest, and tell how far it is all the while."""
    lower_priority()
    test = RangeTest()

    def report(**values: Any) -> None:
        nonlocal test
        test = test.model_copy(update=values)
        range_tests.save(name, test, os.getpid())

    try:
        curve = measure(range_tests.ordered(name), report)
        report(curve=curve, ended=True, phase="done")
    except Exception as error:  # whatever it is must reach the person, with its cause
        traceback.print_exc()
        problem = unexpected(
            error,
            "The range test stopped with an error",
            expected="a step of training at each learning rate",
            remedy="Use a smaller batch size or design where memory is short; the log has the details",
        )
        report(error=problem.to_dict(), ended=True)
        return 1
    print(curve.words, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
