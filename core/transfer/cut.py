"""Where the frozen part of a design with a backbone ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.design.analysis import Row
from core.errors import SpecError
from core.specs import Backbone, Dense, GlobalAveragePooling2D, ModelSpec, Output


@dataclass(frozen=True)
class Cut:
    """A design in two: what is frozen, whose output is computed once for each image, and what learns.

    Attributes:
        rows: of the whole design.
        name: of the backbone's row.
        backbone: its layer.
        rest: the rows that learn, but for those that are switched off.
        pooled: whether the frozen part ends with its maps averaged over all places.
        size: height and width at which the backbone sees the images.
    """

    rows: tuple[Row, ...]
    name: str
    backbone: Backbone
    rest: tuple[Row, ...]
    pooled: bool
    size: int

    @property
    def behind(self) -> tuple[Row, ...]:
        """The rows behind the backbone, with the averaging of its maps."""
        names = [row.name for row in self.rows]
        return tuple(row for row in self.rows[names.index(self.name) + 1 :] if row.nodes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what the frozen part makes of an image."""
        shape = self.rest[0].input_shape
        assert shape is not None
        return shape


def cut(rows: Sequence[Row]) -> Cut | None:
    """Where a design's frozen part ends; None where it has none.

    Args:
        rows: of a design that fits together.
    """
    for place, row in enumerate(rows):
        if row.nodes and isinstance(row.layer, Backbone):
            rest = tuple(item for item in rows[place + 1 :] if item.nodes)
            pooled = isinstance(rest[0].layer, GlobalAveragePooling2D)
            assert row.input_shape is not None
            size = row.layer.enlarge or row.input_shape[0]
            return Cut(tuple(rows), row.name, row.layer, rest[1:] if pooled else rest, pooled, size)
    return None


def require_head(model: ModelSpec, found: Cut | None, units: int) -> None:
    """Raise SpecError where what learns is not what core.transfer.linear and core.train.hidden solve for.

    Args:
        found: of the design with its hidden layer switched on.
        units: that the hidden layer is asked to have.
    """
    kinds = [type(row.layer) for row in found.rest] if found is not None else []
    plain = found is not None and found.pooled and kinds in ([Output], [Dense, Output])
    hidden = [layer for layer in model.layers if isinstance(layer, Dense)]
    wanted = {"activation": "relu", "use_bias": True, "l1": 0.0, "l2": 0.0, "max_norm": None}
    if not plain or any(
        layer.units != units or any(getattr(layer, name) != one for name, one in wanted.items())
        for layer in hidden
    ):
        raise SpecError(
            "The head of this design cannot be solved for",
            expected="Input, Backbone, Global average pooling, at most one Dense layer of "
            f"{units:,} units with ReLU, bias and no penalties, Output",
            received=", ".join(layer.TITLE for layer in model.layers)[:300],
            remedy="Train it as designed, without settings for a head",
        )


def with_hidden(model: ModelSpec, *, hidden: bool) -> ModelSpec:
    """The design with its Dense layer switched on or off for good."""
    layers = tuple(
        layer.model_copy(update={"on": hidden, "vary": ()}) if isinstance(layer, Dense) else layer
        for layer in model.layers
    )
    return model.model_copy(update={"layers": layers})
