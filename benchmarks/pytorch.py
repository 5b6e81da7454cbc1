"""A design as a PyTorch model in training, for benchmarks.train: ``python benchmarks/pytorch.py``.

It needs PyTorch and NumPy alone, so that they can be in an environment of their own. The first line
of its input is the order, as JSON: nodes of the design (name, kind, settings, inputs, outputs' shape),
batch_size, bfloat16, seconds, images (n, height, width, channels), classes. For every further line it
trains about that many seconds and answers with images a second.

Eager, channels last and with Adam: what a person would write who knows PyTorch. The images are in
memory as uint8 already, shuffled by an index in each round.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

_CURVES: dict[str, Any] = {
    "linear": lambda x: x,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


class Scale(nn.Module):
    """Bytes to numbers from 0 to 1, or from -1 to 1."""

    def __init__(self, *, both: bool) -> None:
        super().__init__()
        self.both = both

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Float32 of the same shape."""
        return x.float() / 127.5 - 1 if self.both else x.float() / 255


class Curve(nn.Module):
    """An activation by its name in Keras."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.curve = _CURVES[name]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of the same shape."""
        made: torch.Tensor = self.curve(x)
        return made


class Whole(nn.Module):
    """Pools the whole image: mean or maximum, with or without its two sides."""

    def __init__(self, kind: str, *, sides: bool) -> None:
        super().__init__()
        self.largest, self.sides = kind == "max", sides

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[n, channels], or [n, channels, 1, 1]."""
        if self.largest:
            return x.amax((2, 3), keepdim=self.sides)
        return x.mean((2, 3), keepdim=self.sides)


def module(kind: str, settings: dict[str, Any], classes: int) -> nn.Module | None:
    """The module of a layer; None for what merges its inputs."""
    get = settings.get
    same = get("padding") == "same"
    if kind in ("conv2d", "depthwise_conv2d"):
        size, made = settings["kernel_size"], settings["shape"][-1]
        groups = 1 if kind == "conv2d" else made
        border = size // 2 if same else 0
        conv = nn.LazyConv2d(
            made, size, get("strides", 1), border, groups=groups, bias=get("use_bias", True)
        )
        if settings.get("fixed"):
            conv = _Fixed(conv)
        return nn.Sequential(conv, Curve(settings["activation"]))
    if kind in ("max_pooling2d", "average_pooling2d"):
        pool = nn.MaxPool2d if kind.startswith("max") else nn.AvgPool2d
        size = settings["pool_size"]
        step = get("strides") or size
        return pool(size, step, size // 2 if same and step < size else 0, ceil_mode=same)
    if kind == "dense":
        dense = nn.LazyLinear(settings["units"], bias=settings["use_bias"])
        return nn.Sequential(dense, Curve(settings["activation"]))
    simple: dict[str, Any] = {
        "input": lambda: Scale(both=settings["scale"] == "-1 to 1"),
        "output": lambda: nn.LazyLinear(classes),
        "flatten": nn.Flatten,
        "activation": lambda: Curve(settings["function"]),
        "dropout": lambda: nn.Dropout(settings["rate"]),
        "spatial_dropout2d": lambda: nn.Dropout2d(settings["rate"]),
        "batch_normalization": lambda: nn.LazyBatchNorm2d(settings["epsilon"]),
        "global_average_pooling2d": lambda: Whole("mean", sides=False),
        "global_max_pooling2d": lambda: Whole("max", sides=False),
        "squeeze": lambda: Whole("mean", sides=True),
    }
    if kind in ("add", "multiply", "concatenate"):
        return None
    if kind not in simple:
        raise SystemExit(f"no PyTorch module for {kind}")
    made_module: nn.Module = simple[kind]()
    return made_module


class _Fixed(nn.Module):
    """A convolution that is not trained."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            made: torch.Tensor = self.conv(x)
        return made


class Network(nn.Module):
    """The nodes of a design, in order: bytes [n, channels, height, width] to logits."""

    def __init__(self, nodes: list[dict[str, Any]], classes: int) -> None:
        super().__init__()
        self.nodes = nodes
        self.parts = nn.ModuleDict(
            {
                node["name"]: part
                for node in nodes
                if (part := module(node["kind"], node["settings"], classes)) is not None
            }
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [n, classes]."""
        made: dict[str, torch.Tensor] = {}
        for node in self.nodes:
            arriving = [made[name] for name in node["inputs"]] or [x]
            if node["kind"] == "add":
                found = arriving[0] + arriving[1]
            elif node["kind"] == "multiply":
                found = arriving[0] * arriving[1]
            elif node["kind"] == "concatenate":
                found = torch.cat(arriving, 1)
            else:
                found = self.parts[node["name"]](arriving[0])
            made[node["name"]] = found
        return found


def main() -> None:
    """Serve rounds of training."""
    order = json.loads(sys.stdin.readline())
    torch.manual_seed(0)
    count, height, width, channels = order["images"]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, channels, height, width), dtype=np.uint8)
    images = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(rng.integers(0, order["classes"], count))
    network = Network(order["nodes"], order["classes"])
    network(images[:2])  # makes the lazy ones
    network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)  # passes over what has no gradient
    size, steps = order["batch_size"], 2

    def train(number: int) -> float:
        rows = torch.randperm(count)
        begun = time.perf_counter()
        for step in range(number):
            some = rows[torch.arange(step * size, (step + 1) * size) % count]
            with torch.autocast("cpu", torch.bfloat16, enabled=order["bfloat16"]):
                logits = network(images[some])
            loss = functional.cross_entropy(logits.float(), labels[some])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        return number * size / (time.perf_counter() - begun)

    network.train()
    for _ in sys.stdin:
        speed = train(steps)
        print(speed, flush=True)
        steps = max(4, int(order["seconds"] * speed / size))


if __name__ == "__main__":
    main()
