"""Networks within a run's model are laid open, layer by layer, and make the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.specs import Backbone
from tests.core.transfer.weight_files import drawn

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "densenet121"])
def test_networks_of_all_kinds(name: Any) -> None:
    """Also such as are made of operations that are no layers; nested twice, with names that are the same."""
    import keras

    from core.transfer import graph, trained

    network = drawn(Backbone(network=name))
    image = keras.Input((48, 48, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name="scale")(image)
    within = keras.Model(image, network(x, training=False), name="within")
    pixels = keras.Input((48, 48, 3))
    scaled = keras.layers.Rescaling(2.0, name="scale")(pixels)
    whole = keras.Model(pixels, within(scaled))
    anew = keras.Input((None, None, 3))
    made = keras.Model(anew, trained.Copier().follow(whole, anew))
    assert not any(isinstance(layer, keras.Model) for layer in made.layers)
    assert made.count_params() == network.count_params()
    images = np.random.default_rng(0).uniform(0, 255, (2, 48, 48, 3)).astype(np.float32)
    wanted = np.asarray(whole(images, training=False))
    found = np.asarray(made(images, training=False))
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())
    assert [block.name for block in graph.blocks(made)] == [
        block.name for block in graph.blocks(network)
    ]
