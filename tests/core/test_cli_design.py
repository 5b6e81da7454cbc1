"""core.cli.design: designs on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.design.analysis import analyse
from core.design.presets import PRESETS, Preset, preset
from core.design.script import script
from core.specs import DataSpec, TrainSpec
from tests.core.conftest import Cli, last_json

ROW_KEYS = {
    *("name", "kind", "title", "details", "on", "output_shape", "parameters"),
    *("multiply_adds", "receptive_field", "activation_values"),
}
WRONG = [{"kind": "input"}, {"kind": "dense"}, {"kind": "output"}, {"kind": "flatten"}]


def write_design(path: Path, *layers: Any) -> str:
    """A design's JSON file."""
    path.write_text(json.dumps({"name": "mine", "layers": layers}))
    return str(path)


# show


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_show_tells_all(home: Path, cli: Cli, item: Preset) -> None:
    """design show --json has each layer's shape and cost, and the totals, as the analysis has."""
    code, out, err = cli("design", "show", item.name, "--json")
    assert (code, err) == (0, "")
    result = last_json(out)
    found = analyse(item.model, (32, 32, 3), 10)
    assert result["design"] == item.name
    assert (result["shape"], result["classes"]) == ([32, 32, 3], 10)
    assert [set(layer) for layer in result["layers"]] == [ROW_KEYS] * len(found.rows)
    for layer, row in zip(result["layers"], found.rows, strict=True):
        assert layer["name"] == row.name
        assert layer["output_shape"] == list(row.output_shape or ())
        assert layer["receptive_field"] == row.reach
    for total in ("parameters", "multiply_adds", "activation_values"):
        assert result[total] == sum(layer[total] for layer in result["layers"])
    assert result["parameters"] == found.parameters
    assert result["trainable"] == found.trainable
    assert result["receptive_field"] == found.reach
    assert result["errors"] == []


def test_show_prints_a_table(home: Path, cli: Cli) -> None:
    """design show prints a line for each layer and the totals."""
    code, out, err = cli("design", "show", "starter")
    assert (code, err) == (0, "")
    assert "starter, for images of 32 × 32 × 3 in 10 classes" in out
    assert "In all 60,362 parameters" in out
    for number, layer in enumerate(preset("starter").model.layers, start=1):
        assert f"\n{number} {layer.TITLE}" in out


def test_show_takes_the_images_of_a_set(home: Path, examples: Path, cli: Cli) -> None:
    """design show works with the shape and classes of a set, or with those that are given."""
    by_data = last_json(cli("design", "show", "starter", "--data", str(examples), "--json")[1])
    options = ("--shape", "64x64x3", "--classes", "3", "--json")
    assert by_data == last_json(cli("design", "show", "starter", *options)[1])
    mnist = last_json(cli("design", "show", "starter", "--data", "mnist", "--json")[1])
    assert (mnist["shape"], mnist["classes"]) == ([28, 28, 1], 10)  # known without the file
    wide = last_json(cli("design", "show", "starter", "--shape", "20×30x1", "--json")[1])
    assert wide["shape"] == [20, 30, 1]


def test_show_of_what_does_not_fit(home: Path, tmp_path: Path, cli: Cli) -> None:
    """design show goes as far as the layers fit, tells each mistake, and ends with exit code 2."""
    path = write_design(tmp_path / "mine.json", *WRONG)
    code, out, err = cli("design", "show", path, "--json")
    assert code == 2
    result = last_json(out)
    assert [layer["output_shape"] for layer in result["layers"]] == [[32, 32, 3], None, None, None]
    assert [error["what"] in err for error in result["errors"]] == [True, True]
    code, out, err = cli("design", "show", path)
    assert code == 2
    assert "does not fit" in out
    assert err.count("Error: Layer ") == 2
    off = write_design(
        tmp_path / "off.json",
        *({"kind": "input"}, {"kind": "dropout", "on": False}, {"kind": "flatten"}),
        {"kind": "output"},
    )
    assert "switched off" in cli("design", "show", off)[1]


# check


def test_check_of_a_design_that_fits(home: Path, examples: Path, cli: Cli) -> None:
    """design check ends with exit code 0 and one line for a design whose layers fit."""
    code, out, err = cli("design", "check", "lenet-5")
    assert (code, out, err) == (0, "lenet-5 fits images of 32 × 32 × 3 in 10 classes\n", "")
    code, out, _ = cli("design", "check", "lenet-5", "--data", str(examples), "--json")
    assert code == 0
    assert last_json(out) == {"valid": True, "errors": []}


def test_check_tells_every_mistake(home: Path, tmp_path: Path, cli: Cli) -> None:
    """design check tells each layer that is wrong, and ends with exit code 2."""
    path = write_design(tmp_path / "mine.json", *WRONG)
    code, out, err = cli("design", "check", path, "--json")
    assert code == 2
    result = last_json(out)
    assert result["valid"] is False
    assert [error["what"][:7] for error in result["errors"]] == ["Layer 2", "Layer 4"]
    assert all(error["expected"] and error["received"] for error in result["errors"])
    assert [error["what"] in err for error in result["errors"]] == [True, True]
    code, out, _ = cli("design", "check", path)
    assert (code, out) == (2, "")
    small = ("--shape", "2x2x3")
    assert "below 1 pixel" in cli("design", "check", "starter", *small)[2]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ('{"layers": [', "is not a design"),
        ('{"layers": [{"kind": "conv3d"}]}', "conv3d"),
        ('{"layers": [{"kind": "input"}], "colour": 1}', "colour"),
        ('{"layers": [{"kind": "conv2d", "filters": 0}]}', "filters"),
    ],
)
def test_check_of_what_is_no_design(
    home: Path, tmp_path: Path, cli: Cli, content: str, word: str
) -> None:
    """design check says of a file that is no design what is wrong with it, also as JSON."""
    path = tmp_path / "mine.json"
    path.write_text(content)
    code, out, err = cli("design", "check", str(path), "--json")
    assert code == 2
    result = last_json(out)
    assert result["valid"] is False
    assert word in str(result["errors"][0])
    assert word in err


# code


def test_code_is_the_script(home: Path, tmp_path: Path, cli: Cli) -> None:
    """design code prints the script, of CIFAR-10 where no set is named, or writes it to a file."""
    code, out, err = cli("design", "code", "keras-cifar10")
    assert (code, err) == (0, "")
    compile(out, "train.py", "exec")
    assert "keras.datasets.cifar10.load_data()" in out
    assert "keras.optimizers.RMSprop(LEARNING_RATE)" in out  # the preset's own training
    path = tmp_path / "train.py"
    code, told, _ = cli("design", "code", "keras-cifar10", "--output", str(path))
    assert code == 0
    assert path.read_text() == out
    assert told == f"{out.count(chr(10))} lines written to {path}\n"
    result = last_json(cli("design", "code", "keras-cifar10", "--json")[1])
    assert result["script"] == out
    assert result["output"] is None
    assert (result["shape"], len(result["classes"])) == ([32, 32, 3], 10)


def test_code_for_a_folder(home: Path, examples: Path, cli: Cli) -> None:
    """design code takes a set of images, and the same settings as train."""
    options = ("--data", str(examples), "--size", "24", "--color", "gray", "--epochs", "3")
    code, out, _ = cli("design", "code", "starter", *options, "--optimizer", "sgd")
    assert code == 0
    data = DataSpec(source=str(examples), size=24, color="gray")
    train = TrainSpec(epochs=3, optimizer="sgd")
    classes = ("circles", "crosses", "squares")
    model = preset("starter").model
    assert out == script(model, data, train, shape=(24, 24, 1), classes=classes)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["show", "startr"], "Did you mean starter?"),
        (["check", "/no/such/file.json"], "no design"),
        (["show", "starter", "--shape", "32x32"], "32x32x3"),
        (["show", "starter", "--shape", "0x32x3"], "--shape 0x32x3"),
        (["show", "starter", "--shape", "32x32x4"], "1 or 3 channels"),
        (["check", "starter", "--classes", "1"], "at least 2"),
        (["check", "starter", "--classes", "many"], "at least 2"),
        (["show", "starter", "--data", "mnist", "--shape", "8x8x1"], "--data"),
        (["show", "starter", "--data", "sketchs"], "Did you mean sketches?"),
        (["code", "starter", "--data", "/no/folder"], "/no/folder"),
        (["code", "starter", "--epochs", "0"], "epochs"),
        (["code", "starter", "--size", "8", "--fit", "odd"], "fit"),
        (["code", "lab-cifar10", "--size", "4"], "size"),
    ],
)
def test_bad_input_is_refused(home: Path, cli: Cli, arguments: list[str], word: str) -> None:
    """What cannot be used ends with exit code 2 and says expected and received."""
    code, out, err = cli("design", *arguments, "--json")
    assert code == 2
    assert err.startswith("Error: ")
    assert word in err
    assert last_json(out)["error"]["expected"]


def test_a_script_of_layers_that_do_not_fit(home: Path, tmp_path: Path, cli: Cli) -> None:
    """design code of a design that does not fit is bad input, and writes no file."""
    path = tmp_path / "train.py"
    options = ("--size", "8", "--output", str(path))
    code, _, err = cli("design", "code", "keras-cifar10", *options)
    assert code == 2
    assert "Layer " in err
    assert not path.exists()
    nowhere = ("--output", str(tmp_path / "nothing" / "train.py"))
    assert cli("design", "code", "starter", *nowhere)[0] == 1
