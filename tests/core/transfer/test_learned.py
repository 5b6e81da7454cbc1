"""core.transfer.learned: a network made of a run is not tested unnoticed on what the run learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, load
from core.data.splits import Split
from core.design import backbones
from core.specs import (
    Backbone,
    DataSpec,
    GlobalAveragePooling2D,
    Input,
    ModelSpec,
    Output,
)
from core.transfer import learned
from tests.conftest import write_examples

PLAIN = ModelSpec(name="plain", layers=(Input(), GlobalAveragePooling2D(), Output()))
OVER = ModelSpec(
    name="over",
    layers=(
        Input(),
        Backbone(network="run", run="first-1-abc"),
        GlobalAveragePooling2D(),
        Output(),
    ),
)


@pytest.fixture
def kept(home: Path) -> Path:
    """Where what is kept of the run lies."""
    write_examples(home / "datasets" / "examples")
    folder = backbones.kept("first-1-abc")
    folder.mkdir(parents=True)
    return folder


def parts(seed: int, size: int = 16, source: str = "examples") -> tuple[Dataset, Split]:
    """The examples, divided by that seed."""
    data = load(DataSpec(source=source, size=size, split_seed=seed))
    return data, data.split(0.2)


def test_the_same_split_at_another_size(kept: Path) -> None:
    """To go on learning from the same images is no fault, but says too little of a share of them."""
    learned.keep(kept, PLAIN, *parts(1))
    data, split = parts(1, size=24)
    assert learned.warning(OVER, data, split) == ""
    share = replace(split, train=split.train[:10])
    assert learned.warning(OVER, data, share, 0.25) == (
        "The run that is the network here has seen 10 of the 10 training images before. On images that "
        "it has not seen it does worse than its figures here say."
    )


def test_another_split(kept: Path) -> None:
    """It says of how many test images it knows the answer."""
    data, split = parts(1)
    learned.keep(kept, PLAIN, data, split)
    _, other = parts(2)
    tested = len(np.setdiff1d(other.test, split.test))
    assert tested
    assert f"has seen {tested} of the {len(other.test)} test images before" in learned.warning(
        OVER, data, other
    )


def test_a_set_is_the_same_by_its_name_and_by_its_folder(kept: Path) -> None:
    """In the workspace it has both."""
    learned.keep(kept, PLAIN, *parts(1))
    folder = str(kept.parents[2] / "datasets" / "examples")
    told = learned.warning(OVER, *parts(2))
    assert told
    assert learned.warning(OVER, *parts(2, source=folder)) == told


def test_images_in_other_colours(kept: Path) -> None:
    """A grey digit that is learned from as a coloured one is the same."""
    grey, rgb = (
        load(DataSpec(source="examples", size=16, color=color, split_seed=seed))
        for color, seed in (("gray", 1), ("rgb", 2))
    )
    learned.keep(kept, PLAIN, grey, grey.split(0.2))
    assert "test images before" in learned.warning(OVER, rgb, rgb.split(0.2))


def test_what_was_seen_stays_known(kept: Path) -> None:
    """When the run goes on with other images, or cannot."""
    data, split = parts(1)
    learned.keep(kept, PLAIN, data, split)
    first = set(np.load(kept / learned.NAME))
    learned.keep(kept, PLAIN, *parts(2))
    assert first < set(np.load(kept / learned.NAME))


def test_what_the_network_of_the_network_learned_from(kept: Path) -> None:
    """Goes on being known."""
    learned.keep(kept, PLAIN, *parts(1))
    first = np.load(kept / learned.NAME)
    write_examples(kept.parents[2] / "datasets" / "others")
    learned.keep(kept, OVER, *parts(1, source="others"))
    both = np.load(kept / learned.NAME)
    assert set(first) < set(both)
    assert len(both) == 2 * len(first)


@pytest.mark.parametrize("content", [None, b"", b"none"])
def test_what_is_not_known_is_told(kept: Path, content: bytes | None) -> None:
    """Of a run that did not keep it, or whose file is damaged; it can be learned from all the same."""
    if content is not None:
        (kept / learned.NAME).write_bytes(content)
    assert "does not say which images" in learned.warning(OVER, *parts(1))
    learned.keep(kept.parent, OVER, *parts(1))
    assert len(np.load(kept.parent / learned.NAME))


def test_nothing_is_said_of_other_images(kept: Path) -> None:
    """Nor of other networks."""
    learned.keep(kept, PLAIN, *parts(1))
    assert learned.warning(PLAIN, *parts(1)) == ""
    write_examples(kept.parents[2] / "datasets" / "others")
    assert learned.warning(OVER, *parts(1, source="others")) == ""
