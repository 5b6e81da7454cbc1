"""core.design.counts: what is known of the blocks of each pretrained network."""

from __future__ import annotations

from typing import Any

import pytest

from core.design.backbones import BACKBONES, facts
from core.design.cost import KINDS, Speed
from core.design.counts import counted, seconds, training
from core.specs import Backbone


@pytest.mark.parametrize("name", BACKBONES)
def test_the_blocks_are_the_whole_network(name: str) -> None:
    """Their parameters and multiply-adds add up to those of the table, which is compared with Keras's."""
    found, known = counted(name), facts(Backbone(network=name))  # type: ignore[arg-type]
    assert sum(block.parameters for block in found) == known.parameters
    macs = sum(block.conv + block.depthwise for block in found)
    # the table counts apart what is there once for an image, as squeezing, and borders
    assert macs == pytest.approx(known.macs + known.once / 256**2, rel=0.03)
    assert found[-1].channels == known.channels
    assert found[-1].stride == known.stride
    assert [block.stride for block in found] == sorted(block.stride for block in found)
    assert len({block.name for block in found}) == len(found)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet_025", "mobilenet_v3_small"])
def test_the_file_is_what_the_networks_have(name: Any) -> None:
    """As `python -m core.transfer.counted` writes it."""
    from core.transfer.counted import counted as counted_now

    assert list(counted(name)) == counted_now(Backbone(network=name))


def test_twice_the_size_is_four_times_the_work() -> None:
    """And more blocks are more work; of a network that is not known there are none."""
    speed = Speed(**dict.fromkeys(KINDS, 1e-9))
    blocks = counted("efficientnet_lite0")
    assert seconds(blocks, 320, speed) == pytest.approx(4 * seconds(blocks, 160, speed))
    times = [seconds(blocks[-count:], 160, speed) for count in range(1, len(blocks) + 1)]
    assert times == sorted(times)
    assert training(blocks[-1:], 160).conv == 3 * 160**2 * blocks[-1].conv
    assert counted("none of these") == ()
