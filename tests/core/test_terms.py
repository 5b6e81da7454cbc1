"""core.terms: every term has its sentence and its picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from core.errors import NotFoundError
from core.terms import glossary
from core.terms.pen import HEIGHT, WIDTH
from core.terms.term import MOST_WORDS, Term

SVG = "{http://www.w3.org/2000/svg}"
INKS = {"none", "currentColor", "#0072B2", "#009E73", "#D55E00", "#8A97A0"}
every = pytest.mark.parametrize("term", glossary.TERMS, ids=lambda term: term.name)


def test_no_term_twice() -> None:
    """About thirty terms, each once, in name and in picture."""
    assert len(glossary.TERMS) >= 30
    assert len({term.name.lower() for term in glossary.TERMS}) == len(glossary.TERMS)
    assert len({term.picture for term in glossary.TERMS}) == len(glossary.TERMS)
    assert len({term.sentence for term in glossary.TERMS}) == len(glossary.TERMS)


@pytest.mark.parametrize(
    "name",
    [
        *("epoch", "batch", "learning rate", "loss", "accuracy", "validation", "test", "dropout"),
        *("backpropagation", "gradient", "overfitting", "convolution", "filter", "pooling", "ReLU"),
        *("dense layer", "flatten", "batch normalization", "softmax", "optimizer", "momentum"),
        *("weight decay", "augmentation", "early stopping", "confusion matrix", "parameter"),
        "receptive field",
    ],
)
def test_the_words_on_the_pages_are_explained(name: str) -> None:
    """What pages call by its name can be found under it."""
    assert glossary.find(name).name == name


@every
def test_a_sentence_is_one_and_short(term: Term) -> None:
    """A term is explained in a single sentence of 25 words at most."""
    assert len(term.sentence.split()) <= MOST_WORDS
    assert term.sentence[0].isupper()
    assert term.sentence.endswith(".")
    assert not re.search(r"[.!?] ", term.sentence)


@every
def test_a_picture_is_whole_and_within_its_frame(term: Term) -> None:
    """A picture is valid XML, in colours for both themes, and nothing lies outside of it."""
    root = ElementTree.fromstring(term.picture)
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert len(root) >= 2
    for part in root.iter():
        assert {part.get("fill", "none"), part.get("stroke", "none")} <= INKS
        for x, y in corners(part):
            assert 0 <= x <= WIDTH, ElementTree.tostring(part)
            assert 0 <= y <= HEIGHT, ElementTree.tostring(part)


@every
def test_a_picture_is_told_in_words(term: Term) -> None:
    """Who does not see the picture is told what it shows, which is not the sentence again."""
    assert 15 < len(term.alt) < 120
    assert term.alt != term.sentence
    assert re.fullmatch(r"[a-z0-9_]+", term.icon)


def test_a_term_that_is_not_there_is_refused() -> None:
    """An unknown term is an error that names the known ones."""
    with pytest.raises(NotFoundError, match="epoch"):
        glossary.find("epochs")


def corners(part: ElementTree.Element) -> list[tuple[float, float]]:
    """The places that a shape reaches to; letters are taken to be 6 wide."""
    numbers = {
        name: float(value) for name, value in part.items() if name in ["x", "y", "cx", "cy", "r"]
    }
    if part.tag == f"{SVG}rect":
        x, y = numbers["x"], numbers["y"]
        return [(x, y), (x + float(part.get("width", 0)), y + float(part.get("height", 0)))]
    if part.tag == f"{SVG}circle":
        x, y, r = numbers["cx"], numbers["cy"], numbers["r"]
        return [(x - r, y - r), (x + r, y + r)]
    if part.tag == f"{SVG}polyline":
        pairs = [pair.split(",") for pair in part.get("points", "").split()]
        return [(float(x), float(y)) for x, y in pairs]
    if part.tag == f"{SVG}text":
        x, y, long = numbers["x"], numbers["y"], 6 * len(part.text or "")
        left = x - {"start": 0, "middle": long / 2, "end": long}[part.get("text-anchor", "start")]
        return [(left, y - 8), (left + long, y)]
    return []
