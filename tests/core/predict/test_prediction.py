"""core.predict.prediction: what a model says of one photo."""

from __future__ import annotations

from core.predict.prediction import Prediction


def test_top_goes_from_the_likeliest_down() -> None:
    """The top classes come likeliest first, as many as asked for, equals in the classes' order."""
    prediction = Prediction(("a", "b", "c", "d"), (0.1, 0.4, 0.1, 0.4))
    assert prediction.top() == [("b", 0.4), ("d", 0.4), ("a", 0.1), ("c", 0.1)]
    assert prediction.top(1) == [("b", 0.4)]
    assert prediction.top(9) == prediction.top()
