"""Tests of the script: it is readable, needs nothing of Layerwise, and trains the same."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from core import workspace
from core.design.analysis import analyse
from core.design.cost import evaluation_batch
from core.design.presets import PRESETS, Preset, preset
from core.design.script import script
from core.errors import SpecError
from core.specs import (
    LAYERS,
    Activation,
    AugmentSpec,
    AveragePooling2D,
    Backbone,
    BatchNormalization,
    Bottleneck,
    Conv2D,
    ConvBlock,
    DataSpec,
    Dense,
    DenseBlock,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAverageMaxPooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    InceptionBlock,
    Input,
    InvertedResidual,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    ModelSpec,
    Output,
    ResidualBlock,
    SeparableConv2D,
    SpatialDropout2D,
    SqueezeExcitation,
    TrainSpec,
    UpSampling2D,
    Whitening,
    ZeroPadding2D,
)
from core.specs.arrays import ARRAY_SETS
from core.train import backend
from tests.core.design.strategies import Example, designs

pytestmark = pytest.mark.tensorflow

Shape = tuple[int, int, int]
RUFF = importlib.util.find_spec("ruff") is not None
FOLDER = DataSpec(source="/photos", size=32)


def model(*layers: Layer) -> ModelSpec:
    """These layers between an input and an output."""
    return ModelSpec(name="mine", layers=(Input(), *layers, Output()))


DESIGNS = {
    "every plain layer": model(
        Conv2D(filters=6, strides=2, l1=0.01, l2=1e-5, max_norm=2.0, use_bias=False),
        BatchNormalization(momentum=0.5),
        Activation(function="gelu"),
        Dropout(on=False),
        SpatialDropout2D(),
        DepthwiseConv2D(depth_multiplier=2, padding="same", l2=0.001),
        LayerNormalization(epsilon=0.01),
        SeparableConv2D(filters=16, depth_multiplier=2, l1=0.1, max_norm=1.5, activation="tanh"),
        GroupNormalization(groups=4),
        UpSampling2D(size=3, interpolation="bilinear"),
        ZeroPadding2D(padding=2),
        MaxPooling2D(pool_size=3, strides=1, padding="same"),
        AveragePooling2D(),
        Flatten(),
        Dense(units=8, max_norm=3.0),
        Dropout(rate=0.0),
    ),
    "every block": model(
        ConvBlock(filters=8, repeat=3, strides=2),
        ResidualBlock(filters=8),
        ResidualBlock(filters=12, repeat=4, normalization="group"),
        Bottleneck(filters=16, strides=2, repeat=2, activation="silu"),
        InvertedResidual(filters=16, repeat=2, expansion=2),
        SqueezeExcitation(),
        DenseBlock(repeat=3, growth=4),
        InceptionBlock(filters=20, repeat=2, normalization="none"),
        GlobalMaxPooling2D(),
    ),
    "one function with many parameters": model(
        InceptionBlock(filters=32),
        InceptionBlock(filters=80),
        InceptionBlock(filters=1000, repeat=4),
        GlobalAveragePooling2D(),
    ),
    "a block once, in a row": model(
        ConvBlock(filters=8, activation="linear"),
        Conv2D(filters=4, kernel_size=1, strides=2),  # of few channels
        GlobalAveragePooling2D(),
    ),
    "from the images": model(
        Whitening(directions=8, kernel_size=2, padding="valid"),
        MaxPooling2D(),
        Activation(),
        Conv2D(filters=8),
        GlobalAverageMaxPooling2D(),
    ),
    "blocks of few channels": model(
        ResidualBlock(filters=12, strides=2),
        ConvBlock(filters=20, kernel_size=1, strides=3),
        ResidualBlock(filters=24, strides=2),
        GlobalAveragePooling2D(),
    ),
}


@pytest.fixture(scope="module", autouse=True)
def keras() -> Any:
    """Keras, started once as the worker does."""
    return backend.start()


def text_of(
    design: ModelSpec,
    data: DataSpec = FOLDER,
    shape: Shape = (32, 32, 3),
    classes: int = 3,
    **train: Any,
) -> str:
    """The script of a design."""
    names = tuple(f"class {number}" for number in range(classes))
    return script(design, data, TrainSpec.parse(train), shape=shape, classes=names)


def names_of(text: str) -> dict[str, Any]:
    """What a script defines, without running it."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(text, "script", "exec"), names)
    return names


def ruff(*arguments: str, text: str | None = None) -> str:
    """What ruff finds fault with, by the project's rules."""
    config = workspace.CHECKOUT / "pyproject.toml"
    command = [sys.executable, "-m", "ruff", *arguments, "--config", str(config)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return (
        ""
        if done.returncode == 0
        else done.stdout + done.stderr or "a fault, of which it is silent"
    )


# readable


@pytest.mark.skipif(not RUFF, reason="ruff is not installed")
def test_formatted(tmp_path: Path) -> None:
    """Scripts of all presets and sets are valid Python, formatted and without lint."""
    sources = ["/a/folder of photos", "sketches", *(item.name for item in ARRAY_SETS)]
    designs = {**{item.name: item.model for item in PRESETS}, **DESIGNS}
    for name, design in designs.items():
        for number, source in enumerate(sources):
            for fit in ("pad", "crop", "stretch"):
                data = DataSpec.parse({"source": source, "size": 64, "fit": fit})
                text = text_of(design, data, (64, 64, 1 + 2 * (number % 2)))
                ast.parse(text)
                (tmp_path / f"{name} {number} {fit}.py").write_text(text)
    assert ruff("format", "--check", str(tmp_path)) == ""
    assert ruff("check", str(tmp_path)) == ""


@pytest.mark.skipif(not RUFF, reason="ruff is not installed")
@pytest.mark.parametrize("name", ["fast", "resnet-mini"])
def test_changed_and_mirrored_images_are_formatted(name: str) -> None:
    """So are scripts that change training images or ask about mirror images."""
    augment = AugmentSpec(flip="both", shift=0.1, rotation=10, zoom=0.1, contrast=0.1, mirror=True)
    for changes in (augment, AugmentSpec(mirror=True)):
        item = preset(name)
        text = script(
            item.model,
            FOLDER,
            TrainSpec.parse(item.train),
            changes,
            shape=(32, 32, 3),
            classes=("a", "b"),
        )
        assert ruff("format", "--check", "-", text=text) == ""
        assert ruff("check", "-", text=text) == ""
        assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_short(item: Preset) -> None:
    """A preset's script is one that can be read: no long lines, and one line for a layer."""
    drawings = text_of(item.model, DataSpec(source="sketches")).splitlines()
    photos = text_of(item.model).splitlines()
    assert max(map(len, (*drawings, *photos))) <= 100
    assert len(drawings) - 2 < 300  # two tell where the drawings come from
    assert len(photos) - len(drawings) < 50  # what finds near twins
    plain = [layer for layer in item.model.layers if layer.GROUP != "Blocks"]
    made = [line.strip() for line in photos if re.search(r"\blayers\.\w+\(.*\),?$", line)]
    assert len(made) >= len(plain)


def test_nothing_of_layerwise() -> None:
    """A script imports TensorFlow with its Keras and NumPy, Pillow and the standard library."""
    for source in ("/photos", "mnist"):
        tree = ast.parse(text_of(preset("starter").model, DataSpec(source=source), (20, 20, 1)))
        found = {
            name.partition(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert found - sys.stdlib_module_names == {"keras", "numpy", "PIL"}


def test_settings_are_constants() -> None:
    """What a person chose stands at the top of the script, each under a name of its own."""
    data = DataSpec(source="/my/photos", size=48, test_share=0.3, split_seed=5)
    names = names_of(
        text_of(
            preset("starter").model,
            data,
            (48, 48, 3),
            epochs=7,
            batch_size=16,
            learning_rate=0.01,
            validation_share=0.25,
            patience=3,
            seed=9,
        )
    )
    expected = {
        "DATA": Path("/my/photos"),
        "SIZE": 48,
        "CHANNELS": 3,
        "TEST_SHARE": 0.3,
        "VALIDATION_SHARE": 0.25,
        "SPLIT_SEED": 5,
        "EPOCHS": 7,
        "BATCH_SIZE": 16,
        "LEARNING_RATE": 0.01,
        "PATIENCE": 3,
        "SEED": 9,
    }
    assert {name: names[name] for name in expected} == expected
    assert names_of(text_of(preset("starter").model))["PATIENCE"] == TrainSpec().epochs


@pytest.mark.parametrize("name", ["it's", 'a "b"', "a\\b", "\N{SNOWMAN}", "x" * 120, "new\nline"])
def test_any_folder(name: str) -> None:
    """A folder of any name is the script's DATA, character for character."""
    text = text_of(preset("starter").model, DataSpec(source=f"/{name}"))
    assert names_of(text)["DATA"] == Path(f"/{name}")
    if RUFF:
        assert ruff("format", "--check", "-", text=text) == ""


def test_a_folder_by_name(home: Path) -> None:
    """A set called by its name is looked for in the workspace's datasets."""
    names = names_of(text_of(preset("starter").model, DataSpec(source="mine")))
    assert names["DATA"] == home / "datasets" / "mine"


def test_blocks_become_functions() -> None:
    """Blocks that are alike share one function, whose parameters are called like the settings."""
    text = text_of(preset("resnet-mini").model)
    assert text.count("def residual_block(inputs, filters):") == 1
    assert text.count("def residual_block_down(inputs, filters):") == 1
    assert "# Residual block: 32 filters, 3 x 3, stride 2, relu, 2 times\n" in text
    assert (
        "    x = residual_block_down(x, filters=32)\n    x = residual_block(x, filters=32)" in text
    )
    assert "for _ in range(4):\n        x = inception_block(" in text_of(
        DESIGNS["one function with many parameters"]
    )


def test_switched_off() -> None:
    """A layer that is switched off is named in a comment and not made."""
    text = text_of(DESIGNS["every plain layer"])
    assert "# switched off: Dropout (rate 0.5)\n" in text
    assert "layers.Dropout(0.5)" not in text


def test_only_what_differs_from_keras() -> None:
    """A layer is given what differs from Keras's defaults, and no more."""
    text = text_of(model(Conv2D(padding="same"), MaxPooling2D(), AveragePooling2D(), Flatten()))
    assert '            layers.Conv2D(32, 3, padding="same", activation="relu"),\n' in text
    assert "            layers.MaxPooling2D(),\n            layers.AveragePooling2D(2),\n" in text


def test_misfit() -> None:
    """A design whose layers do not fit together has no script."""
    with pytest.raises(SpecError, match="Layer 2"):
        text_of(model())


# the same network


def weights(made: Any) -> list[np.ndarray]:
    """All weights in order."""
    return [np.asarray(weight) for weight in made.get_weights()]


def compare(design: ModelSpec, shape: Shape = (32, 32, 3), classes: int = 3) -> None:
    """The script's model has our weights, number for number, when both start from one seed."""
    import keras

    from core.design.build import build

    found = []
    for make in (
        lambda: build(design, shape, classes),
        lambda: names_of(text_of(design, FOLDER, shape, classes))["build_model"](classes),
    ):
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        found.append(make())
    ours, theirs = found
    assert [item.shape for item in weights(theirs)] == [item.shape for item in weights(ours)]
    for one, other in zip(weights(ours), weights(theirs), strict=True):
        assert np.array_equal(one, other)
    assert configured(theirs) == configured(ours)
    assert [float(loss) for loss in theirs.losses] == pytest.approx(
        [float(loss) for loss in ours.losses]
    )
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), np.uint8)
    assert np.allclose(ours(images), theirs(images), atol=1e-6, equal_nan=True)


def configured(made: Any) -> list[str]:
    """Class and settings of each layer, without names, seeds and penalties (see losses)."""
    found = []
    for layer in made.layers:
        config = layer.get_config()
        told = {key: value for key, value in config.items() if not key.endswith("_regularizer")}
        text = re.sub(r"'(name|seed)': [^,}]+", "", f"{type(layer).__name__} {told}")
        found.append(text.replace("'axis': [0]}", "'axis': 0}"))  # one axis, as list or number
    return [text for text in found if not text.startswith("InputLayer")]  # Sequential hides it


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_presets(item: Preset) -> None:
    """The script of a preset makes the layers and first weights of core.design.build."""
    compare(item.model)


@pytest.mark.parametrize("name", DESIGNS)
def test_designs(name: str) -> None:
    """Every kind of layer and block comes out of the script with our settings and weights."""
    compare(DESIGNS[name], (24, 24, 1))


def test_every_kind_is_tried() -> None:
    """The designs of this file hold every kind of layer that a script can hold."""
    kinds = {layer.KIND for design in DESIGNS.values() for layer in design.layers}
    assert kinds | {"backbone"} == set(LAYERS)


def test_a_pretrained_network_is_refused() -> None:
    """A script has no weights to give it."""
    transfer = ModelSpec(
        layers=(Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D(), Output())
    )
    with pytest.raises(SpecError, match="cannot be written as a script"):
        text_of(transfer, FOLDER, (64, 64, 3), 3)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")  # of one channel
@given(designs())
@settings(deadline=None, max_examples=20)
def test_random_designs(example: Example) -> None:
    """Any design that fits square images comes out of the script with our settings and weights."""
    design, shape, classes = example
    side = max(shape[:2])
    shape = (side, side, shape[2])
    assume(not analyse(design, shape, classes).errors)
    compare(design, shape, classes)
    if RUFF:
        assert ruff("format", "--check", "-", text=text_of(design, FOLDER, shape, classes)) == ""


@pytest.mark.parametrize("side", [16, 65, 224])
def test_as_many_images_are_tested_at_once(side: int) -> None:
    """A script validates and tests in batches of the size that training has."""
    shape = (side, side, 3)
    text = text_of(preset("starter").model, FOLDER, shape)
    at_once = evaluation_batch(shape)
    assert f"Batches(images[validation], labels[validation], {at_once})," in text
    assert f"Batches(images[test], labels[test], {at_once})," in text
