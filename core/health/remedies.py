"""Trainings that should go better than one with a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from core.design import grow
from core.design.analysis import analyse
from core.errors import AppError
from core.health.case import Case
from core.health.diagnosis import Diagnosis, Fault, Remedy
from core.specs import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Input,
    LayerSpec,
    ModelSpec,
    Output,
    RunSpec,
)

_SHOWN_RATE = 2  # digits of a learning rate


def remedies(case: Case, found: Diagnosis) -> tuple[Remedy, ...]:
    """The remedies of a fault, the best first; those that change nothing, or do not fit, are left out."""
    kept = []
    for remedy in _CHOSEN[found.fault](case):
        model = remedy.spec.model
        fits = case.shape is None or not analyse(model, case.shape, len(case.classes)).errors
        if fits and remedy.spec != case.spec:
            kept.append(remedy)
    return tuple(kept)


def _inputs(case: Case) -> Iterator[Remedy]:
    first, *rest = case.spec.model.layers
    if isinstance(first, Input):
        yield Remedy(
            "Train again with inputs from 0 to 1",
            "Divides the pixels by 255 in the first layer.",
            _with_layers(case, [first.changed(scale="0 to 1"), *rest]),
        )


def _order(case: Case) -> Iterator[Remedy]:
    yield Remedy(
        "Train again in random order",
        "Goes through the training images in a new order in every epoch.",
        _trained(case, shuffle=True),
    )


def _parts(case: Case) -> Iterator[Remedy]:
    data = case.spec.data.changed(parts="drawn")
    yield Remedy(
        "Train again with parts drawn anew",
        "Mixes all images and draws validation and test images from them, so that all parts are alike.",
        case.spec.changed(data=data),
    )


def _exploding(case: Case) -> Iterator[Remedy]:
    yield _slower(case, 10)
    yield Remedy(
        "Train again with clipped gradients",
        "Shortens gradients that are longer than 1, at a third of the learning rate.",
        _trained(case, clip_norm=1.0, learning_rate=_rate(case, 1 / 3)),
    )


def _too_high(case: Case) -> Iterator[Remedy]:
    yield _slower(case, 10)
    yield _usual(case)


def _too_low(case: Case) -> Iterator[Remedy]:
    yield _usual(case)
    yield Remedy(
        f"Train again at {_told(_rate(case, 10))}",
        "Ten times the learning rate.",
        _trained(case, learning_rate=_rate(case, 10)),
    )


def _dead(case: Case) -> Iterator[Remedy]:
    model = _curves(case.spec.model, "relu", "leaky_relu")
    yield Remedy(
        "Train again with leaky ReLU, slower",
        "A leaky ReLU passes on a little below 0 too, so that it can recover; and a third of the "
        "learning rate, so that it need not.",
        case.spec.changed(
            model=model, train=case.spec.train.changed(learning_rate=_rate(case, 1 / 3))
        ),
    )
    yield _slower(case, 10)


def _vanishing(case: Case) -> Iterator[Remedy]:
    model = case.spec.model
    for curve in ("sigmoid", "tanh", "softmax"):
        model = _curves(model, curve, "relu")
    yield Remedy(
        "Train again with ReLU",
        "ReLU's slope is 1 wherever it is not 0, and gradients keep their size.",
        case.spec.changed(model=model),
    )
    yield Remedy(
        "Train again with normalization",
        "Batch normalization after each convolution and dense layer keeps values and gradients in size.",
        case.spec.changed(model=_normalized(model)),
    )


def _lag(case: Case) -> Iterator[Remedy]:
    layers = [
        layer.changed(momentum=0.9) if isinstance(layer, BatchNormalization) else layer
        for layer in case.spec.model.layers
    ]
    yield Remedy(
        "Train again with quicker averages",
        "A momentum of 0.9: running averages know the images after some twenty batches.",
        _with_layers(case, layers),
    )


def _collapse(case: Case) -> Iterator[Remedy]:
    yield Remedy(
        "Train again with balanced classes",
        "Images of rare classes count more, so that each class counts the same.",
        _trained(case, class_weights="balanced"),
    )
    yield _usual(case)


def _noise(case: Case) -> Iterator[Remedy]:
    yield Remedy(
        "Train again with label smoothing",
        "Shares a tenth of each label out to all classes, and stops after three epochs without a better "
        "validation loss: both keep it from learning mistakes. Better still: correct the labels.",
        _trained(case, label_smoothing=0.1, patience=3),
    )


def _overfitting(case: Case) -> Iterator[Remedy]:
    augment = case.spec.augment.changed(shift=0.1, rotation=10.0, zoom=0.1)
    yield Remedy(
        "Train again with changed images",
        "Shifts, turns and zooms the training images a little, another way in each epoch, so that they "
        "cannot be learned by heart.",
        case.spec.changed(augment=augment),
    )
    *inside, output = case.spec.model.layers
    if isinstance(output, Output):
        yield Remedy(
            "Train again with dropout",
            "Leaves out half of the values before the output, other ones in each step.",
            _with_layers(case, [*inside, Dropout(rate=0.5), output]),
        )
    yield Remedy(
        "Train again and stop in time",
        "Stops after three epochs without a better validation loss.",
        _trained(case, patience=3),
    )


def _plateau(case: Case) -> Iterator[Remedy]:
    rate = min(case.spec.train.learning_rate, case.usual_rate * 3)
    yield Remedy(
        "Train again with a cosine schedule",
        f"From {_told(rate)} down to zero over all epochs: large "
        "steps first, small ones to settle.",
        _trained(
            case,
            schedule="cosine",
            learning_rate=rate,
        ),
    )


def _underfitting(case: Case) -> Iterator[Remedy]:
    if case.shape is not None:
        for label, step in (("wider", grow.wider), ("deeper", grow.deeper)):
            model = step(case.spec.model, case.shape, len(case.classes))
            if model is not None:
                yield Remedy(
                    f"Train again with a {label} network",
                    "Twice the filters and units in every layer."
                    if label == "wider"
                    else "A layer more in every stage.",
                    case.spec.changed(model=model),
                )


_CHOSEN: dict[Fault, Callable[[Case], Iterator[Remedy]]] = {
    Fault.INPUTS: _inputs,
    Fault.ORDER: _order,
    Fault.PARTS: _parts,
    Fault.EXPLODING: _exploding,
    Fault.DEAD: _dead,
    Fault.VANISHING: _vanishing,
    Fault.RATE_HIGH: _too_high,
    Fault.RATE_LOW: _too_low,
    Fault.LAG: _lag,
    Fault.COLLAPSE: _collapse,
    Fault.NOISE: _noise,
    Fault.OVERFITTING: _overfitting,
    Fault.PLATEAU: _plateau,
    Fault.UNDERFITTING: _underfitting,
}


def _slower(case: Case, times: float) -> Remedy:
    rate = _rate(case, 1 / times)
    return Remedy(
        f"Train again at {_told(rate)}",
        f"A learning rate {times:g} times smaller.",
        _trained(case, learning_rate=rate),
    )


def _usual(case: Case) -> Remedy:
    return Remedy(
        f"Train again at {_told(case.usual_rate)}",
        "The learning rate that this optimizer is usually given.",
        _trained(case, learning_rate=case.usual_rate),
    )


def _trained(case: Case, **values: object) -> RunSpec:
    return case.spec.changed(train=case.spec.train.changed(**values))


def _with_layers(case: Case, layers: Sequence[LayerSpec]) -> RunSpec:
    model = case.spec.model
    try:
        return case.spec.changed(model=ModelSpec(name=model.name, layers=tuple(layers)))
    except AppError:  # more layers than a design can have
        return case.spec


def _rate(case: Case, times: float) -> float:
    """The learning rate times that, with few digits and within its bounds."""
    return min(10.0, float(f"{case.spec.train.learning_rate * times:.{_SHOWN_RATE}g}"))


def _told(rate: float) -> str:
    return f"a learning rate of {rate:.{_SHOWN_RATE}g}"


def _curves(model: ModelSpec, old: str, new: str) -> ModelSpec:
    """The design with another activation in the place of one."""
    layers = []
    for layer in model.layers:
        if getattr(layer, "activation", None) == old:
            layer = layer.changed(activation=new)
        elif isinstance(layer, Activation) and layer.function == old:
            layer = layer.changed(function=new)
        layers.append(layer)
    return ModelSpec(name=model.name, layers=tuple(layers))


def _normalized(model: ModelSpec) -> ModelSpec:
    """The design with batch normalization behind each convolution and dense layer."""
    layers: list[LayerSpec] = []
    for layer in model.layers:
        layers.append(layer)
        if isinstance(layer, Conv2D | Dense):
            layers.append(BatchNormalization())
    return ModelSpec(name=model.name, layers=tuple(layers))
