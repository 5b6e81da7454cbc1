"""core.train.evaluation against Keras."""

from __future__ import annotations

import numpy as np
import pytest

from core.design.presets import preset
from core.specs import BatchNormalization, Conv2D, Dense, Flatten, Input, ModelSpec, Output
from core.train import backend

pytestmark = pytest.mark.tensorflow

PENALISED = ModelSpec(
    name="mine",
    layers=(
        Input(),
        Conv2D(filters=4, l2=0.01),
        BatchNormalization(),
        Flatten(),
        Dense(l1=0.01, units=8),
        Output(),
    ),
)


@pytest.mark.parametrize("count", [1, 2, 3, 50])
@pytest.mark.parametrize("towers", [1, 2, 4])
@pytest.mark.parametrize("design", [PENALISED, preset("mobilenet-mini").model], ids=["own", "deep"])
def test_figures_are_those_of_keras(design: ModelSpec, towers: int, count: int) -> None:
    """Loss with its penalties, and accuracy, even of fewer images than towers."""
    keras = backend.start()
    from core.design.build import build
    from core.train.evaluation import Evaluation

    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, 16, 16, 3), np.uint8)
    labels = rng.integers(0, 4, count).astype(np.int32)
    model = build(design, (16, 16, 3), 4)
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = model.evaluate(images, labels, verbose=0)
    evaluation = Evaluation(model, towers)
    total, hits, chances = evaluation.run(images, labels)
    assert total / count + evaluation.penalties == pytest.approx(loss, rel=1e-4)
    assert hits / count == pytest.approx(accuracy)
    assert np.allclose(chances, model.predict(images, verbose=0), atol=1e-5)
    keras.backend.clear_session()


@pytest.mark.parametrize(("towers", "count"), [(1, 50), (2, 3), (4, 2)])
def test_mirror_images_count_as_in_the_saved_model(towers: int, count: int) -> None:
    """Averaged with those for mirror images, the answers are those of the model that is saved."""
    keras = backend.start()
    from core.design.build import build
    from core.train.evaluation import Evaluation

    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, 16, 16, 3), np.uint8)
    labels = rng.integers(0, 4, count).astype(np.int32)
    model = build(PENALISED, (16, 16, 3), 4)
    saved = build(PENALISED, (16, 16, 3), 4, resize="pad", mirror=True)
    saved.set_weights(model.get_weights())
    saved.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = saved.evaluate(images, labels, verbose=0)
    evaluation = Evaluation(model, towers, mirror=True)
    total, hits, _ = evaluation.run(images, labels)
    assert total / count + evaluation.penalties == pytest.approx(loss, rel=1e-4)
    assert hits / count == pytest.approx(accuracy)
    assert total != pytest.approx(Evaluation(model, towers).run(images, labels)[0], rel=1e-4)
    assert evaluation.run(images[:, :, ::-1], labels)[0] == pytest.approx(total, rel=1e-5)
    keras.backend.clear_session()
