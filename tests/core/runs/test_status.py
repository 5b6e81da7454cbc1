"""core.runs.status: the states of a run and its figures."""

from __future__ import annotations

import pytest

from core.runs.status import RunStatus, State


def test_only_queued_and_running_are_not_final() -> None:
    """A queued or running run is on its way; in every other state nothing more happens."""
    on_their_way = {state for state in State if not state.final}
    assert on_their_way == {State.QUEUED, State.RUNNING}


def test_a_state_reads_as_its_plain_word() -> None:
    """A state is shown and stored as one lower-case word."""
    assert f"{State.LOST}" == "lost"
    assert RunStatus(state=State.DONE).model_dump(mode="json")["state"] == "done"


@pytest.mark.parametrize(
    ("figures", "share"),
    [
        ({}, 0.0),
        ({"epochs": 4}, 0.0),
        ({"epochs": 4, "epoch": 1}, 0.25),
        ({"epochs": 4, "epoch": 1, "step": 5, "steps": 10}, 0.375),
        ({"epochs": 4, "epoch": 4, "step": 5, "steps": 10}, 1.0),
    ],
)
def test_progress_is_the_share_of_epochs_trained(figures: dict[str, int], share: float) -> None:
    """Progress counts whole epochs and the part of the current one, and never passes 1."""
    assert RunStatus(**figures).progress == pytest.approx(share)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ({}, None),
        ({"started": 100.0}, None),
        ({"started": 100.0, "heartbeat": 107.0}, 7.0),
        ({"started": 100.0, "heartbeat": 107.0, "ended": 110.0}, 10.0),
        ({"started": 100.0, "ended": 90.0}, 0.0),
    ],
)
def test_seconds_run_from_the_start_to_the_end(
    times: dict[str, float], seconds: float | None
) -> None:
    """A run takes from its start to its end or latest heartbeat, and never less than nothing."""
    assert RunStatus(**times).seconds == seconds
