"""core.health.doctor: what is wrong is named, the cause before its effects, with remedies that fit."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.design.analysis import analyse
from core.design.counts import counted
from core.health.case import Case
from core.health.diagnosis import Fault
from core.health.doctor import diagnose
from core.health.record import DataHealth, EpochHealth, Feature, Health, LayerHealth, Sureness
from core.health.rules.text import EXPLAINED
from core.runs.status import RunStatus
from core.specs import (
    Backbone,
    BatchNormalization,
    Conv2D,
    ConvBlock,
    Dense,
    Dropout,
    FineTuneSpec,
    Flatten,
    GlobalAveragePooling2D,
    HeadSpec,
    Input,
    MaxPooling2D,
    ModelSpec,
    Output,
    RunSpec,
    TrainSpec,
)

CLASSES = ("axes", "boots", "carabiners", "crampons")
EVEN = (0.25, 0.25, 0.25, 0.25)
LAYERS = (Input(), Conv2D(filters=8), MaxPooling2D(), Flatten(), Dense(units=16), Output())
FALLING = (1.3, 1.0, 0.7, 0.5, 0.4, 0.3, 0.25, 0.2)
RISING = (0.4, 0.6, 0.75, 0.82, 0.86, 0.9, 0.92, 0.94)


def fed(**changes: Any) -> DataHealth:
    """What a sound training is fed."""
    sound = DataHealth(
        mean=0.4,
        spread=0.3,
        train_shares=EVEN,
        validation_shares=EVEN,
        features=(Feature(name="brightness", train=0.4, validation=0.41, distance=0.08),),
        compared=400,
        batch_classes=4.0,
        shuffled_classes=4.0,
    )
    return sound.model_copy(update=changes)


def layers(**changes: Any) -> tuple[LayerHealth, ...]:
    """Four sound layers; each change is of a layer, {number: values}."""
    sound = {
        number: LayerHealth(
            number=number, title="Conv2D", dead=0.1, gradient=0.5, weight=5.0, update=2e-3
        )
        for number in (2, 3, 4, 5)
    }
    for name, values in changes.items():
        number = int(name[1:])
        sound[number] = sound[number].model_copy(update=values)
    return tuple(sound.values())


def case(
    *,
    loss: tuple[float | None, ...] = FALLING,
    val_loss: tuple[float | None, ...] | None = None,
    accuracy: tuple[float, ...] = RISING,
    val_accuracy: tuple[float, ...] | None = None,
    rates: tuple[float, ...] | None = None,
    train: dict[str, Any] | None = None,
    model: tuple[Any, ...] = LAYERS,
    data: DataHealth | None = None,
    looked: tuple[LayerHealth, ...] | None = None,
    sureness: Sureness = Sureness(right=0.9, wrong=0.6, ranking=0.85),  # noqa: B008 - frozen
    answers: tuple[float, ...] = EVEN,
    steps: int = 100,
) -> Case:
    """A training that is sound but for what is given."""
    settings = TrainSpec.parse(train or {})
    count = len(loss)
    val_loss = val_loss or tuple(None if value is None else value * 1.1 for value in loss)
    val_accuracy = val_accuracy or tuple(value - 0.02 for value in accuracy)
    columns = (loss, val_loss, accuracy[:count], val_accuracy[:count])
    rates = rates or (settings.learning_rate,) * count
    lines = [
        dict(
            zip(
                ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"),
                (*row, rate),
                strict=True,
            )
        )
        for row, rate in zip(zip(*columns, strict=True), rates, strict=True)
    ]
    told = layers() if looked is None else looked
    epochs = tuple(
        EpochHealth(epoch=number, layers=told, sureness=sureness, answers=answers)
        for number in range(1, count + 1)
    )
    return Case(
        spec=RunSpec(model=ModelSpec(name="mine", layers=model), train=settings),
        status=RunStatus(validation_images=400, steps=steps, parameters=5_000),
        lines=lines,
        health=Health(data or fed(), epochs),
        classes=CLASSES,
        shape=(32, 32, 3),
    )


FLAT = (1.3, 1.1, 1.05, 1.04, 1.04, 1.04, 1.04, 1.04)
LOW = (0.3, 0.4, 0.45, 0.46, 0.46, 0.46, 0.46, 0.46)
STUCK = (1.386,) * 8
GUESS = (0.25,) * 8
SICK: dict[Fault, dict[str, Any]] = {
    Fault.INPUTS: {
        "data": fed(mean=120.0, spread=60.0),
        "loss": (300.0, *STUCK[1:]),
        "model": (Input(scale="0 to 255"), *LAYERS[1:]),
    },
    Fault.ORDER: {"data": fed(batch_classes=1.2), "train": {"shuffle": False}},
    Fault.PARTS: {
        "data": fed(features=(Feature(name="contrast", train=0.3, validation=0.1, distance=0.7),))
    },
    Fault.EXPLODING: {"loss": (2.0, None, None), "val_loss": (2.0, None, None)},
    Fault.RATE_HIGH: {
        "loss": STUCK,
        "accuracy": GUESS,
        "train": {"learning_rate": 0.05},
        "answers": (1.0, 0.0, 0.0, 0.0),
    },
    Fault.DEAD: {
        "loss": STUCK,
        "accuracy": GUESS,
        "looked": layers(n3={"dead": 0.95}),
        "answers": (1.0, 0.0, 0.0, 0.0),
    },
    Fault.VANISHING: {
        "loss": STUCK,
        "accuracy": GUESS,
        "looked": layers(n2={"gradient": 1e-5}, n3={"gradient": 1e-4}),
    },
    Fault.RATE_LOW: {
        "loss": (1.39, 1.388, 1.386, 1.384),
        "accuracy": GUESS,
        "train": {"learning_rate": 1e-6},
        "looked": layers(**{f"n{number}": {"update": 3e-6} for number in (2, 3, 4, 5)}),
    },
    Fault.LAG: {
        "model": (Input(), Conv2D(), BatchNormalization(momentum=0.99), Flatten(), Output()),
        "loss": FALLING[:3],
        "val_accuracy": (0.25, 0.25, 0.26),
        "steps": 20,
        "answers": (1.0, 0.0, 0.0, 0.0),
    },
    Fault.COLLAPSE: {
        "data": fed(
            train_shares=(0.85, 0.05, 0.05, 0.05), validation_shares=(0.85, 0.05, 0.05, 0.05)
        ),
        "loss": (0.6, 0.59, 0.58),
        "accuracy": (0.85, 0.85, 0.85),
        "answers": (1.0, 0.0, 0.0, 0.0),
    },
    Fault.NOISE: {
        "accuracy": (0.3, 0.4, 0.5, 0.55, 0.56, 0.57, 0.58, 0.59),
        "sureness": Sureness(right=0.6, wrong=0.58, ranking=0.55),
    },
    Fault.OVERFITTING: {
        "val_loss": (1.3, 1.0, 0.8, 0.75, 0.8, 0.9, 1.0, 1.1),
        "val_accuracy": (0.4, 0.6, 0.7, 0.71, 0.71, 0.71, 0.7, 0.7),
    },
    Fault.PLATEAU: {
        "loss": FLAT,
        "accuracy": LOW,
        "train": {"schedule": "step", "decay_epochs": 2, "decay_factor": 0.05},
        "rates": (1e-3, 1e-3, 5e-5, 5e-5, 2.5e-6, 2.5e-6, 1e-7, 1e-7),
    },
    Fault.UNDERFITTING: {"loss": FLAT, "accuracy": LOW},
}


def test_every_fault_has_a_case() -> None:
    """No rule is without a test, and no fault without an explanation of two or three sentences."""
    assert set(SICK) == set(Fault) == set(EXPLAINED)
    for words in EXPLAINED.values():
        assert 2 <= words.count(". ") + 1 <= 3
        assert words.endswith(".")


@pytest.mark.parametrize("fault", SICK, ids=str)
def test_a_fault_is_named_first(fault: Fault) -> None:
    """What is planted comes first, with evidence in figures, and remedies of which each fits."""
    sick = case(**SICK[fault])
    first, *others = diagnose(sick)
    assert first.fault is fault, [str(one.fault) for one in (first, *others)]
    assert any(character.isdigit() for character in first.evidence)
    assert first.evidence.endswith(".")
    assert first.remedies
    for remedy in first.remedies:
        assert remedy.label.startswith("Train again")
        assert remedy.spec != sick.spec
        assert not analyse(remedy.spec.model, (32, 32, 3), 4).errors


@pytest.mark.parametrize("fault", [Fault.RATE_HIGH, Fault.DEAD, Fault.LAG], ids=str)
def test_effects_are_no_findings_of_their_own(fault: Fault) -> None:
    """Answers that collapse for a known reason are not told as another fault."""
    assert Fault.COLLAPSE not in [one.fault for one in diagnose(case(**SICK[fault]))]


def test_a_sound_training_raises_no_alarm() -> None:
    """Nothing is named where nothing is wrong, from the first epoch to the last."""
    for count in range(1, 9):
        assert diagnose(case(loss=FALLING[:count])) == []


def test_nothing_is_known_before_the_first_epoch() -> None:
    """A run that has only begun has no diagnosis, whatever its settings."""
    young = case(loss=(), accuracy=())
    assert diagnose(young) == []
    unborn = Case(young.spec, RunStatus(), [], Health(None, ()))
    assert diagnose(unborn) == []


def test_a_turning_point_is_told() -> None:
    """Overfitting names the epoch from which on the validation loss rose."""
    (found,) = diagnose(case(**SICK[Fault.OVERFITTING]))
    assert found.epoch == 4
    assert "epoch 4" in found.evidence


def test_dead_layers_are_numbered() -> None:
    """Dying ReLU names the layers, and since when."""
    found = diagnose(case(**SICK[Fault.DEAD]))[0]
    assert (found.layers, found.epoch) == ((3,), 1)


def test_usual_dead_units_are_no_fault() -> None:
    """Dense layers have half of their units silent without harm."""
    assert diagnose(case(looked=layers(n5={"dead": 0.77}))) == []


def test_the_loss_of_guessing() -> None:
    """It is the entropy of the classes' shares, and the accuracy the largest share."""
    seen = case(data=fed(train_shares=(0.5, 0.25, 0.25, 0.0)))
    assert seen.guessing_loss == pytest.approx(1.5 * math.log(2))
    assert seen.guessing_accuracy == 0.5


def test_no_remedy_is_offered_twice() -> None:
    """Ten times smaller steps can be the usual ones."""
    high = case(**{**SICK[Fault.RATE_HIGH], "train": {"learning_rate": 0.01}})
    (found,) = (one for one in diagnose(high) if one.fault is Fault.RATE_HIGH)
    assert [one.spec.train.learning_rate for one in found.remedies] == [0.001]


@pytest.mark.parametrize("fault", [Fault.OVERFITTING, Fault.VANISHING, Fault.INPUTS], ids=str)
def test_a_design_of_all_layers_there_can_be_is_mended_as_far_as_it_can(fault: Fault) -> None:
    """Where there is no room for a layer more, the remedies without one are left."""
    full = (Input(scale="0 to 255"), *(Dense(units=2, activation="sigmoid"),) * 498, Output())
    model = (full[0], Flatten(), *full[2:])
    found = diagnose(case(**{**SICK[fault], "model": model}))[0]
    assert found.fault is fault
    assert found.remedies
    assert all(len(one.spec.model.layers) == 500 for one in found.remedies)


def test_the_least_learning_rate_has_remedies() -> None:
    """What is ten times less than next to nothing is still a learning rate."""
    dying = case(**{**SICK[Fault.DEAD], "train": {"learning_rate": 5e-324}})
    assert Fault.DEAD in [one.fault for one in diagnose(dying)]


def test_dropout_is_not_put_behind_dropout() -> None:
    """One that is there already is not doubled."""
    model = (*LAYERS[:-1], Dropout(rate=0.5), Output())
    (found,) = diagnose(case(**SICK[Fault.OVERFITTING], model=model))
    assert found.remedies
    assert "dropout" not in "".join(one.label for one in found.remedies)


def test_a_remedy_changes_what_it_says() -> None:
    """Without a ReLU of the design's own, as in a squeeze and excitation, none is made leaky."""
    model = (Input(), Flatten(), Dense(units=16, activation="tanh"), Output())
    found = diagnose(case(**{**SICK[Fault.DEAD], "model": model}))[0]
    assert found.fault is Fault.DEAD
    assert not any("leaky" in one.label for one in found.remedies)


def test_normalization_inside_of_blocks_lags_too() -> None:
    """Its momentum cannot be set, so more epochs are offered."""
    model = (Input(), ConvBlock(filters=8), GlobalAveragePooling2D(), Output())
    found = diagnose(case(**{**SICK[Fault.LAG], "model": model}))[0]
    assert found.fault is Fault.LAG
    (remedy,) = found.remedies
    assert remedy.spec.train.epochs * 20 * (1 - 0.99) >= 4


def test_a_penalty_that_falls_is_no_explosion() -> None:
    """The loss of a design with penalties begins far above that of guessing; it explodes if it rises."""
    heavy = (Input(), Conv2D(filters=8, l2=0.1), MaxPooling2D(), Flatten(), Output())
    falling = (90.0, 60.0, 30.0, 20.0, 10.0)
    assert diagnose(case(loss=falling, model=heavy)) == []
    assert diagnose(case(loss=falling))[0].fault is Fault.EXPLODING
    rising = diagnose(case(loss=(9.0, 40.0, 90.0), model=heavy))
    assert rising[0].fault is Fault.EXPLODING


def test_dead_units_let_no_gradient_through() -> None:
    """Gradients that vanish behind dead units, or for steps that are too large, are told as that alone."""
    gone = {"n2": {"gradient": 0.0}, "n3": {"gradient": 0.0, "dead": 1.0}}
    dying = case(**{**SICK[Fault.DEAD], "looked": layers(**gone)})
    assert [one.fault for one in diagnose(dying)] == [Fault.DEAD]
    hot = case(**{**SICK[Fault.RATE_HIGH], "looked": layers(**gone)})
    assert [one.fault for one in diagnose(hot)] == [Fault.RATE_HIGH]


def test_a_vanishing_gradient_is_that_of_the_layers_told() -> None:
    """Of several first layers the largest is told as a bound, with their names or their number."""

    def told(count: int) -> str:
        deep = tuple(
            LayerHealth(
                number=number,
                title="Dense",
                weight=1.0,
                gradient=1e-9 * number if number <= count // 3 else 1.0,
            )
            for number in range(1, count + 1)
        )
        found = diagnose(case(**{**SICK[Fault.VANISHING], "looked": deep}))[0]
        assert found.fault is Fault.VANISHING
        return found.evidence

    assert told(4).startswith("In layer 1 (Dense) the gradient is 1e-09 times")
    assert told(6).startswith(
        "In layers 1 (Dense) and 2 (Dense) the gradient is at most 2e-09 times"
    )
    assert told(30).startswith("In the first 10 layers with weights the gradient is at most 1e-08")


@pytest.mark.parametrize(("compared", "faults"), [(13, []), (400, [Fault.PARTS])])
def test_the_rounding_of_tiny_parts_is_no_difference(compared: int, faults: list[Fault]) -> None:
    """Of a class of twenty and ten classes of three, each part has at least one: shares must differ."""
    data = fed(
        train_shares=(0.565, 0.145, 0.145, 0.145),
        validation_shares=(0.231, 0.256, 0.256, 0.257),
        compared=compared,
    )
    assert [one.fault for one in diagnose(case(data=data))] == faults


def test_answers_of_another_set_are_passed_over() -> None:
    """Health that was measured with more classes than there are images of now names no class."""
    found = diagnose(case(**{**SICK[Fault.COLLAPSE], "answers": (0.0,) * 9 + (1.0,)}))
    assert Fault.COLLAPSE not in [one.fault for one in found]


def test_a_not_a_number_is_one() -> None:
    """What JSON cannot say, and so is null in the file, is not-a-number again."""
    seen = case(loss=(1.0, None), val_loss=(1.0, None))
    assert np.isnan(seen.loss[1])
    assert np.isnan(seen.val_loss[1])


def test_as_json() -> None:
    """The command line tells the same."""
    told = diagnose(case(**SICK[Fault.RATE_LOW]))[0].to_dict()
    assert told["fault"] == "learning rate too low"
    assert told["remedies"][0]["label"] == "Train again at a learning rate of 0.001"


def tuned(before: int = 12, blocks: int | None = 6, **changes: Any) -> Case:
    """A fine-tuning after so many steps of solving for its head."""
    layers = Input(scale="0 to 255"), Backbone(), GlobalAveragePooling2D(), Output()
    seen = case(**changes)
    spec = seen.spec.changed(
        model=ModelSpec(name="transfer", layers=layers),
        head=HeadSpec(),
        finetune=FineTuneSpec(blocks=blocks),
    )
    return replace(seen, spec=spec, before=before)


def test_a_fine_tuning_by_heart() -> None:
    """It is named with the epoch as the curves count it; less learns, or from more."""
    (found,) = diagnose(tuned(**SICK[Fault.OVERFITTING]))
    assert found.fault is Fault.OVERFITTING
    (plain,) = diagnose(case(**SICK[Fault.OVERFITTING]))
    assert plain.epoch is not None
    assert found.epoch == plain.epoch + 12
    assert f"Since epoch {found.epoch} " in found.evidence
    mirrored, fewer, slower = (one.spec for one in found.remedies)
    assert mirrored.head is not None
    assert mirrored.head.flips
    assert fewer.finetune is not None
    assert fewer.finetune.blocks == 3
    assert slower.train.learning_rate == pytest.approx(0.00033)
    (found,) = diagnose(tuned(blocks=None, **SICK[Fault.OVERFITTING]))
    half = len(counted(Backbone().network)) // 2
    assert [one.label for one in found.remedies][
        1
    ] == f"Fine-tune again with the last {half} blocks"


def test_a_fine_tuning_that_explodes() -> None:
    """Smaller steps; nothing is said of layers that nobody looked at."""
    (found,) = diagnose(tuned(**SICK[Fault.EXPLODING]))
    assert (found.fault, found.epoch) == (Fault.EXPLODING, 14)
    assert [one.label for one in found.remedies] == ["Fine-tune again at a learning rate of 0.0001"]


@pytest.mark.parametrize("fault", [Fault.RATE_HIGH, Fault.DEAD, Fault.UNDERFITTING], ids=str)
def test_a_fine_tuning_is_judged_by_its_own_rules(fault: Fault) -> None:
    """It begins far from guessing, with a network that is as it is."""
    assert diagnose(tuned(**SICK[fault])) == []


def test_a_head_that_was_solved_for_is_well() -> None:
    """Its steps fit ever closer by design."""
    seen = tuned(**SICK[Fault.OVERFITTING])
    assert diagnose(replace(seen, spec=seen.spec.changed(finetune=None))) == []
