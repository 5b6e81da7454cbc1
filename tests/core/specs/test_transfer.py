"""core.specs.transfer: what of a pretrained network learns, in a word."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SpecError
from core.specs import FineTuneSpec, HeadSpec, RunSpec, TransferSpec
from core.specs.spec import expectation
from tests.core.specs.test_spec import designs, values


@pytest.mark.parametrize(
    ("word", "tuning"),
    [
        ("none", None),
        ("all", FineTuneSpec(blocks=None)),
        ("last-1-block", FineTuneSpec(blocks=1)),
        ("last-5-blocks", FineTuneSpec(blocks=5)),
        ("last-200-blocks", FineTuneSpec(blocks=200)),
    ],
)
def test_the_word(word: str, tuning: FineTuneSpec | None) -> None:
    """It is a spec, with the decay that goes with it."""
    assert TransferSpec(finetune=word).tuning == tuning
    if tuning is not None:
        changed = TransferSpec(finetune=word, decay=0.5).tuning
        assert changed == tuning.changed(decay=0.5)


@pytest.mark.parametrize(
    "word", ["", "some", "last", "last-blocks", "last--1-blocks", "ALL", "all "]
)
def test_another_word(word: str) -> None:
    """It is refused with those that there are."""
    with pytest.raises(SpecError) as caught:
        TransferSpec.parse({"finetune": word})
    assert caught.value.expected == "finetune none, all or, say, last-5-blocks"
    assert caught.value.received == repr(word)


@pytest.mark.parametrize("count", [0, 201, 999])
def test_a_count_out_of_bounds(count: int) -> None:
    """It is refused when it is asked for, not when the run is made."""
    with pytest.raises(SpecError):
        TransferSpec.parse({"finetune": f"last-{count}-blocks"})


@given(values(HeadSpec), values(FineTuneSpec), designs())
def test_json_round_trip(head: HeadSpec, tuning: FineTuneSpec, model: object) -> None:
    """A run that fine-tunes survives JSON unchanged."""
    run = RunSpec(model=model, head=head, finetune=tuning)
    assert RunSpec.parse(json.loads(json.dumps(run.model_dump(mode="json")))) == run


@given(st.floats(0.01, 1.0))
def test_decay_has_one_declaration(decay: float) -> None:
    """What one of the two specs takes the other does, in the same words."""
    assert TransferSpec(decay=decay).decay == FineTuneSpec(decay=decay).decay
    fields = [kind.model_fields["decay"] for kind in (TransferSpec, FineTuneSpec)]
    assert expectation(fields[0]) == expectation(fields[1])
    assert fields[0].title == fields[1].title
