"""core.predict.table: predictions as a CSV."""

from __future__ import annotations

import csv
import io

from core.predict.prediction import Prediction
from core.predict.table import to_csv


def rows(text: str) -> list[list[str]]:
    """The cells of a CSV."""
    return list(csv.reader(io.StringIO(text)))


def test_each_photo_has_a_row() -> None:
    """A photo's row has its best class, its probability, and that of every class in order."""
    prediction = Prediction(("axes", "boots"), (0.25, 0.75))
    assert rows(to_csv([("one.png", prediction)])) == [
        ["photo", "class", "probability", "axes", "boots", "problem"],
        ["one.png", "boots", "0.750000", "0.250000", "0.750000", ""],
    ]


def test_a_photo_that_cannot_be_read_has_its_problem() -> None:
    """A photo that could not be read keeps its row, with the reason and no numbers."""
    table = rows(to_csv([("bad.png", "It is empty."), ("a.png", Prediction(("x", "y"), (1, 0)))]))
    assert table[1] == ["bad.png", "", "", "", "", "It is empty."]
    assert {len(row) for row in table} == {6}


def test_only_problems_make_a_table_too() -> None:
    """Where no photo could be read the table still lists them all."""
    assert rows(to_csv([("a", "broken"), ("b", "empty")])) == [
        ["photo", "class", "probability", "problem"],
        ["a", "", "", "broken"],
        ["b", "", "", "empty"],
    ]
    assert rows(to_csv([])) == [["photo", "class", "probability", "problem"]]


def test_odd_names_survive() -> None:
    """Names with commas, quotes, line breaks and other scripts come out as they went in."""
    names = ['a, "b".png', "two\nlines.png", "été 写真.png", ""]
    prediction = Prediction(('cla"ss, 1', "été"), (0.5, 0.5))
    table = rows(to_csv([(name, prediction) for name in names]))
    assert [row[0] for row in table[1:]] == names
    assert table[0][3:5] == ['cla"ss, 1', "été"]
