"""Small networks that lessons train, each in a second or less an epoch."""

from __future__ import annotations

from core.specs import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    LayerSpec,
    MaxPooling2D,
    ModelSpec,
    Output,
)


def plain(name: str, activation: str, filters: int = 16) -> ModelSpec:
    """Two convolutions and a dense layer."""
    return _model(name, *_convolutions(activation, filters), _dense(activation, 4 * filters))


def deep(name: str, activation: str) -> ModelSpec:
    """Two convolutions and five dense layers."""
    inside = (_dense(activation, 64) for _ in range(5))
    return _model(name, *_convolutions(activation, 16), *inside)


def tiny(name: str) -> ModelSpec:
    """Three filters, twice, whose means are all that the output knows."""
    layers: list[LayerSpec] = []
    for _ in range(2):  # normalized, so that it soon does what it can
        layers += [
            Conv2D(filters=3, activation="linear", padding="same", use_bias=False),
            BatchNormalization(momentum=0.9),
            Activation(function="leaky_relu"),
            MaxPooling2D(),
        ]
    return _model(name, *layers, GlobalAveragePooling2D())


def _convolutions(activation: str, filters: int) -> tuple[LayerSpec, ...]:
    return (
        Conv2D(filters=filters, activation=activation, padding="same"),
        MaxPooling2D(),
        Conv2D(filters=2 * filters, activation=activation, padding="same"),
        MaxPooling2D(),
        Flatten(),
    )


def _dense(activation: str, units: int) -> Dense:
    return Dense(units=units, activation=activation)


def _model(name: str, *layers: LayerSpec) -> ModelSpec:
    return ModelSpec(name=name, layers=(Input(), *layers, Output()))
