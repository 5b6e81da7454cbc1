"""Tests that a script reads and splits the images as Layerwise does, to the last pixel."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data import drawn
from core.data.dataset import Dataset, load
from core.data.splits import part_of, split
from core.design.presets import preset
from core.errors import DataError
from core.specs import DataSpec
from core.specs.arrays import ARRAY_SETS
from core.train import backend
from tests.conftest import draw_example, write_examples
from tests.core.data.test_arrays import SETS, TEST, TRAIN, arrays, write
from tests.core.design.test_script import names_of, text_of

pytestmark = pytest.mark.tensorflow

FITS = ("pad", "crop", "stretch")


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    """Keras, started once as the worker does."""
    return backend.start()


def compare(spec: DataSpec, place: Path | None = None, share: float = 0.25) -> Dataset:
    """The script reads and splits the set as we do, here or where it lies at `place`."""
    data = load(spec)
    design = preset("starter").model
    classes = len(data.classes)
    names = names_of(text_of(design, spec, data.shape, classes, validation_share=share))
    read, labels, parts, images, *hashes = names["load_images"](place or names["DATA"])
    if "CLASSES" not in names:
        found, labels = np.unique(labels, return_inverse=True)
        assert tuple(found) == data.classes
    assert tuple(map(str, read)) == data.images.names
    assert labels.tolist() == data.images.labels.tolist()
    assert images.dtype == np.uint8
    assert np.array_equal(images, data.images.images)
    twins = [names["digest"](image.tobytes()) for image in images]
    if hashes:
        twins = names["near_twins"](*hashes, twins, labels)
        assert twins.tolist() == data.images.twins.tolist()
    ours, theirs = data.split(share), names["split"](read, labels, parts, twins)
    for one, other in zip((ours.train, ours.validation, ours.test), theirs, strict=True):
        assert one.tolist() == other.tolist()
    return data


def write_odd(folder: Path) -> Path:
    """Class folders with every kind of image file there is, copies, and files that are none."""
    write_examples(folder, per_class=12)
    rng = np.random.default_rng(0)
    wide = Image.fromarray(rng.integers(0, 256, (50, 90, 3), np.uint8)).resize((300, 200))
    circles, crosses, squares = (folder / name for name in ("circles", "crosses", "squares"))
    for turn in range(1, 10):  # 9 is none of EXIF's
        exif = Image.Exif()
        exif[0x0112] = turn
        wide.rotate(turn).save(circles / f"turned {turn}.jpg", exif=exif, quality=90)
    exif[0x0112] = 6
    wide.save(circles / "damaged exif.webp", exif=exif, lossless=True)
    whole = (circles / "damaged exif.webp").read_bytes()
    broken = whole.replace(b"MM\0*", b"ZZ\0*").replace(b"II*\0", b"ZZ*\0")
    assert broken != whole
    (circles / "damaged exif.webp").write_bytes(broken)
    clear = wide.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    clear.save(crosses / "transparent.png")
    clear.convert("LA").save(crosses / "transparent gray.png")
    clear.quantize(20).save(crosses / "palette.png", transparency=3)
    clear.save(crosses / "transparent.webp", lossless=True)
    wide.quantize(30).save(crosses / "palette.gif")
    wide.convert("L").save(squares / "gray.png", transparency=7)
    wide.convert("1").save(squares / "bits.png")
    wide.convert("CMYK").save(squares / "print.JPG")
    wide.save(squares / "photo.bmp")
    deep = rng.integers(0, 65536, (20, 30), np.uint16)
    Image.fromarray(deep).save(squares / "deep.png")
    Image.fromarray(deep // 512).save(squares / "deep and dark.png")
    for number, copy in enumerate(("copy.png", "another copy.png")):
        shutil.copy(circles / "003.png", circles / copy)
        shutil.copy(crosses / f"00{number}.png", squares / copy)  # in two classes
    (circles / "broken.png").write_bytes(b"no image")
    (circles / "cut.jpg").write_bytes((circles / "turned 1.jpg").read_bytes()[:900])
    (circles / "notes.txt").write_text("no image either")
    (circles / ".hidden.png").write_bytes((circles / "001.png").read_bytes())
    deeper = squares / "more" / "of them"
    deeper.mkdir(parents=True)
    draw_example("squares", 50).save(deeper / "b.png")
    draw_example("squares", 51).save(squares / "more" / "z.png")
    for name in (".thumbnails", "__MACOSX", "empty"):
        (folder / name).mkdir()
    draw_example("circles", 60).save(folder / ".thumbnails" / "a.png")
    draw_example("circles", 61).save(folder / "__MACOSX" / "a.png")
    draw_example("circles", 62).save(folder / "not in a class.png")
    return folder


# folders


@pytest.mark.filterwarnings("ignore:.*")  # Pillow tells of odd files, ours and the script's alike
@pytest.mark.parametrize("color", ["rgb", "gray"])
@pytest.mark.parametrize("fit", FITS)
def test_any_file(home: Path, tmp_path: Path, fit: str, color: str) -> None:
    """Turned, transparent, grey, deep, printed, copied and broken files are read as by us."""
    folder = write_odd(tmp_path / "odd")
    values = {"source": str(folder), "size": 24, "fit": fit, "color": color, "split_seed": 3}
    data = compare(DataSpec.parse(values))
    left_out = {item.name for item in data.images.skipped}
    assert {"circles/broken.png", "circles/cut.jpg", "circles/notes.txt"} <= left_out
    assert {"circles/turned 9.jpg", "circles/damaged exif.webp"} <= set(data.images.names)
    assert len(set(data.images.digests.tolist())) < len(data.images.names)


def test_an_official_test(home: Path, tmp_path: Path) -> None:
    """A set's own test part is kept, and its copies and twins among the training images are left out."""
    write_examples(tmp_path / "set" / "Training")
    test = tmp_path / "set" / "test"
    for label in ("circles", "crosses", "squares"):
        (test / label).mkdir(parents=True)
        for number in range(100, 105):
            draw_example(label, number).save(test / label / f"{number}.png")
        shutil.copy(tmp_path / "set" / "Training" / label / "004.png", test / label / "copy.png")
    spec = DataSpec(source=str(tmp_path / "set"), size=16)
    data = compare(spec)
    found = data.split(0.25)
    assert len(found.test) == 18
    left_out = {data.images.names[row] for row in found.left_out}
    assert {f"Training/{label}/004.png" for label in ("circles", "crosses", "squares")} <= left_out
    assert len(left_out) == 5  # two of them near twins of test images, of which they are no copies
    assert set(data.images.twins[found.left_out]) <= set(data.images.twins[found.test])
    validation = tmp_path / "set" / "valid"
    shutil.copytree(test, validation)
    for label in ("circles", "crosses", "squares"):
        draw_example(label, 200).save(validation / label / "200.png")
    assert len(compare(spec).split(0.25).validation) == 3
    shutil.rmtree(test)
    assert len(compare(spec).split(0.25).validation) == 21


def test_folders_in_folders(home: Path, tmp_path: Path) -> None:
    """Folders around the class folders are looked into, and two classes may be called like parts."""
    inner = write_examples(tmp_path / "outer" / "inner" / "photos", per_class=8)
    compare(DataSpec(source=str(tmp_path / "outer"), size=16))
    (inner / "circles").rename(inner / "train")
    (inner / "crosses").rename(inner / "test")
    data = compare(DataSpec(source=str(tmp_path / "outer"), size=16))
    assert data.classes == ("squares", "test", "train")


def test_a_class_that_cannot_be_read(home: Path, examples: Path) -> None:
    """A class without one readable image is no class."""
    (examples / "blobs").mkdir()
    (examples / "blobs" / "a.png").write_bytes(b"no image")
    assert len(compare(DataSpec(source=str(examples), size=16)).classes) == 3


def test_sketches(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in drawings, written to a folder, are the same set in the script."""
    monkeypatch.setattr(drawn, "PER_CLASS", 8)
    folder = tmp_path / "sketches"
    assert drawn.write_folder(folder) == 96
    for values in ({}, {"size": 40, "color": "gray", "fit": "crop"}, {"size": 112}):
        compare(DataSpec.parse({"source": "sketches", **values}), folder)
    text = text_of(preset("starter").model, DataSpec())
    assert "python -m core data export sketches" in text
    assert names_of(text)["DATA"] == Path("sketches")


def test_few_images(home: Path, tmp_path: Path) -> None:
    """Of three different images a class, one is for each part, however large the shares."""
    folder = write_examples(tmp_path / "few", per_class=3)
    spec = DataSpec(source=str(folder), size=16, test_share=0.5)
    assert len(compare(spec, share=0.5).split(0.5).train) == 3


# published sets


def test_the_published_sets_are_known() -> None:
    """The script knows the sets that we do, with their titles, shapes and names in Keras."""
    for item in ARRAY_SETS:
        shape = (item.size, item.size, item.channels)
        text = text_of(preset("starter").model, DataSpec(source=item.name), shape)
        assert f" on {item.title}, with Keras alone." in text
        assert repr(str(item.path)).strip("'") in text
        assert f"keras.datasets.{item.keras_name}.load_data()" in text
        assert "Pillow" not in text
        assert "PIL" not in text


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    "values", [{}, {"size": 16, "color": "rgb"}, {"color": "gray", "fit": "crop"}, {"size": 40}]
)
def test_arrays(home: Path, name: str, values: dict[str, Any]) -> None:
    """A published set is read from its file, as it is or brought to another size and colour."""
    array_set = SETS[name]
    found = arrays(array_set)
    found["x_train"][5] = found["x_test"][5]  # a copy of a test image
    found["x_train"][7] = found["x_train"][17]
    write(array_set, found)
    data = compare(DataSpec.parse({"source": name, **values}))
    assert data.split(0.25).test.tolist() == list(range(TRAIN, TRAIN + TEST))
    assert data.split(0.25).left_out.tolist() == [5]


@pytest.mark.parametrize("name", SETS)
def test_arrays_of_keras(home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no file of the set, the script takes it from keras.datasets."""
    import keras

    array_set = SETS[name]
    values = arrays(array_set)
    path = write(array_set, values)
    module = getattr(keras.datasets, array_set.keras_name)
    parts = tuple((values[f"x_{part}"], values[f"y_{part}"]) for part in ("train", "test"))
    monkeypatch.setattr(module, "load_data", lambda: parts)
    compare(DataSpec(source=name), path.with_name("nothing.npz"))


# the split


@st.composite
def sets(draw: st.DrawFn) -> dict[str, Any]:
    """A few classes of images, many of them equal, with or without parts of their own."""
    count = draw(st.integers(6, 40))
    whole = draw(st.sampled_from([(0,), (1, 3), (1, 2), (1, 2, 3)]))
    row = st.tuples(
        st.integers(0, draw(st.integers(1, 3))),
        st.integers(0, draw(st.sampled_from([5, 20, 200]))),
        st.sampled_from(whole),
    )
    rows = draw(st.lists(row, min_size=count, max_size=count))
    return {
        "labels": [label for label, _, _ in rows],
        "pixels": [pixels for _, pixels, _ in rows],
        "parts": [part for _, _, part in rows],
        "seed": draw(st.integers(0, 2**31 - 1)),
        "test_share": draw(st.sampled_from([0.05, 0.2, 0.5])),
        "validation_share": draw(st.sampled_from([0.05, 0.15, 0.5])),
        "train_share": draw(st.sampled_from([0.1, 0.5, 0.9])),
    }


@given(sets())
@settings(deadline=None, max_examples=150)
def test_split(example: dict[str, Any]) -> None:
    """Whatever is equal to what, and whatever parts there are, the script draws the same split, and
    the same part of the training images."""
    names = [f"class {label}/{row}.png" for row, label in enumerate(example["labels"])]
    labels = np.unique(example["labels"], return_inverse=True)[1].astype(np.int64)
    images = np.array(example["pixels"], np.uint8).reshape(-1, 1, 1, 1)
    parts = np.array(example["parts"], np.int8)
    shares = {key: example[key] for key in ("test_share", "validation_share", "seed")}
    try:
        ours = split(
            names=names,
            labels=labels,
            parts=parts,
            twins=images.ravel().astype(np.uint64),
            classes=[str(label) for label in np.unique(labels)],
            **shares,
        )
    except DataError:  # a class is missing in a part: nothing is trained
        return
    spec = DataSpec(source="/a", test_share=shares["test_share"], split_seed=shares["seed"])
    changes = {key: example[key] for key in ("validation_share", "train_share")}
    functions = names_of(text_of(preset("starter").model, spec, **changes))
    twins = images.ravel().tolist()
    theirs = functions["split"](names, labels, np.maximum(parts - 1, 0), twins)
    for one, other in zip((ours.train, ours.validation, ours.test), theirs, strict=True):
        assert one.tolist() == other.tolist()
    part = part_of(
        ours.train,
        example["train_share"],
        names=names,
        labels=labels,
        twins=images.ravel().astype(np.uint64),
        seed=example["seed"],
    )
    assert functions["part_of"](theirs[0], names, labels, twins).tolist() == part.tolist()
