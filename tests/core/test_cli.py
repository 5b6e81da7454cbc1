"""core.cli: the command line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core import workspace
from core.data import drawn
from core.runs import run as runs
from core.runs.run import Run, all_runs, create
from core.runs.status import State
from tests.conftest import draw_example, small_spec
from tests.core.conftest import Cli, Processes, hold_slot, last_json

Wait = Callable[[Callable[[], bool], float], None]
RUN_KEYS = {
    *("run", "folder", "status", "epochs", "best_epoch", "val_accuracy", "test_accuracy"),
    *("images_per_second", "seconds"),
    "seconds_to",
    "engine",
}


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start one command as a person's shell does, with its output going to pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "core", *arguments],
        cwd=workspace.CHECKOUT,
        env={**os.environ, "LAYERWISE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# data


def test_the_sets_are_listed(home: Path, cli: Cli) -> None:
    """data list names the built-in sets and the workspace's own folders, as a table or as JSON."""
    (home / "datasets" / "mine").mkdir(parents=True)
    code, out, err = cli("data", "list", "--json")
    assert code == 0
    assert err == ""
    entries = {entry["name"]: entry for entry in last_json(out)}
    assert list(entries) == ["sketches", "cifar10", "mnist", "fashion-mnist", "mine"]
    assert entries["sketches"]["ready"]
    assert not entries["cifar10"]["ready"]
    code, out, _ = cli("data", "list")
    assert code == 0
    for name in entries:
        assert name in out


def test_the_pretrained_networks_are_listed(home: Path, cli: Cli) -> None:
    """backbones tells what is here, and of the rest which file to put where."""
    code, out, err = cli("backbones", "--json")
    assert (code, err) == (0, "")
    first, *rest = last_json(out)
    assert first == {
        "name": "efficientnet_lite0",
        "title": "EfficientNet-Lite0",
        "size": 224,
        "parameters": 3_413_024,
        "imagenet_accuracy": 0.751,
        "milliseconds": None,
        "ready": True,
        "where": "Comes with Layerwise",
    }
    assert len(rest) >= 11
    assert not any(one["ready"] for one in rest)
    assert all(str(home.parent / "keras" / "models") in one["where"] for one in rest)
    code, out, _ = cli("backbones")
    assert code == 0
    assert "its weights are missing" in out
    assert "efficientnetv2-b3_notop.h5 elsewhere and put it into" in out


def test_a_trained_run_is_a_network(workspace: Path, cli: Cli) -> None:
    """It is listed below the others, and transfer refuses one that is not there before anything else."""
    code, out, _ = cli("backbones")
    assert code == 0
    assert "Trained runs, with --backbone run --run NAME: examples-starter-1" in out
    asked = "transfer", "--data", "sketches", "--backbone", "run"
    code, _, err = cli(*asked, "--run", "gone-7")
    assert code == 2
    assert "There is no run gone-7" in err
    code, _, err = cli(*asked)
    assert code == 2
    assert "Which trained run is the network is not clear" in err


def test_a_folder_and_its_zip_are_shown_alike(
    home: Path, examples: Path, tmp_path: Path, cli: Cli
) -> None:
    """data show counts the classes, sizes and parts of a folder, of a zip, and of a set by name."""
    (examples / "circles" / "broken.png").write_bytes(b"not an image")
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(examples.rglob("*.png")):
            archive.write(file, file.relative_to(examples))
    results = []
    for source in (str(examples), str(path)):
        code, out, _ = cli("data", "show", source, "--json", "--size", "16")
        assert code == 0
        results.append(last_json(out))
    folder, zipped = results
    assert folder["images"] == 60
    assert folder["classes"] == {"circles": 20, "crosses": 20, "squares": 20}
    assert folder["working_shape"] == [16, 16, 3]
    assert folder["smallest"] == folder["largest"] == [40, 40]
    assert folder["train"] + folder["validation"] + folder["test"] == 60
    assert [item["name"] for item in folder["left_out"]] == ["circles/broken.png"]
    named = {"name", "title"}
    assert {k: v for k, v in folder.items() if k not in named} == {
        k: v for k, v in zipped.items() if k not in named
    }
    code, out, err = cli("data", "show", zipped["name"])
    assert code == 0
    assert "60 images in 3 classes" in out
    assert "Left out: circles/broken.png" in out
    assert err == ""


def test_the_sketches_are_exported(
    home: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """data export writes the drawings as class folders, which are a set of images themselves."""
    monkeypatch.setattr(drawn, "PER_CLASS", 4)
    folder = tmp_path / "drawings"
    code, out, err = cli("data", "export", "sketches", str(folder), "--json")
    assert (code, err) == (0, "")
    assert last_json(out) == {"folder": str(folder), "images": 48}
    shown = last_json(cli("data", "show", str(folder), "--json")[1])
    assert shown["images"] == 48
    assert len(shown["classes"]) == 12
    assert shown["smallest"] == [96, 96]
    assert "48 images written to" in cli("data", "export", "sketches", str(folder))[1]
    assert cli("data", "export", "mnist", str(folder))[0] == 2
    (tmp_path / "file").write_text("in the way")
    code, _, err = cli("data", "export", "sketches", str(tmp_path / "file"))
    assert code == 1
    assert "write the drawings" in err


# bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--design", "startr"], ["no design startr", "starter", "Did you mean starter?"]),
        (["--set", "train.learning_rat=1"], ["learning_rat", "Did you mean learning_rate?"]),
        (["--set", "train.nonsense=1"], ["unknown setting nonsense", "known settings: epochs"]),
        (["--set", "model.layers=1"], ["model.layers", "data.KEY, train.KEY or augment.KEY"]),
        (["--set", "epochs=1"], ["epochs", "data.KEY, train.KEY or augment.KEY"]),
        (["--set", "train.epochs"], ["KEY=VALUE", "train.epochs"]),
        (["--set", "train.epochs="], ["KEY=VALUE", "train.epochs="]),
        (["--learning-rate", "-1"], ["learning_rate", "greater than 0", "'-1'"]),
        (["--set", "train.learning_rate=-1"], ["learning_rate", "greater than 0", "-1"]),
        (["--set", "train.learning_rate=NaN"], ["learning_rate", "a number", "nan"]),
        (["--epochs", "0"], ["epochs", "at least 1", "'0'"]),
        (["--epochs", "1.5"], ["epochs", "a whole number", "'1.5'"]),
        (["--epochs", "many"], ["epochs", "a whole number", "'many'"]),
        (["--optimizer", "magic"], ["optimizer", "one of adam, adamw, sgd, rmsprop", "'magic'"]),
        (["--fit", "odd", "--size", "4"], ["fit", "one of pad, crop, stretch", "size"]),
        (["--tag", "lab"], ["--tag lab", "KEY=VALUE"]),
        (["--tag", "=gear"], ["--tag =gear", "KEY=VALUE"]),
        (["--tag", "lab=" + "x" * 200], ["tags", "100 characters"]),
        (["--data", "sketchs"], ["no set of images sketchs", "Did you mean sketches?"]),
        (["--data", "/no/such/folder"], ["/no/such/folder", "folder or zip"]),
    ],
)
def test_bad_input_is_refused_with_a_clear_sentence(
    home: Path, cli: Cli, arguments: list[str], words: list[str]
) -> None:
    """What cannot be used ends with exit code 2, says expected and received, and makes no run."""
    usual = ["--data", "sketches", "--design", "starter"]
    code, out, err = cli("train", *usual, *arguments, "--json")
    assert code == 2
    assert err.startswith("Error: ")
    for word in words:
        assert word in err
    error = last_json(out)["error"]
    assert error["expected"]
    assert error["received"]
    assert error["expected"] in err
    assert all_runs() == []


def test_a_damaged_design_file_is_refused(home: Path, tmp_path: Path, cli: Cli) -> None:
    """A design's JSON file that is not a design ends with exit code 2 and names what is wrong."""
    path = tmp_path / "mine.json"
    for content, word in (
        ('{"layers": [', "mine.json is not a design"),
        ("[]", "mine.json is not a design"),
        ('{"layers": [{"kind": "conv3d"}]}', "conv3d"),
        ('{"layers": [{"kind": "input"}], "colour": 1}', "colour"),
    ):
        path.write_text(content)
        code, _, err = cli("train", "--data", "sketches", "--design", str(path))
        assert code == 2
        assert word in err
    assert all_runs() == []


def test_a_command_that_is_not_one_is_refused(home: Path, cli: Cli) -> None:
    """An unknown verb or flag, or one that is missing, ends with exit code 2 and the usage."""
    for arguments in (["paint"], ["train", "--data", "sketches"], ["runs", "--colour"], []):
        code, _, err = cli(*arguments)
        assert code == 2
        assert "usage: python -m core" in err


def test_help_lists_every_setting(home: Path, cli: Cli) -> None:
    """train --help has a flag for each setting, with its bounds and default."""
    code, out, _ = cli("train", "--help")
    text = " ".join(out.split())
    assert code == 0
    for flag in ("--epochs", "--batch-size", "--learning-rate", "--validation-share", "--size"):
        assert flag in text
    assert "a whole number at least 1 and at most 1,000; default 10" in text


# train


@pytest.mark.tensorflow
def test_train_ends_with_one_line_of_json(
    queue_home: Path, examples: Path, processes: Processes, wait_for: Wait
) -> None:
    """train trains a run with the given settings and tags; stdout is the one promised JSON line."""
    process = start(
        queue_home,
        *("train", "--data", str(examples), "--design", "starter", "--epochs", "9"),
        *("--set", "train.epochs=2", "--set", "data.size=24", "--batch-size", "8"),
        *("--tag", "lab=gear", "--tag", "who=me=you", "--json"),
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 1
    result = last_json(out)
    assert set(result) == RUN_KEYS
    assert result["run"] == "examples-starter-1"
    assert result["folder"] == str(queue_home / "saved_models" / result["run"])
    assert result["status"] == "done"
    assert result["epochs"] == 2
    assert result["best_epoch"] in (1, 2)
    for key in ("val_accuracy", "test_accuracy"):
        assert 0 <= result[key] <= 1
    assert result["images_per_second"] > 0
    assert result["seconds"] > 0
    run = runs.find(result["run"])
    assert run.spec.tags == {"lab": "gear", "who": "me=you"}
    assert run.spec.train.batch_size == 8
    assert run.spec.data.size == 24
    assert err == f"Run {run.id} in {run.folder}\n"  # no progress bar in a pipe
    wait_for(lambda: processes("core.runs.dispatcher") == [], 20)


def test_a_failing_training_ends_with_exit_code_1(
    queue_home: Path, examples: Path, tmp_path: Path, wait_for: Wait
) -> None:
    """A training that fails ends with exit code 1 and the reason; the design may be a JSON file."""
    path = tmp_path / "mine.json"
    path.write_text('{"layers": [{"kind": "input"}, {"kind": "flatten"}, {"kind": "output"}]}')
    lock = hold_slot(queue_home)
    process = start(
        queue_home, *("train", "--data", str(examples), "--json", "--design", str(path))
    )
    wait_for(lambda: len(all_runs()) == 1, 30)
    shutil.rmtree(examples)
    lock.release()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    result = last_json(out)
    assert set(result) == {*RUN_KEYS, "error"}
    assert result["run"] == "examples-mine-1"
    assert result["status"] == "failed"
    assert str(examples) in result["error"]["what"]
    assert result["error"]["remedy"] in err


def test_the_starter_learns_the_sketches(queue_home: Path) -> None:
    """The built-in sketches and the starter design reach 0.9 test accuracy, as the demo promises."""
    arguments = ("train", "--data", "sketches", "--design", "starter", "--epochs", "8", "--json")
    process = start(queue_home, *arguments)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert last_json(out)["test_accuracy"] >= 0.9


def test_ctrl_c_is_a_stop(queue_home: Path, examples: Path, wait_for: Wait) -> None:
    """Ctrl-C stops the run instead of leaving it, and the command ends with exit code 1."""
    process = start(queue_home, "train", "--data", str(examples), "--design", "starter", "--json")
    wait_for(lambda: bool(all_runs()) and all_runs()[0].status.state is State.RUNNING, 30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert last_json(out)["status"] == "stopped"
    assert "Stopping after the current batch" in err
    assert "Traceback" not in err


# runs


def test_runs_are_listed(home: Path, cli: Cli) -> None:
    """runs lists every run, the newest first, with the same keys as train."""
    assert cli("runs", "--json")[1] == "[]\n"
    assert "No runs so far" in cli("runs")[1]
    first, second = (create(small_spec("sketches")) for _ in range(2))
    (first.folder / "status.json").write_text("{")
    code, out, err = cli("runs", "--json")
    assert (code, err) == (0, "")
    listed = last_json(out)
    assert {item["run"]: item["status"] for item in listed} == {
        second.id: "queued",
        first.id: "failed",
    }
    assert set(listed[0]) == RUN_KEYS
    out = cli("runs")[1]
    assert first.id in out
    assert "queued" in out


# predict


@pytest.mark.tensorflow
def test_photos_are_predicted(trained_run: Run, tmp_path: Path, cli: Cli) -> None:
    """predict names each photo with its likeliest classes; RUN is an id or the run's folder."""
    path = tmp_path / "photo [1].png"
    draw_example("squares", 100).save(path)
    by_id = cli("predict", trained_run.id, str(path), str(path), "--json")
    by_folder = cli("predict", str(trained_run.folder), str(path), str(path), "--json")
    assert by_id == by_folder
    code, out, err = by_id
    assert (code, err) == (0, "")
    first, second = last_json(out)
    assert first == second
    assert set(first) == {"image", "top"}
    assert first["image"] == str(path)
    assert [set(item) for item in first["top"]] == [{"label", "probability"}] * 3
    shares = [item["probability"] for item in first["top"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    code, out, _ = cli("predict", trained_run.id, str(path))
    assert code == 0
    assert out.startswith(f"{path}: {first['top'][0]['label']} ")


@pytest.mark.tensorflow
def test_unreadable_photos_hold_up_no_others(trained_run: Run, tmp_path: Path, cli: Cli) -> None:
    """Photos that cannot be read are told with exit code 2, and the others are predicted."""
    good, bad = tmp_path / "good.png", tmp_path / "bad.jpg"
    draw_example("circles", 100).save(good)
    bad.write_text("plain text")
    paths = [str(bad), str(good), str(tmp_path / "missing.png"), str(tmp_path)]
    code, out, err = cli("predict", trained_run.id, *paths, "--json")
    assert code == 2
    results = last_json(out)
    assert [item["image"] for item in results] == paths
    assert [bool(item["top"]) for item in results] == [False, True, False, False]
    for item in (results[0], results[2], results[3]):
        assert item["error"] in err
        assert "Expected: " in item["error"]
        assert "Received: " in item["error"]


def test_a_run_that_cannot_predict_is_told(home: Path, cli: Cli) -> None:
    """An unknown run is bad input; a run without a model is a failure that names its state."""
    code, _, err = cli("predict", "nothing", "photo.png")
    assert code == 2
    assert "There is no run nothing" in err
    run = create(small_spec("sketches"))
    code, out, err = cli("predict", run.id, "photo.png", "--json")
    assert code == 1
    assert "queued" in last_json(out)["error"]["received"]
