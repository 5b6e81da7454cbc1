"""Trainings with one planted fault each, and healthy ones, for benchmarks.health."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from core.health.diagnosis import Fault
from core.specs import (
    Activation,
    AugmentSpec,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Output,
    TrainSpec,
)

SETS = ("sketches", "cifar10")


@dataclass(frozen=True)
class Planted:
    """One training of the battery.

    Attributes:
        fault: None for a healthy one.
        images: which images: a set's name and what is done to them, see benchmarks.health.
    """

    name: str
    fault: Fault | None
    images: tuple[str, str]
    model: ModelSpec
    train: TrainSpec
    augment: AugmentSpec = field(default_factory=AugmentSpec)


def plain(activation: str = "relu", scale: str = "0 to 1", width: int = 16) -> ModelSpec:
    """Two convolutions and a dense layer."""
    return _model(
        "plain",
        Input(scale=scale),
        Conv2D(filters=width, activation=activation, padding="same"),
        MaxPooling2D(),
        Conv2D(filters=2 * width, activation=activation, padding="same"),
        MaxPooling2D(),
        Flatten(),
        Dense(units=4 * width, activation=activation),
        Output(),
    )


def stacked(activation: str = "relu", scale: str = "0 to 1", width: int = 16) -> ModelSpec:
    """Three convolutions, pooled, and no dense layer but the last."""
    layers: list[LayerSpec] = [Input(scale=scale)]
    for factor in (1, 2, 4):
        layers += [
            Conv2D(filters=factor * width, activation=activation, padding="same"),
            MaxPooling2D(),
        ]
    return _model("stacked", *layers, Flatten(), Output())


def normalized(
    activation: str = "relu", width: int = 16, dropout: float = 0.2, momentum: float = 0.9
) -> ModelSpec:
    """Three convolutions with batch normalization, and dropout."""
    layers: list[LayerSpec] = [Input()]
    for factor in (1, 2, 4):
        layers += [
            Conv2D(filters=factor * width, activation="linear", padding="same", use_bias=False),
            BatchNormalization(momentum=momentum),
            Activation(function=activation),
            MaxPooling2D(),
        ]
    layers += [Dropout(rate=dropout), GlobalAveragePooling2D(), Output()]
    return _model("normalized", *layers)


def deep_dense(activation: str) -> ModelSpec:
    """Eight dense layers."""
    inside = [Dense(units=32, activation=activation) for _ in range(8)]
    return _model("deep-dense", Input(), MaxPooling2D(), Flatten(), *inside, Output())


def deep_conv(activation: str) -> ModelSpec:
    """Eight convolutions."""
    inside = [Conv2D(filters=8, activation=activation, padding="same") for _ in range(7)]
    first = Conv2D(filters=8, activation=activation, padding="same", strides=2)
    return _model("deep-conv", Input(), first, *inside, GlobalAveragePooling2D(), Output())


def tiny() -> ModelSpec:
    """Two filters, whose means are all that the output knows."""
    return _model("tiny", Input(), Conv2D(filters=2, strides=2), GlobalAveragePooling2D(), Output())


def small_dense() -> ModelSpec:
    """Two units that see a blurred image."""
    return _model(
        "small-dense",
        Input(),
        MaxPooling2D(pool_size=8),
        Flatten(),
        Dense(units=2),
        Output(),
    )


def _model(name: str, *layers: LayerSpec) -> ModelSpec:
    return ModelSpec(name=name, layers=layers)


_BOTH: tuple[Callable[..., ModelSpec], ...] = (plain, stacked)


def faulty(seed: int) -> Iterator[Planted]:
    """Every fault on two architectures and two sets."""
    for data in SETS:
        for number, make in enumerate(_BOTH):
            for fault in Fault:
                model, images, train = _plant(fault, make, number)
                yield Planted(
                    name=f"{fault} / {model.name} / {data} / {seed}",
                    fault=fault,
                    images=(data, images),
                    model=model,
                    train=TrainSpec.parse({"batch_size": 32, "epochs": 8, "seed": seed, **train}),
                )


def _plant(
    fault: Fault, make: Callable[..., ModelSpec], number: int
) -> tuple[ModelSpec, str, dict[str, Any]]:
    """The design, what is done to the images, and the settings of the training."""
    slow_sgd = {"optimizer": "sgd", "learning_rate": 0.01}
    return {
        Fault.INPUTS: (make(scale="0 to 255"), "", slow_sgd),
        Fault.ORDER: (make(), "", {"shuffle": False}),
        Fault.PARTS: (make(), ("bright", "dark")[number], {}),
        Fault.EXPLODING: (make(), "", {"optimizer": "sgd", "learning_rate": 10.0}),
        Fault.DEAD: (
            make(),
            "",
            {
                "learning_rate": (0.1, 0.3)[number],
                "schedule": "step",
                "decay_factor": 0.05,
                "decay_epochs": 2,
                "epochs": 8,
            },
        ),
        Fault.VANISHING: ((deep_dense, deep_conv)[number]("sigmoid"), "", {}),
        Fault.RATE_HIGH: (
            (plain, normalized)[number]("leaky_relu"),
            "",
            {"learning_rate": (0.03, 0.3)[number]},
        ),
        Fault.RATE_LOW: (make(), "", {"learning_rate": 1e-6}),
        Fault.LAG: (
            normalized(width=(16, 24)[number], momentum=0.99),
            "",
            {"epochs": (3, 4)[number]},
        ),
        Fault.COLLAPSE: (make(), "one in thirty", {"epochs": 5}),
        Fault.NOISE: (make(), "wrong labels", {"epochs": 10}),
        Fault.OVERFITTING: (make(width=32), "few", {"epochs": (40, 60)[number], "batch_size": 16}),
        Fault.PLATEAU: (
            make(),
            "",
            {
                "schedule": "step",
                "decay_factor": 0.05,
                "decay_epochs": (2, 3)[number],
                "epochs": 12,
            },
        ),
        Fault.UNDERFITTING: ((tiny, small_dense)[number](), "", {"epochs": 30}),
    }[fault]


def healthy(seed: int) -> Iterator[Planted]:
    """As many, varied: architectures, optimizers, schedules, augmentation, lengths."""
    sgd = {"optimizer": "sgd", "learning_rate": 0.02}
    light = AugmentSpec(flip="horizontal", shift=0.1)
    ways: tuple[tuple[ModelSpec, dict[str, Any], AugmentSpec], ...] = (
        (plain(), {}, AugmentSpec()),
        (stacked(), {}, AugmentSpec()),
        (normalized(), {}, AugmentSpec()),
        (plain("leaky_relu"), sgd, AugmentSpec()),
        (stacked("elu"), {"schedule": "cosine", "learning_rate": 2e-3}, AugmentSpec()),
        (
            normalized(width=24),
            {"schedule": "one-cycle", "learning_rate": 0.01, "label_smoothing": 0.1},
            light,
        ),
        (plain("gelu"), {"optimizer": "adamw"}, light),
        (stacked(width=24), {"schedule": "plateau", "decay_epochs": 3}, light),
        (normalized("silu"), {**sgd, "nesterov": True, "schedule": "cosine"}, AugmentSpec()),
        (plain("tanh"), {"learning_rate": 5e-4}, AugmentSpec()),
        (stacked(), {"optimizer": "rmsprop", "learning_rate": 5e-4}, AugmentSpec()),
        (normalized(), {"batch_size": 64, "average": 0.98, "learning_rate": 3e-3}, light),
        (plain(width=24), {"batch_size": 128, "learning_rate": 2e-3}, light),
    )
    for data in SETS:
        for turn, length in enumerate((4, 8)):
            for number, (model, train, augment) in enumerate(ways):
                yield Planted(
                    name=f"healthy {number + 1} for {length} / {data} / {seed}",
                    fault=None,
                    images=(data, ""),
                    model=model,
                    train=TrainSpec.parse(
                        {"batch_size": 32, "epochs": length, "seed": seed + turn, **train}
                    ),
                    augment=augment,
                )
