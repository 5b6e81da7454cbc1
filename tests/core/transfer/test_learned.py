"""core.transfer.learned: a network made of a run is not tested unnoticed on what the run learned from."""

from __future__ import annotations

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
    """All that is learned from was learned from before; of the test images none was."""
    learned.keep(kept, PLAIN, *parts(1))
    data, split = parts(1, size=24)
    count = len(split.train)
    assert learned.warning(OVER, data, split) == (
        f"The run that is the network here has learned from {count} of these {count} training images "
        "before: what it comes to with fewer of them says little."
    )


def test_another_split(kept: Path) -> None:
    """It says of how many test images it knows the answer."""
    data, split = parts(1)
    learned.keep(kept, PLAIN, data, split)
    _, other = parts(2)
    tested = len(np.setdiff1d(other.test, split.test))
    assert tested
    told = learned.warning(OVER, data, other)
    assert f"and from {tested} of the {len(other.test)} test images: it will do worse" in told


def test_what_the_network_of_the_network_learned_from(kept: Path) -> None:
    """Goes on being known."""
    learned.keep(kept, PLAIN, *parts(1))
    first = np.load(kept / learned.NAME)
    write_examples(kept.parents[2] / "datasets" / "others")
    learned.keep(kept, OVER, *parts(1, source="others"))
    both = np.load(kept / learned.NAME)
    assert set(first) < set(both)
    assert len(both) == 2 * len(first)


@pytest.mark.parametrize("damaged", [False, True])
def test_nothing_is_said_where_nothing_is_known(kept: Path, damaged: bool) -> None:
    """Of other images, of another network, or of a run that did not keep them."""
    assert learned.warning(PLAIN, *parts(1)) == ""
    if damaged:
        (kept / learned.NAME).write_bytes(b"none")
    assert learned.warning(OVER, *parts(1)) == ""
    learned.keep(kept, PLAIN, *parts(1))
    write_examples(kept.parents[2] / "datasets" / "others")
    assert learned.warning(OVER, *parts(1, source="others")) == ""
