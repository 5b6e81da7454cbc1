"""core.workspace: where data and models live."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import workspace


def test_the_workspace_is_the_one_that_is_named(home: Path) -> None:
    """LAYERWISE_HOME holds saved_models and datasets."""
    assert workspace.home() == home
    assert workspace.runs_folder() == home / "saved_models"
    assert workspace.datasets_folder() == home / "datasets"


def test_the_checkout_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without LAYERWISE_HOME, or with an empty one, the checkout is the workspace."""
    monkeypatch.delenv("LAYERWISE_HOME", raising=False)
    assert workspace.home() == workspace.CHECKOUT
    assert (workspace.CHECKOUT / "core" / "workspace.py").is_file()
    monkeypatch.setenv("LAYERWISE_HOME", "")
    assert workspace.home() == workspace.CHECKOUT


def test_a_workspace_may_be_relative_or_below_the_persons_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LAYERWISE_HOME may start with ~ or be relative to the working directory."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LAYERWISE_HOME", "~/lab")
    assert workspace.home() == tmp_path / "lab"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAYERWISE_HOME", "lab/../here")
    assert workspace.home() == tmp_path / "here"


def test_processes_get_the_workspace_and_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes of the workspace get its whole path, and everything else as it is here."""
    monkeypatch.chdir(home.parent)
    monkeypatch.setenv("LAYERWISE_HOME", home.name)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    environment = workspace.environment()
    assert environment["LAYERWISE_HOME"] == str(home)
    assert environment["CUDA_VISIBLE_DEVICES"] == "3"
