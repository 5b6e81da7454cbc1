"""What is said of a pretrained network is so of the network that is built."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from core.design.analysis import analyse
from core.design.backbones import BACKBONES, Application, Facts, facts, used
from core.design.shapes import effect
from core.errors import SpecError
from core.specs import Backbone, GlobalAveragePooling2D, Input, ModelSpec, Output, choices
from core.specs.layers.pretrained import RUN
from core.transfer import weights

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def network() -> Any:
    """EfficientNet-Lite0 with its weights, from scaled images to maps."""
    from core.transfer import lite0

    return lite0.build()


@pytest.fixture(scope="module")
def known() -> Facts:
    """What is said of it."""
    return facts(Backbone(network="efficientnet_lite0"))


def multiply_adds(network: Any, size: int) -> int:
    """Of all convolutions, for one image of that height and width."""
    import keras

    return counted(keras.models.clone_model(network, input_tensors=keras.Input((size, size, 3))))


def counted(network: Any) -> int:
    """Multiply-adds of a network for one image of the size that it is made for."""
    import keras

    kinds = keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.Dense
    return sum(
        math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)
        for layer in flat(network)
        if isinstance(layer, kinds)
    )


def flat(network: Any) -> Iterator[Any]:
    """Its layers and operations, those of networks within it too."""
    for layer in network.operations if hasattr(network, "operations") else network.layers:
        if hasattr(layer, "layers"):
            yield from flat(layer)
        else:
            yield layer


class Real(NamedTuple):
    """A network as Keras makes it, and the file that it asks for: name, address, checksum."""

    network: Any
    file: str
    address: str
    digest: str


@cache
def real(name: str) -> Real:
    """That network of Keras Applications for images of 224 pixels, as if with ImageNet's weights."""
    import keras
    from keras.src.utils import file_utils

    known = application(name)
    asked: list[tuple[str, str, str]] = []

    def get_file(file: str, origin: str, file_hash: str = "", **_: Any) -> str:
        asked.append((file, origin, file_hash))
        return file

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_utils, "get_file", get_file)
        patch.setattr(keras.Model, "load_weights", lambda *_, **__: None)
        patch.setattr("warnings.warn", lambda *_, **__: None)  # that 224 pixels are 224 pixels
        made = getattr(keras.applications, known.function)(
            include_top=False, weights="imagenet", input_shape=(224, 224, 3), **known.options
        )
    return Real(made, *asked[0])


def application(name: str) -> Application:
    """What is known of it as one of Keras Applications."""
    found = BACKBONES[name].application  # type: ignore[index]
    assert found is not None
    return found


APPLICATIONS = [name for name, one in BACKBONES.items() if one.application is not None]
# one of each way of padding, made for images of any size
ANY_SIZE = ["mobilenet_025", "mobilenet_v3_small", "resnet50_v2", "densenet121", "convnext_tiny"]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_networks_of_keras(name: str) -> None:
    """Parameters, channels, stride and multiply-adds are those of the real network."""
    known, found = BACKBONES[name], real(name).network  # type: ignore[index]
    assert found.count_params() == known.parameters
    assert found.output_shape == (None, 7, 7, known.channels)
    made = effect(Backbone(network=name), ((224, 224, 3),), 10)  # type: ignore[arg-type]
    assert made.shape == (7, 7, known.channels)
    assert (made.parameters, made.macs) == (known.parameters, counted(found))


@pytest.mark.parametrize("name", APPLICATIONS)
def test_files_of_keras(name: str) -> None:
    """The file, its address and its checksum are those that Keras itself asks for."""
    known, found = application(name), real(name)
    assert found.file == known.file
    assert found.address == weights.address(known)
    assert (found.digest or "") == known.digest


@pytest.mark.parametrize("name", APPLICATIONS)
def test_reach_of_keras(name: str) -> None:
    """Kernels and strides in the longest way; all of the image where something squeezes it."""
    network = real(name).network
    squeezed = any("GlobalAverage" in type(layer).__name__ for layer in network.layers)
    assert BACKBONES[name].reach == (0 if squeezed else reach_of(network))  # type: ignore[index]


def reach_of(network: Any) -> int:
    """What one place of a network's maps depends on, in pixels."""
    known: dict[int, tuple[int, int]] = {}
    for operation in network.operations:
        (node,) = operation._inbound_nodes[:1]
        before = [known[id(tensor)] for tensor in node.input_tensors]
        reach = max((one[0] for one in before), default=1)
        step = max((one[1] for one in before), default=1)
        for layer in flat(operation) if hasattr(operation, "layers") else [operation]:
            size = getattr(layer, "kernel_size", getattr(layer, "pool_size", None))
            if size:
                reach += (size[0] - 1) * step
                step *= layer.strides[0]
        known.update((id(tensor), (reach, step)) for tensor in node.output_tensors)
    return known[id(network.outputs[0])][0]


@pytest.mark.parametrize("name", ANY_SIZE)
def test_sizes_that_leave_a_rest(name: str) -> None:
    """Counted as the network does, which pads in its own way; too small an image is refused."""
    from core.transfer import applications

    network, layer = applications.bare(application(name)), Backbone(network=name)  # type: ignore[arg-type]
    for size in (32, 33, 47, 63, 65, 100):
        wanted = network.compute_output_shape((1, size, size, 3))[1:]
        assert effect(layer, ((size, size, 3),), 10).shape == tuple(wanted)
    if facts(layer).whole < 32:
        with pytest.raises(SpecError, match="needs larger images"):
            effect(layer, ((14, 14, 3),), 10)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("mobilenet_025", "mobilenet"),
        ("mobilenet", "mobilenet"),
        ("mobilenet_v2", "mobilenet_v2"),
        ("resnet50_v2", "resnet_v2"),
        ("densenet121", "densenet"),
    ],
)
def test_scaling_by_a_function(name: str, module: str) -> None:
    """Where Keras scales the pixels by a function, the table says the same."""
    import keras

    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 3, 3)).astype(np.float32)
    wanted = getattr(keras.applications, module).preprocess_input(pixels.copy())
    np.testing.assert_allclose(scaled(BACKBONES[name], pixels), wanted, atol=1e-5)  # type: ignore[index]


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_v2_b0", "convnext_tiny"])
def test_scaling_by_layers(name: str) -> None:
    """Where Keras scales the pixels inside the network, the table says the same."""
    import keras

    whole = getattr(keras.applications, application(name).function)(
        include_top=False, weights=None, input_shape=(None, None, 3)
    )
    x = np.random.default_rng(0).integers(0, 256, (2, 3, 3, 3)).astype(np.float32)
    wanted = x
    for layer in whole.layers[1:]:
        if not isinstance(layer, keras.layers.Rescaling | keras.layers.Normalization):
            break
        wanted = np.asarray(layer(wanted))
    np.testing.assert_allclose(scaled(BACKBONES[name], x), wanted, atol=1e-4)  # type: ignore[index]


def scaled(known: Facts, pixels: np.ndarray) -> np.ndarray:
    """As the table says."""
    return (pixels - np.asarray(known.mean)) / np.asarray(known.spread)


def test_scaling_of_the_bundled_one(known: Facts) -> None:
    """As its weights expect."""
    from core.transfer import lite0

    assert (known.mean, known.spread) == (lite0.MEAN, lite0.SPREAD)


def test_all_networks_are_known() -> None:
    """Those that a layer can name, by a title that the layer's form has too."""
    field = Backbone.model_fields["network"]
    assert {*BACKBONES, RUN} == set(choices(field))
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    titles = {name: one.title for name, one in BACKBONES.items()}
    assert extra["labels"] == {**titles, RUN: "A trained run"}


def test_parameters(network: Any, known: Facts) -> None:
    """All of its numbers, learned or kept; training changes none of them."""
    assert network.count_params() == known.parameters
    made = effect(Backbone(), ((224, 224, 3),), 10)
    assert made.parameters == made.fixed == known.parameters


@pytest.mark.parametrize("size", [(32, 32), (33, 65), (64, 64), (97, 31), (100, 128), (1, 1)])
def test_maps(network: Any, known: Facts, size: tuple[int, int]) -> None:
    """Height, width and channels, at even and uneven sizes."""
    wanted = network(np.zeros((1, *size, 3), np.float32), training=False).shape[1:]
    assert effect(Backbone(), ((*size, 3),), 10).shape == tuple(wanted)
    assert wanted[-1] == known.channels
    assert wanted[0] == -(-size[0] // known.stride)


@pytest.mark.parametrize(("side", "enlarge"), [(28, 64), (32, 96), (64, 64)])
def test_enlarged_maps(network: Any, side: int, enlarge: int) -> None:
    """Shape and cost are those of the images once they are enlarged."""
    found = effect(Backbone(enlarge=enlarge), ((side, side, 3),), 10)
    whole = effect(Backbone(), ((enlarge, enlarge, 3),), 10)
    # a pixel before was several after it
    assert found.window == -(-whole.window * side // enlarge)
    assert replace(found, window=whole.window, step=whole.step) == whole
    wanted = network(np.zeros((1, enlarge, enlarge, 3), np.float32), training=False).shape[1:]
    assert found.shape == tuple(wanted)


def test_reach(network: Any) -> None:
    """What one place of a map depends on, from the kernels and strides of the layers in their way."""
    reach, step = 1, 1
    for layer in network.layers:
        if hasattr(layer, "kernel_size"):
            reach += (layer.kernel_size[0] - 1) * step
            step *= layer.strides[0]
    known = facts(Backbone())
    assert (reach, step) == (known.reach, known.stride)


@pytest.mark.parametrize("size", [64, 96, 224])
def test_cost(network: Any, size: int) -> None:
    """Multiply-adds of the convolutions, exact at multiples of the stride."""
    assert effect(Backbone(), ((size, size, 3),), 10).macs == multiply_adds(network, size)


def test_cost_at_other_sizes(network: Any) -> None:
    """Up to a quarter more than is said, as each map's last row and column count whole."""
    for size in (100, 150, 200):
        told = effect(Backbone(), ((size, size, 3),), 10).macs
        assert 0.75 < told / multiply_adds(network, size) <= 1


def test_which_a_design_has() -> None:
    """The one that is switched on, if there is one."""
    off, on = Backbone(on=False, enlarge=64), Backbone(enlarge=96)
    for layers, wanted in (((off, on), on), ((off,), None), ((), None)):
        assert used(ModelSpec(name="mine", layers=(Input(), *layers, Output()))) == wanted


def test_in_a_design(network: Any, known: Facts) -> None:
    """The totals of a design count them, and what trains is the rest."""
    layers = (Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D(), Output())
    found = analyse(ModelSpec(name="mine", layers=layers), (64, 64, 3), 7)
    head = (known.channels + 1) * 7
    assert (found.parameters, found.trainable) == (network.count_params() + head, head)
    assert found.macs == multiply_adds(network, 64) + known.channels * 7
    assert found.rows[1].reach == facts(Backbone()).reach
