"""Tests of a set of images ready to train on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import load
from core.errors import DataError, NotFoundError
from core.specs import DataSpec
from tests.conftest import COLORS, draw_example


def test_load_a_folder(home: Path, examples: Path) -> None:
    """A folder of images is decoded to its default size in colour, with counts by class."""
    data = load(DataSpec(source=str(examples)))
    assert data.shape == (64, 64, 3)
    assert data.title == "examples"
    assert data.classes == tuple(sorted(COLORS))
    assert data.counts() == dict.fromkeys(sorted(COLORS), 20)


@pytest.mark.parametrize(("color", "channels"), [("auto", 3), ("rgb", 3), ("gray", 1)])
def test_size_and_color(home: Path, examples: Path, color: str, channels: int) -> None:
    """Size and colour are those of the spec."""
    data = load(DataSpec.parse({"source": str(examples), "size": 20, "color": color}))
    assert data.shape == (20, 20, channels)


def test_fit(home: Path, tmp_path: Path) -> None:
    """The fit of the spec decides whether a wide image gets a white ground."""
    for label in COLORS:
        (tmp_path / "wide" / label).mkdir(parents=True)
        image = draw_example(label, 0, 40).point(lambda _: 0).resize((80, 20))
        image.save(tmp_path / "wide" / label / "a.png")
    source = str(tmp_path / "wide")
    white = {
        fit: int(
            load(DataSpec.parse({"source": source, "size": 16, "fit": fit})).images.images.max()
        )
        for fit in ("pad", "crop", "stretch")
    }
    assert white == {"pad": 255, "crop": 0, "stretch": 0}


def test_split_follows_the_spec(home: Path, examples: Path) -> None:
    """The test share and the split seed of the spec, and the validation share given, divide it."""
    spec = DataSpec(source=str(examples), size=16, test_share=0.5)
    found = load(spec).split(0.2)
    assert [len(rows) for rows in (found.train, found.validation, found.test)] == [24, 6, 30]
    assert load(spec).split(0.2).test.tolist() == found.test.tolist()
    other = load(spec.changed(split_seed=1)).split(0.2)
    assert other.test.tolist() != found.test.tolist()


def test_parts_drawn_anew(home: Path, tmp_path: Path) -> None:
    """A set's own validation and test images are used, or mixed with the others and drawn anew."""
    for part, count in (("train", 12), ("validation", 4), ("test", 4)):
        for number in range(count):
            for label in COLORS:
                path = tmp_path / "set" / part / label / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                draw_example(label, number + 20 * len(part), 40).save(path)
    spec = DataSpec(source=str(tmp_path / "set"), size=16, test_share=0.5)
    own, drawn = load(spec).split(0.2), load(spec.changed(parts="drawn")).split(0.2)
    assert [len(own.validation), len(own.test)] == [12, 12]
    names = load(spec).images.names
    assert all("test" in names[row] for row in own.test)
    assert len(drawn.test) == pytest.approx(30, abs=3)
    assert len({names[row].split("/")[0] for row in drawn.test}) > 1


def test_copies_never_cross_parts(home: Path, examples: Path) -> None:
    """Copies of one picture under other names and in other formats lie in one part."""
    for number in range(20):
        draw_example("circles", number).save(examples / "circles" / f"copy-{number}.bmp")
    data = load(DataSpec(source=str(examples), size=16))
    found = data.split(0.2)
    parts = [set(data.images.digests[rows].tolist()) for rows in vars(found).values()]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 60


def test_a_share_of_the_training_images(home: Path, examples: Path) -> None:
    """It takes from the training part alone: what is validated and tested with stays the same."""
    data = load(DataSpec(source=str(examples), size=16))
    whole, half = data.split(0.2), data.split(0.2, 0.5)
    assert set(half.train.tolist()) < set(whole.train.tolist())
    assert abs(len(half.train) - len(whole.train) / 2) <= 3
    for name in ("validation", "test", "left_out"):
        assert getattr(half, name).tolist() == getattr(whole, name).tolist()
    assert data.split(0.2, 1.0).train.tolist() == whole.train.tolist()


def test_sample(home: Path, examples: Path) -> None:
    """A sample is of the class asked for, without repeats, and no larger than the class."""
    data = load(DataSpec(source=str(examples), size=16))
    for label in range(3):
        rows = data.sample(label, 6)
        assert len(rows) == len(set(rows)) == 6
        assert (data.images.labels[rows] == label).all()
    assert len(data.sample(0, 100)) == 20
    assert data.sample(0, 0) == []


def test_one_readable_class(home: Path, examples: Path) -> None:
    """A set of which only one class can be read is refused by that class's name."""
    for label in ("crosses", "squares"):
        for path in (examples / label).iterdir():
            path.write_bytes(b"")
    with pytest.raises(DataError, match="only one class") as caught:
        load(DataSpec(source=str(examples)))
    assert "circles" in caught.value.received


def test_class_with_one_image(home: Path, examples: Path) -> None:
    """A class with one image loads, and the split refuses it by name."""
    (examples / "rare").mkdir()
    draw_example("circles", 77).save(examples / "rare" / "only.png")
    data = load(DataSpec(source=str(examples), size=16))
    assert data.counts()["rare"] == 1
    with pytest.raises(DataError, match="class rare has too few images") as caught:
        data.split(0.15)
    assert "1 image in rare" in caught.value.received


def test_unknown_source(home: Path) -> None:
    """An unknown name is not found."""
    with pytest.raises(NotFoundError, match="There is no set of images nothing"):
        load(DataSpec(source="nothing"))


def test_sketches(home: Path) -> None:
    """The sketches need no file and no network: 150 of each of 12 classes."""
    seen: list[tuple[int, int]] = []
    data = load(DataSpec(size=16), lambda done, total: seen.append((done, total)))
    assert set(data.counts().values()) == {150}
    assert seen[-1] == (1800, 1800)
    assert len(np.unique(data.images.digests)) > 1790
