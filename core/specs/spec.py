"""What every spec is: frozen, closed to unknown keys, each setting declared once."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from core.errors import SpecError

_TOLD = 5  # problems of one spec; more nobody reads


class Spec(BaseModel):
    """Base of all specs. Changing one makes another, validated again."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Validate `values`; raises SpecError that names each setting, its bounds and what came."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _explain(cls, error) from error

    def changed(self, **values: Any) -> Self:
        """A copy with some settings changed, validated again; raises SpecError."""
        return self.parse({**self.model_dump(), **values})


def setting(
    default: Any,
    *,
    label: str,
    help: str,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    step: float | None = None,
    labels: Mapping[str, str] | None = None,
    search: tuple[Any, ...] | None = None,
    log: bool = False,
    empty: str = "Automatic",
    form: str = "",
) -> Any:
    """Declare a setting once: default, bounds, label, help, and the step of its widget.

    Validation, JSON, the form's widget (pages/shared/fields.py) and the command line's flag
    (core/cli) all read this one declaration. `labels` gives choices their name on screen.
    `search` says that a tuner may vary the setting, and where it usually does: (lowest, highest) of
    a number, on a logarithmic scale with `log`, or the choices worth trying. `empty` is what an optional
    setting says on screen where it is None. `form` says what a text may be.
    """
    extra = {
        "step": step,
        "labels": dict(labels or {}),
        "search": search,
        "log": log,
        "empty": empty,
        "form": form,
    }
    bounds = {"ge": ge, "gt": gt, "le": le, "lt": lt}
    field: Any = Field  # its overloads know no bounds passed on as keywords
    return field(default, title=label, description=help, json_schema_extra=extra, **bounds)


def bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    """Lowest and highest value of a numeric setting; an open bound is given as its limit."""
    low = high = None
    for item in field.metadata:
        low = getattr(item, "ge", getattr(item, "gt", low))
        high = getattr(item, "le", getattr(item, "lt", high))
    return low, high


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The options of a setting declared as a Literal, else an empty tuple."""
    kind = value_type(field)
    return tuple(get_args(kind)) if get_origin(kind) is Literal else ()


def search_range(field: FieldInfo) -> dict[str, Any] | tuple[Any, ...] | None:
    """Where a tuner usually looks: {low, high, log} of a number, a tuple of choices, or None."""
    extra = field.json_schema_extra
    search: Any = extra.get("search") if isinstance(extra, dict) else None
    if search is None or choices(field) or value_type(field) is bool:
        return search if search is None else tuple(search)
    return {"low": search[0], "high": search[1], "log": extra.get("log", False)}  # type: ignore[union-attr]


def value_type(field: FieldInfo) -> Any:
    """The setting's type without its None."""
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(item for item in get_args(kind) if item is not type(None))
    return kind


def optional(field: FieldInfo) -> bool:
    """Whether None (chosen by itself) is a valid value."""
    return type(None) in get_args(field.annotation)


def expectation(field: FieldInfo) -> str:
    """What a setting accepts, in words."""
    if options := choices(field):
        return "one of " + ", ".join(map(str, options))
    extra = field.json_schema_extra
    if isinstance(extra, dict) and (form := extra.get("form")):
        return str(form)
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    words = [names.get(value_type(field), "a valid value")]
    for item in field.metadata:
        for attribute, phrase in (
            ("gt", "greater than"),
            ("ge", "at least"),
            ("lt", "less than"),
            ("le", "at most"),
        ):
            if (bound := getattr(item, attribute, None)) is not None:
                words.append(f"{phrase} {bound:,}")
    return words[0] + (" " + " and ".join(words[1:]) if len(words) > 1 else "")


def _explain(cls: type[Spec], error: ValidationError) -> SpecError:
    expected, received, names = [], [], []
    remedy = ""
    items = error.errors()
    if len(items) > 1:  # a list with one bad item is reported once more as too short
        items = [item for item in items if item["type"] != "too_short"] or items
    told, more = items[:_TOLD], len(items) - _TOLD
    for item in told:
        owner, path = _owner(cls, item["loc"])
        name = ".".join(path) or cls.__name__
        field = owner.model_fields.get(path[-1]) if owner and path else None
        if item["type"] == "extra_forbidden":
            known = list(owner.model_fields) if owner else []
            expected.append("known settings: " + ", ".join(known))
            received.append(f"an unknown setting {name}")
            close = difflib.get_close_matches(path[-1], known, n=1)
            advice = f"Did you mean {close[0]}?" if close else f"Remove {path[-1]}"
        elif item["type"] in ("union_tag_invalid", "union_tag_not_found"):
            context = item.get("ctx", {})
            expected.append(f"{name} of a known kind: {context.get('expected_tags', '')}")
            received.append(f"{context.get('tag', 'no kind')!r:.80}")
            advice = "Give it one of these kinds"
        elif item["type"] == "missing":
            expected.append(f"a value for {name}")
            received.append("none")
            advice = f"Add {name}"
        else:
            if field is not None and field.description:  # declared by setting(), with bounds
                expected.append(f"{name} {expectation(field)}")
            else:
                expected.append(f"{name}: {item['msg'].removeprefix('Value error, ')}")
            received.append(f"{item['input']!r:.80}")
            default = field.get_default(call_default_factory=True) if field else None
            example = isinstance(default, int | float | str)
            advice = f"Use for example {default}" if example else f"Change {name}"
        remedy = remedy or advice
        names.append(name)
    subject = "The setting" if len(items) == 1 else "The settings"
    verb = "is" if len(items) == 1 else "are"
    rest = f" and {more:,} more" if more > 0 else ""
    return SpecError(
        f"{subject} {', '.join(names)}{rest} {verb} not valid",
        expected="; ".join(expected),
        received="; ".join(received),
        remedy=remedy,
    )


def _owner(cls: type[Spec], loc: tuple[int | str, ...]) -> tuple[type[Spec] | None, list[str]]:
    """The spec class that declares the setting at `loc`, and the path as a person would write it."""
    owner: type[Spec] | None = cls
    path: list[str] = []
    for position, part in enumerate(loc):
        if isinstance(part, int):
            if path[-1:] == ["layers"]:
                path[-1] = f"layer {part + 1}"
            else:
                path.append(str(part))
            continue
        after_number = position > 0 and isinstance(loc[position - 1], int)
        kind = _layer_class(part) if after_number else None
        if kind is not None:
            owner = kind
            continue
        path.append(part)
        field = owner.model_fields.get(part) if owner else None
        inner = value_type(field) if field else None
        if position < len(loc) - 1 and isinstance(inner, type) and issubclass(inner, Spec):
            owner = inner
    return owner, path


def _layer_class(part: str) -> type[Spec] | None:
    """In a discriminated union pydantic puts the chosen kind into the location: find its class."""
    for kind in _descendants(Spec):
        field = kind.model_fields.get("kind")
        if field is not None and part in get_args(field.annotation):
            return kind
    return None


def _descendants(kind: type[Spec]) -> Iterator[type[Spec]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)
