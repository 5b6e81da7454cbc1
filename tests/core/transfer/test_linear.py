"""The linear head is the one that logistic regression has."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.transfer import linear
from core.transfer.head import look

CLASSES = 4


@pytest.fixture(scope="module")
def images() -> tuple[np.ndarray, np.ndarray]:
    """Features of 200 images whose classes overlap, on scales of their own, one of them constant."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, 200)
    centers = rng.normal(0, 1, (CLASSES, 12))
    features = (centers[labels] + rng.normal(0, 1.5, (200, 12))) * rng.uniform(0.1, 20, 12) + 3
    features[:, 5] = 7.0
    return features.astype(np.float32), labels


def chances(logits: np.ndarray) -> np.ndarray:
    """Probabilities."""
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("penalty", [0.1, 0.003])
def test_it_is_scikit_learns(images: tuple[np.ndarray, np.ndarray], penalty: float) -> None:
    """The same probabilities for the same penalty."""
    features, labels = images
    *_, found = linear.solve(features, labels, CLASSES, penalties=[0.3, penalty])
    spread = features.std(axis=0)
    even = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    theirs = LogisticRegression(C=1 / (penalty * len(labels)), tol=1e-8, max_iter=2000)
    theirs.fit(even, labels)
    np.testing.assert_allclose(
        chances(found.logits(features)), theirs.predict_proba(even), atol=4e-3
    )
    assert found.penalty == penalty
    seen = look(found, [features], labels)
    assert seen.accuracy == theirs.score(even, labels)
    told = theirs.predict_proba(even)[np.arange(len(labels)), labels]
    assert seen.loss == pytest.approx(-np.log(told).mean(), abs=1e-3)


def test_a_feature_that_never_changes_says_nothing(images: tuple[np.ndarray, np.ndarray]) -> None:
    """Its weights stay 0."""
    (found,) = linear.solve(*images, CLASSES, penalties=[0.01])
    assert not found.weights[5].any()
    assert found.weights[4].any()


def test_weaker_penalties_fit_better(images: tuple[np.ndarray, np.ndarray]) -> None:
    """A head for each, in their order."""
    features, labels = images
    found = list(linear.solve(features, labels, CLASSES))
    assert [one.penalty for one in found] == list(linear.PENALTIES)
    losses = [look(one, [features], labels).loss for one in found]
    assert losses == sorted(losses, reverse=True)


def test_half_precision_features_do(images: tuple[np.ndarray, np.ndarray]) -> None:
    """As they are kept."""
    features, labels = images
    (full,) = linear.solve(features, labels, CLASSES, penalties=[0.01])
    (half,) = linear.solve(features.astype(np.float16), labels, CLASSES, penalties=[0.01])
    apart = np.abs(chances(full.logits(features)) - chances(half.logits(features)))
    assert apart.max() < 0.01


def test_weights_of_classes(images: tuple[np.ndarray, np.ndarray]) -> None:
    """A class that counts ten times as much is named more often; weights all alike change nothing."""
    features, labels = images
    even, more = np.full(CLASSES, 3.0, np.float32), np.ones(CLASSES, np.float32)
    more[2] = 10.0
    plain, same, other = (
        next(linear.solve(features, labels, CLASSES, weights=weights, penalties=[0.03]))
        for weights in (None, even, more)
    )
    np.testing.assert_allclose(plain.logits(features), same.logits(features), atol=5e-3)
    named = [(one.logits(features).argmax(axis=1) == 2).sum() for one in (plain, other)]
    assert named[1] > named[0]


def test_it_can_be_stopped(images: tuple[np.ndarray, np.ndarray]) -> None:
    """After any step; what was reached by then is a head."""
    seen: list[linear.Step] = []

    def after_step(now: linear.Step) -> bool:
        seen.append(now)
        return len(seen) < 3

    (found,) = linear.solve(*images, CLASSES, after_step=after_step)
    assert len(seen) == 3
    features, labels = images
    outcomes = [look(one.head, [features], labels) for one in seen]
    losses = [one.loss for one in outcomes]
    assert losses == sorted(losses, reverse=True)
    assert look(found, [features], labels).loss <= losses[-1] + 1e-6
    # a step tells how its head does on the images that it learns from
    np.testing.assert_allclose([one.loss for one in seen], losses, rtol=1e-4)
    np.testing.assert_allclose([one.accuracy for one in seen], [one.accuracy for one in outcomes])
