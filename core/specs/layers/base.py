"""What every layer is: one row of a design, which can be switched off and marked to vary."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from core.specs.spec import Spec, choices, expectation, search_range, setting, value_type

Function = Literal[
    "linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softmax"
]
Padding = Literal["valid", "same"]
Group = Literal[
    "Ends", "Convolution", "Pooling", "Normalization", "Activation", "Regularization", "Dense",
    "Size", "Blocks", "Pretrained", "Merging",
]  # fmt: skip

ACTIVATION_HELP = "The curve each output passes through; linear leaves it as it is."
PADDING_HELP = "same adds a border so that the size is kept; valid adds none."
HIDDEN_FUNCTIONS = ("relu", "leaky_relu", "elu", "gelu", "silu", "tanh")  # worth searching


class Vary(Spec):
    """A setting the tuner may change: from `low` to `high`, or one of `options`.

    The setting "on" stands for the layer itself, there or not; it needs neither.
    """

    setting: str
    low: int | float | None = None
    high: int | float | None = None
    options: tuple[str | bool, ...] | None = None

    @field_validator("low", "high", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError("a number")  # pydantic would make 1 of true
        return value


class LayerSpec(Spec):
    """Base of all layers. `kind` tells them apart in JSON; GROUP and TITLE are for the screen."""

    GROUP: ClassVar[Group]
    TITLE: ClassVar[str]
    KIND: ClassVar[str]

    on: bool = True  # a layer that is switched off passes on what it gets
    vary: tuple[Vary, ...] = Field((), max_length=20)

    def __init_subclass__(cls, **values: Any) -> None:
        super().__init_subclass__(**values)
        if "TITLE" not in cls.__dict__:
            cls.TITLE = cls.__name__

    @classmethod
    def __pydantic_init_subclass__(cls, **values: Any) -> None:
        if "kind" in cls.model_fields:
            cls.KIND = cls.model_fields["kind"].default

    @classmethod
    @cache
    def settings(cls) -> tuple[str, ...]:
        """Names of the settings a person can change, in their order on screen."""
        own = [name for base in cls.__mro__ for name in inspect.get_annotations(base)]
        fields = cls.model_fields
        return tuple(
            name for name in dict.fromkeys(own) if name in fields and fields[name].description
        )

    @model_validator(mode="after")
    def _check_vary(self) -> Self:
        if self.vary:
            marks = tuple(_checked(type(self), item) for item in self.vary)
            object.__setattr__(self, "vary", marks)  # frozen for all others
            names = [item.setting for item in self.vary]
            if len(set(names)) < len(names):
                raise ValueError("each setting can be marked to vary once")
        return self


def usual_mark(layer: LayerSpec, name: str) -> Vary:
    """The mark of a setting where nothing else is asked for: its usual range or usual options.

    They are widened to the setting's present value, unless no range can end there.

    Raises:
        ValueError: the setting cannot vary.
    """
    kind, field = type(layer), type(layer).model_fields.get(name)
    search = search_range(field) if field else None
    if search is None:
        return _checked(kind, Vary(setting=name))
    present = getattr(layer, name)
    if not isinstance(search, dict):
        options = search if present in search else (*search, present)
        return _checked(kind, Vary(setting=name, options=options))
    low, high = search["low"], search["high"]
    if present is not None:
        try:
            wide = Vary(setting=name, low=min(low, present), high=max(high, present))
            return _checked(kind, wide)
        except ValueError:  # as 0 on a logarithmic scale
            pass
    return _checked(kind, Vary(setting=name, low=low, high=high))


def _checked(layer: type[LayerSpec], item: Vary) -> Vary:
    """The mark, with whole numbers as ends where the setting is one; raises ValueError."""
    ends = layer.GROUP == "Ends"  # a design is nothing without them
    if item.setting == "on" and not ends:
        if (item.low, item.high, item.options) != (None, None, None):
            raise ValueError("on varies between there and not there, without a range")
        return item
    field = layer.model_fields.get(item.setting)
    search = search_range(field) if field else None
    if field is None or search is None:
        known = [] if ends else ["on"]
        known += [name for name in layer.settings() if search_range(layer.model_fields[name])]
        raise ValueError(f"{item.setting} cannot vary; {', '.join(known) or 'nothing'} can")
    if isinstance(search, dict):
        if item.options is not None or item.low is None or item.high is None:
            raise ValueError(f"{item.setting} varies from low to high")
        if not item.low < item.high:
            raise ValueError(f"{item.setting} varies from {item.low} to {item.high}")
        for value in (item.low, item.high):
            try:
                layer.model_validate({item.setting: value})
            except ValidationError:
                words = f"each end of {item.setting} must be {expectation(field)}"
                raise ValueError(words) from None
        if search["log"] and item.low <= 0:
            raise ValueError(f"{item.setting} varies on a logarithmic scale, so from above 0")
        if value_type(field) is int:
            item = item.model_copy(update={"low": int(item.low), "high": int(item.high)})
        return item
    options = item.options or ()
    if item.low is not None or item.high is not None or len(options) < 2:
        raise ValueError(f"{item.setting} varies between two or more options")
    if len(set(options)) < len(options):
        raise ValueError(f"{item.setting} varies between options that differ")
    known_options = choices(field) or (True, False)
    if not set(options) <= set(known_options):
        raise ValueError(f"{item.setting} varies between some of {known_options}")
    return item


def activation(default: Function = "relu") -> Any:
    """The declaration of an activation, the same wherever a layer has one."""
    return setting(default, label="Activation", help=ACTIVATION_HELP, search=HIDDEN_FUNCTIONS)


def padding(default: Padding = "valid") -> Any:
    """The declaration of a padding."""
    return setting(default, label="Padding", help=PADDING_HELP)


class Weighted(LayerSpec):
    """Base of the layers with a kernel: its bias, regularizer and constraint."""

    use_bias: bool = setting(
        True,
        label="Bias",
        help="Add a learned number to each output; batch normalization does too.",
    )
    l1: float = setting(
        0.0,
        ge=0.0,
        le=1.0,
        label="L1 penalty",
        help="Times the sum of the absolute weights, added to the loss: drives weights to 0.",
    )
    l2: float = setting(
        0.0,
        ge=0.0,
        le=1.0,
        label="L2 penalty",
        help="Times the sum of the squared weights, added to the loss: keeps weights small.",
        search=(1e-5, 1e-2),
        log=True,
    )
    max_norm: float | None = setting(
        None,
        gt=0.0,
        le=1000.0,
        label="Max norm",
        help="Upper limit for the length of each unit's weight vector; empty means none.",
        empty="None",
    )
