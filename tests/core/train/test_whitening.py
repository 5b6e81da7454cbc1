"""core.train.whitening: weights from the images, which training leaves alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.design import whitening
from core.design.build import build
from core.specs import (
    Activation,
    Conv2D,
    GlobalAverageMaxPooling2D,
    Input,
    MaxPooling2D,
    ModelSpec,
    Output,
    TrainSpec,
    Whitening,
)
from core.train import backend
from core.train.plan import Plan
from core.train.watcher import Watcher

pytestmark = pytest.mark.tensorflow

MODEL = ModelSpec(
    name="white",
    layers=(
        Input(scale="-1 to 1"),
        Whitening(directions=5, kernel_size=2),
        MaxPooling2D(),
        Activation(),
        Conv2D(filters=6, padding="same"),
        GlobalAverageMaxPooling2D(),
        Output(),
    ),
)


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    """Keras, started once as the worker does."""
    return backend.start()


@pytest.mark.parametrize("plan", [Plan(), Plan("bfloat16", 2), Plan(plain=True)])
def test_training_leaves_it_alone(plan: Plan) -> None:
    """The layer has the images' patterns before a training and after it; the others learn."""
    from core.train.engine import Engine
    from core.train.trainee import noise
    from core.train.whitening import whiten

    data = noise((8, 8, 3), 40)
    rows = np.arange(40)
    model = build(MODEL, (8, 8, 3), 10)
    whiten(model, ["whitening_1"], data, rows[:32])
    scaled = data.images.images[:32].astype(np.float32) / 127.5 - 1
    layer = model.get_layer("whitening_1")
    (before,) = layer.get_weights()
    wanted = whitening.kernel(list(scaled), 2, 10)
    np.testing.assert_allclose(before, wanted, rtol=1e-3, atol=1e-4)
    learned = model.get_layer("conv2d_1").get_weights()[0]
    Engine(model, TrainSpec(batch_size=8), plan).fit(data, rows[:32], rows[32:], Watcher(), (1,))
    assert (layer.get_weights()[0] == before).all()
    assert (model.get_layer("conv2d_1").get_weights()[0] != learned).any()
    assert "whitening_1" not in {weight.path.split("/")[0] for weight in model.trainable_weights}
