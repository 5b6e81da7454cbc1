"""Tests of the presets: those that the issue asks for, with the layers that their sources give."""

from __future__ import annotations

import pytest

from core.design.presets import PRESETS, Preset, preset
from core.errors import NotFoundError

KINDS = {  # as their sources describe them
    "starter": "input conv2d max_pooling2d conv2d max_pooling2d flatten output",
    "keras-cifar10": "input conv2d conv2d max_pooling2d dropout conv2d conv2d max_pooling2d dropout "
    "flatten dense dropout output",
    "tf-tutorial": "input conv2d max_pooling2d conv2d max_pooling2d conv2d flatten dense output",
    "lenet-5": "input conv2d average_pooling2d conv2d average_pooling2d flatten dense dense output",
    "dense-100-100": "input flatten dense dense output",
}


def test_names() -> None:
    """The six presets are known by name, and starter comes first."""
    assert [item.name for item in PRESETS] == [
        "starter",
        "keras-cifar10",
        "lab-cifar10",
        "tf-tutorial",
        "lenet-5",
        "dense-100-100",
    ]
    assert all(preset(item.name) is item for item in PRESETS)


@pytest.mark.parametrize("name", KINDS)
def test_layers(name: str) -> None:
    """Each preset has the layers of its source, in order."""
    assert [layer.kind for layer in preset(name).model.layers] == KINDS[name].split()


def settings(name: str, kind: str, setting: str) -> list[object]:
    """A setting of all layers of a kind."""
    return [getattr(layer, setting) for layer in preset(name).model.layers if layer.kind == kind]


def test_keras_cifar10() -> None:
    """keras-cifar10 has 32, 32, 64, 64 filters, same and valid in turn, and trains by RMSprop."""
    name = "keras-cifar10"
    assert settings(name, "conv2d", "filters") == [32, 32, 64, 64]
    assert settings(name, "conv2d", "padding") == ["same", "valid"] * 2
    assert settings(name, "dropout", "rate") == [0.25, 0.25, 0.5]
    assert settings(name, "dense", "units") == [512]
    assert preset(name).train == {"optimizer": "rmsprop", "learning_rate": 1e-4}


def test_lab_cifar10() -> None:
    """lab-cifar10 has three blocks of two normalized convolutions, and a dense layer of max norm 2."""
    name = "lab-cifar10"
    assert settings(name, "conv2d", "filters") == [32, 32, 64, 64, 128, 128]
    assert settings(name, "dropout", "rate") == [0.2, 0.3, 0.4, 0.5]
    assert len(settings(name, "batch_normalization", "momentum")) == 6
    assert settings(name, "activation", "function") == ["relu"] * 6
    assert settings(name, "dense", "max_norm") == [2.0]


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_described(item: Preset) -> None:
    """Every preset says what it is good for and where it comes from."""
    assert item.about.endswith(".")
    assert item.source


def test_unknown() -> None:
    """An unknown preset is refused with the names there are and the closest of them."""
    for text, meant in (("starte", "starter"), ("LeNet5", "lenet-5"), ("lenet", "lenet-5")):
        with pytest.raises(NotFoundError, match=f"no design {text}") as caught:
            preset(text)
        assert "starter, keras-cifar10" in caught.value.expected
        assert caught.value.received == repr(text)
        assert caught.value.remedy == f"Did you mean {meant}?"
    with pytest.raises(NotFoundError) as caught:
        preset("transformer")
    assert caught.value.remedy == "Check the spelling or the path"
