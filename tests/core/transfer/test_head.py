"""How well a head does is told as scikit-learn tells it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import accuracy_score, log_loss, recall_score

from core.transfer.head import look, macro_recall, outcome
from core.transfer.linear import Linear

CLASSES, WIDTH = 4, 6


def images(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features as they are kept, in half precision, and labels."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (count, WIDTH)).astype(np.float16)
    return features, rng.integers(0, CLASSES, count)


@pytest.fixture(scope="module")
def head() -> Linear:
    """A head of numbers drawn at random."""
    rng = np.random.default_rng(1)
    weights = rng.normal(0, 1, (WIDTH, CLASSES)).astype(np.float32)
    return Linear(weights, rng.normal(0, 1, CLASSES).astype(np.float32), 0.1)


@pytest.mark.parametrize("count", [1, 50, 8192, 8193])
def test_loss_and_accuracy(head: Linear, count: int) -> None:
    """Those of scikit-learn, for any number of images."""
    features, labels = images(count)
    seen = look(head, [features], labels)
    chances = softmax(head.logits(features).astype(np.float64), axis=1)
    np.testing.assert_allclose(seen.chances, chances, atol=1e-6)
    assert seen.chances.dtype == np.float32
    np.testing.assert_array_equal(seen.labels, labels)
    assert seen.loss == pytest.approx(log_loss(labels, chances, labels=range(CLASSES)), rel=1e-5)
    assert seen.accuracy == accuracy_score(labels, seen.answers)
    np.testing.assert_array_equal(seen.answers, chances.argmax(axis=1))


def test_two_views_are_averaged(head: Linear) -> None:
    """The probabilities are, not the logits; their order does not matter."""
    one, labels = images(9000)
    other, _ = images(9000, seed=2)
    seen = look(head, [one, other], labels)
    mean = (softmax(head.logits(one), axis=1) + softmax(head.logits(other), axis=1)) / 2
    np.testing.assert_allclose(seen.chances, mean, atol=1e-6)
    np.testing.assert_array_equal(look(head, [other, one], labels).chances, seen.chances)
    assert seen.loss == pytest.approx(log_loss(labels, mean, labels=range(CLASSES)), rel=1e-5)


def test_certain_and_wrong() -> None:
    """The loss is large, but a number."""
    seen = outcome(np.array([[1, 0], [0, 1]], np.float32), np.array([1, 1]))
    assert seen.loss == pytest.approx(-np.log(1e-12) / 2)
    assert seen.accuracy == 0.5


ANSWERS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)


@given(ANSWERS)
def test_macro_recall(pairs: list[tuple[int, int]]) -> None:
    """That of scikit-learn; classes without images do not count, however often they are named."""
    labels, answers = np.array(pairs).T
    present = np.unique(labels)
    wanted = recall_score(labels, answers, labels=present, average="macro", zero_division=0.0)
    assert macro_recall(labels, answers) == pytest.approx(wanted)


def test_macro_recall_of_classes_without_images() -> None:
    """By hand: half of class 0, all of class 2, none of class 5; 1, 3 and 4 have none."""
    labels, answers = np.array([0, 0, 2, 5, 5]), np.array([0, 3, 2, 1, 6])
    assert macro_recall(labels, answers) == pytest.approx((0.5 + 1 + 0) / 3)
