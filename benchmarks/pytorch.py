"""A design as a PyTorch model in training: ``python benchmarks/pytorch.py``.

It needs PyTorch and NumPy alone, so that they can be in an environment of their own. The first line
of its input is the order, as JSON: nodes of the design (name, kind, settings, inputs, outputs' shape),
batch_size, bfloat16, images (n, height, width, channels), classes.

For benchmarks.train the order says seconds: for every further line it trains about that many and
answers with images a second. For benchmarks.accuracy it has data (CIFAR-10's file), the rates of all
steps, the kernels that are not trained, label_smoothing, flip, shift, mirror and seed: it trains once.

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
    """Bytes to numbers from 0 to 1, from -1 to 1, or as they are."""

    def __init__(self, scale: str) -> None:
        super().__init__()
        self.factor = {"0 to 1": 1 / 255, "-1 to 1": 1 / 127.5, "0 to 255": 1.0}[scale]
        self.offset = -1.0 if scale == "-1 to 1" else 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Float32 of the same shape."""
        return x.float() * self.factor + self.offset


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
        "input": lambda: Scale(settings["scale"]),
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


def made(order: dict[str, Any]) -> Network:
    """The network of an order, channels last, in training."""
    height, width, channels = order["images"][1:]
    network = Network(order["nodes"], order["classes"])
    empty = torch.zeros((2, channels, height, width), dtype=torch.uint8)
    network(empty)  # makes the lazy ones
    return network.to(memory_format=torch.channels_last).train()


def serve(order: dict[str, Any]) -> None:
    """Rounds of training, for speed."""
    count, height, width, channels = order["images"]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, channels, height, width), dtype=np.uint8)
    images = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(rng.integers(0, order["classes"], count))
    network = made(order)
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

    for _ in sys.stdin:
        speed = train(steps)
        print(speed, flush=True)
        steps = max(4, int(order["seconds"] * speed / size))


def learn(order: dict[str, Any]) -> None:
    """One whole training; prints seconds and accuracy on the test images after each epoch."""
    with np.load(order["data"]) as file:
        images, labels, tests, truth = (
            torch.from_numpy(file[name]) for name in ("x_train", "y_train", "x_test", "y_test")
        )
    images, tests = (
        some.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        for some in (images, tests)
    )
    labels, truth = labels.ravel().long(), truth.ravel().long()
    network = made(order)
    for name, kernel in order["kernels"].items():
        weight = torch.tensor(kernel).permute(3, 2, 0, 1)
        network.parts[name][0].conv.weight.data.copy_(weight)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    size, step, seconds = order["batch_size"], 0, 0.0
    rates = order["rates"]
    while step < len(rates):
        network.train()
        begun = time.perf_counter()
        rows = torch.randperm(len(images))
        for some in rows.split(size):
            optimizer.param_groups[0]["lr"] = rates[step]
            with torch.autocast("cpu", torch.bfloat16, enabled=order["bfloat16"]):
                logits = network(varied(images[some], order["flip"], order["shift"]))
            loss = functional.cross_entropy(
                logits.float(), labels[some], label_smoothing=order["label_smoothing"]
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
            if step == 1:  # the first is the warm-up, as it makes the graph in Keras
                begun = time.perf_counter()
        seconds += time.perf_counter() - begun
        network.eval()
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=order["bfloat16"]):
            right = sum(
                int((chances(network, some, order["mirror"]).argmax(1) == known).sum())
                for some, known in zip(tests.split(500), truth.split(500), strict=True)
            )
        print(f"{seconds:.2f} {right / len(tests):.4f}", flush=True)


def chances(network: nn.Module, images: torch.Tensor, mirror: bool) -> torch.Tensor:
    """Probabilities [n, classes], with `mirror` averaged with those for the mirror images."""
    found: torch.Tensor = network(images).float().softmax(1)
    return (found + network(images.flip(3)).float().softmax(1)) / 2 if mirror else found


def varied(images: torch.Tensor, flip: bool, shift: float) -> torch.Tensor:
    """Flipped at random and shifted by up to that share of their side, as airbench does it."""
    count, _, height, width = images.shape
    if flip:
        chosen = (torch.rand(count) < 0.5).view(-1, 1, 1, 1)
        images = torch.where(chosen, images.flip(3), images)
    far = round(shift * width)
    if far:
        padded = functional.pad(images.float(), (far,) * 4, mode="reflect").to(torch.uint8)
        places = torch.randint(0, 2 * far + 1, (2, count))
        made = torch.empty_like(images)
        for down in range(2 * far + 1):
            for across in range(2 * far + 1):
                some = (places[0] == down) & (places[1] == across)
                made[some] = padded[some, :, down : down + height, across : across + width]
        images = made
    return images


def main() -> None:
    """Do what the first line orders."""
    order = json.loads(sys.stdin.readline())
    torch.manual_seed(order.get("seed", 0))
    if "rates" in order:
        learn(order)
    else:
        serve(order)


if __name__ == "__main__":
    main()
