"""Undo and redo."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from core.design.history import LARGEST, LONGEST, History, Step
from core.specs import Conv2D, Input, ModelSpec, TrainSpec


def step(filters: int) -> Step:
    """A design told by a number."""
    return Step(ModelSpec(name="mine", layers=(Input(), Conv2D(filters=filters))))


def take(go: Callable[[Step], tuple[History, Step | None]], now: Step) -> tuple[History, Step]:
    """The history and the design after pressing undo or redo."""
    history, found = go(now)
    return history, found or now


def test_back_and_forth() -> None:
    """Ten edits are undone one by one and made again one by one."""
    history, now = History(), step(1)
    for filters in range(2, 12):
        history, now = history.record(now), step(filters)
    for filters in range(10, 0, -1):
        history, now = take(history.undo, now)
        assert now == step(filters)
    assert history.undo(now) == (history, None)
    for filters in range(2, 12):
        history, now = take(history.redo, now)
        assert now == step(filters)
    assert history.redo(now) == (history, None)


def test_an_edit_forgets_what_was_taken_back() -> None:
    """After undo and another edit there is nothing to redo."""
    history = History().record(step(1))
    history, now = take(history.undo, step(2))
    history = history.record(now)
    assert history.future == ()
    assert history.undo(step(3))[1] == step(1)


@given(st.lists(st.sampled_from(["edit", "undo", "redo"]), max_size=40))
def test_any_sequence(gestures: list[str]) -> None:
    """Whatever is pressed, undo gives the design before and redo the one after."""
    history, now, number = History(), step(1), 1
    trail, place = [now], 0
    for gesture in gestures:
        if gesture == "edit":
            number += 1
            history, now = history.record(now), step(number)
            trail, place = [*trail[: place + 1], now], place + 1
        elif gesture == "undo":
            history, now = take(history.undo, now)
            place = max(place - 1, 0)
        else:
            history, now = take(history.redo, now)
            place = min(place + 1, len(trail) - 1)
        assert now == trail[place]


def test_kept_in_a_file() -> None:
    """A history survives JSON; what makes no sense is an empty one."""
    history = History().record(step(1)).record(step(2))
    assert History.from_dict(json.loads(json.dumps(history.to_dict()))) == history
    for nonsense in (None, 3, [], {"past": 3}, {"past": [1, None], "future": []}):
        assert History.from_dict(nonsense) == History()


def test_a_step_that_cannot_be_read_is_passed_over() -> None:
    """A step of another version does not end in an error, nor is it offered for ever."""
    history = History(past=(*History().record(step(1)).past, '{"layers": [{"kind": "new"}]}'))
    history, found = history.undo(step(2))
    assert found is None
    assert history.undo(step(2))[1] == step(1)


def test_a_long_session_is_bounded() -> None:
    """The oldest steps are dropped in the end."""
    history = History()
    for number in range(1, LONGEST + 50):
        history = history.record(step(number))
    assert len(history.past) == LONGEST
    assert history.undo(step(4000))[1] == step(LONGEST + 49)


def test_large_designs_are_bounded_by_their_size() -> None:
    """Of very large designs fewer steps are kept, but ten at least."""
    layers = (Input(), *[Conv2D(filters=7, kernel_size=5, strides=2)] * 120)
    history = History()
    for number in range(60):
        history = history.record(Step(ModelSpec(name=f"large {number}", layers=layers)))
    assert 10 <= len(history.past) < 40
    assert sum(map(len, history.past)) <= LARGEST
    _, found = history.undo(step(1))
    assert found is not None
    assert found.model.name == "large 59"


def test_training_settings_come_back_with_the_step_that_changed_them() -> None:
    """A step that changed the training settings too restores both; others leave them alone."""
    own, usual = TrainSpec(optimizer="sgd"), TrainSpec()
    history = History().record(Step(step(1).model, own)).record(step(2))
    history, found = history.undo(Step(step(3).model, usual))
    assert found == step(2)
    history, found = history.undo(Step(step(2).model, usual))
    assert found == Step(step(1).model, own)
    history, found = history.redo(Step(step(1).model, own))
    assert found == Step(step(2).model, usual)
