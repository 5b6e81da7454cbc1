"""A transfer as ordered is a run whose design fits its images and whose head can be solved for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.dataset import load
from core.design.analysis import analyse, table
from core.design.backbones import BACKBONES
from core.errors import NotFoundError, SpecError
from core.specs import (
    Backbone,
    DataSpec,
    Dense,
    FineTuneSpec,
    GlobalAveragePooling2D,
    HeadSpec,
    Input,
    Output,
    RunSpec,
    TrainSpec,
    TransferSpec,
    Vary,
)
from core.specs.arrays import ARRAY_SETS
from core.transfer.compose import compose, design
from core.transfer.cut import cut, require_head, with_hidden
from tests.conftest import write_examples

SIDES = {"cifar10": (32, 32, 3), "mnist": (28, 28)}
TRANSFERS = st.builds(
    TransferSpec,
    head=st.sampled_from(["auto", "linear", "hidden"]),
    units=st.integers(8, 4096),
    flips=st.booleans(),
    zooms=st.booleans(),
    size=st.none() | st.integers(32, 512),
)


def write_set(name: str, count: int) -> None:
    """A published set of so many images, all of them black."""
    (path,) = (item.path for item in ARRAY_SETS if item.name == name)
    path.parent.mkdir(parents=True, exist_ok=True)
    tested = 20
    arrays = {
        f"{what}_{part}": values
        for part, number in (("train", count - tested), ("test", tested))
        for what, values in (
            ("x", np.zeros((number, *SIDES[name]), np.uint8)),
            ("y", (np.arange(number) % 10).astype(np.uint8)),
        )
    }
    np.savez_compressed(path, **arrays)


def write_copies(folder: Path, count: int) -> Path:
    """Two classes of so many images in all, each of them the same file."""
    write_examples(folder, 1)
    for label in ("circles", "crosses"):
        for number in range(1, count // 2):
            (folder / label / f"{number:05d}.png").hardlink_to(folder / label / "000.png")
    (folder / "squares" / "000.png").unlink()
    return folder


def backbone(spec: RunSpec) -> Backbone:
    """Of the run's design."""
    (found,) = (layer for layer in spec.model.layers if isinstance(layer, Backbone))
    return found


@pytest.mark.parametrize(("count", "size"), [(60, 192), (10_000, 192), (10_020, 160)])
@pytest.mark.parametrize("name", SIDES)
def test_stored_sets_keep_their_size(home: Path, name: str, count: int, size: int) -> None:
    """They are enlarged inside the model, less where there are many; grey ones come in colour."""
    write_set(name, count)
    asked = DataSpec(source=name, size=64, color="gray", parts="drawn", split_seed=3)
    spec = compose(TransferSpec(), asked)
    assert spec.data == DataSpec(source=name, color="rgb", parts="drawn", split_seed=3)
    assert backbone(spec).enlarge == size
    assert backbone(compose(TransferSpec(size=96), asked)).enlarge == 96


@pytest.mark.parametrize(("count", "size"), [(40, 192), (10_000, 192), (10_002, 160)])
def test_other_images_are_decoded_at_that_size(
    home: Path, tmp_path: Path, count: int, size: int
) -> None:
    """The model enlarges nothing."""
    source = str(write_copies(tmp_path / "copies", count))
    spec = compose(TransferSpec(), DataSpec(source=source, size=64, fit="crop"))
    assert spec.data == DataSpec(source=source, size=size, color="rgb", fit="crop")
    assert backbone(spec).enlarge is None
    spec = compose(TransferSpec(size=224), DataSpec(source=source))
    assert (spec.data.size, backbone(spec).enlarge) == (224, None)


@pytest.mark.parametrize(
    ("count", "share"),
    [(60, 0.15), (3_330, 0.15), (4_000, 0.125), (10_000, 0.05), (70_000, 0.05)],
)
def test_validation_share(home: Path, count: int, share: float) -> None:
    """The usual one, or less where 500 images are enough; never below 5%."""
    write_set("mnist", count)
    data = DataSpec(source="mnist")
    assert compose(TransferSpec(), data).train.validation_share == pytest.approx(share)
    asked = compose(TransferSpec(), data, train={"validation_share": 0.4, "seed": 7}).train
    assert (asked.validation_share, asked.seed) == (0.4, 7)


def test_what_was_asked_for_is_in_the_run(home: Path) -> None:
    """The head, the tags, and the settings of the training."""
    write_set("cifar10", 60)
    transfer = TransferSpec(head="hidden", units=64, flips=True, zooms=True)
    tags = {"lab": "gear"}
    train = {"class_weights": "balanced"}
    spec = compose(transfer, DataSpec(source="cifar10"), train=train, tags=tags)
    assert spec.head == HeadSpec(head="hidden", units=64, flips=True, zooms=True)
    assert spec.tags == tags
    assert spec.train.class_weights == "balanced"
    assert spec.model.name == "EfficientNet-Lite0"
    assert RunSpec.parse(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("head", "dense"),
    [
        ("auto", {"on": True, "vary": (Vary(setting="on"),)}),
        ("linear", {"on": False}),
        ("hidden", {"on": True}),
    ],
)
def test_design(head: Any, dense: dict[str, Any]) -> None:
    """The hidden layer is there, is not, or varies."""
    assert design(TransferSpec(head=head, units=40), enlarge=96).layers == (
        Input(scale="0 to 255"),
        Backbone(enlarge=96),
        GlobalAveragePooling2D(),
        Dense(units=40, **dense),
        Output(),
    )


@given(TRANSFERS, st.booleans(), st.integers(2, 200))
def test_every_design_fits(transfer: TransferSpec, stored: bool, classes: int) -> None:
    """Whatever is asked for, and its head can be solved for, as wide as asked."""
    size = transfer.size or 192
    shape = (32, 32, 3) if stored else (size, size, 3)
    model = design(transfer, enlarge=size if stored else None)
    assert analyse(model, shape, classes).errors == []
    found = cut(table(with_hidden(model, hidden=True), shape, classes))
    require_head(model, found, transfer.units)
    assert found is not None
    assert found.size == size
    assert [row.output_shape for row in found.rest] == [(transfer.units,), (classes,)]


@pytest.mark.parametrize("head", ["auto", "linear", "hidden"])
@pytest.mark.parametrize("name", ["mnist", "folder"])
def test_the_run_fits_its_images(home: Path, tmp_path: Path, name: str, head: Any) -> None:
    """As they are decoded."""
    if name == "folder":
        name = str(write_examples(tmp_path / "examples", 4))
    else:
        write_set(name, 60)
    spec = compose(TransferSpec(head=head), DataSpec(source=name))
    data = load(spec.data)
    analysis = analyse(spec.model, data.shape, len(data.classes))
    assert analysis.errors == []
    every = with_hidden(spec.model, hidden=True)
    require_head(spec.model, cut(table(every, data.shape, len(data.classes))), 512)


def test_what_is_wrong_is_told(home: Path) -> None:
    """No such images, and a setting out of its bounds."""
    with pytest.raises(NotFoundError, match="no set of images nothing"):
        compose(TransferSpec(), DataSpec(source="nothing"))
    write_set("mnist", 60)
    with pytest.raises(SpecError, match="validation_share"):
        compose(TransferSpec(), DataSpec(source="mnist"), train={"validation_share": 0.9})


def test_another_network(home: Path) -> None:
    """With its file, whose path a worker in another folder finds; older runs name no file."""
    write_set("cifar10", 60)
    asked = TransferSpec(backbone="mobilenet_v2", weights="mine.h5")
    spec = compose(asked, DataSpec(source="cifar10"))
    assert backbone(spec).network == "mobilenet_v2"
    assert backbone(spec).weights == str(Path("mine.h5").resolve())
    assert spec.model.name == "MobileNetV2"
    older = compose(TransferSpec(), DataSpec(source="cifar10"))
    kept = older.model_dump(mode="json")
    assert kept["model"]["layers"][1].pop("weights", "") is None
    assert RunSpec.parse(kept) == older


@pytest.mark.parametrize("name", BACKBONES)
def test_every_network_fits(name: Any) -> None:
    """A design of each is right, and the run may bear its title."""
    model = design(TransferSpec(backbone=name))
    assert model.name == BACKBONES[name].title
    assert analyse(model, (192, 192, 3), 7).errors == []


@pytest.mark.parametrize(
    ("count", "epochs"), [(60, 8), (4_990, 8), (5_000, 4), (19_990, 4), (20_000, 3)]
)
def test_fine_tuning_has_settings_of_its_own(home: Path, count: int, epochs: int) -> None:
    """Fewer images are gone through more often; what was asked for goes before."""
    write_set("mnist", count)
    data, asked = DataSpec(source="mnist"), TransferSpec(finetune="last-3-blocks", decay=0.7)
    spec = compose(asked, data)
    assert spec.finetune == FineTuneSpec(blocks=3, decay=0.7)
    assert spec.head is not None
    assert (spec.train.epochs, spec.train.optimizer) == (epochs, "adamw")
    assert (spec.train.schedule, spec.train.patience) == ("one-cycle", 3)
    changed = compose(asked, data, train={"epochs": 2, "optimizer": "sgd"}).train
    assert (changed.epochs, changed.optimizer, changed.schedule) == (2, "sgd", "one-cycle")


def test_without_fine_tuning_nothing_is_set_for_it(home: Path) -> None:
    """Nor is it told; runs from before it was there are read."""
    write_set("mnist", 60)
    spec = compose(TransferSpec(), DataSpec(source="mnist"))
    assert spec.finetune is None
    usual = TrainSpec(validation_share=spec.train.validation_share)
    assert spec.train == usual
    kept = spec.model_dump(mode="json")
    assert kept.pop("finetune") is None
    assert RunSpec.parse(kept) == spec
