"""core.cli.compare: a transfer beside training from scratch, from the command line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import draft
from core.design.presets import preset
from core.runs import turns
from core.runs.run import all_runs, create
from core.runs.status import State
from core.tune import comparison
from core.tune.comparison import made_for_one
from tests.conftest import small_spec
from tests.core.conftest import Cli, hold_slot, last_json
from tests.core.tune.conftest import Transferred, finish_test, transferred

__all__ = ["transferred"]


@pytest.mark.parametrize(("mine", "code"), [(State.DONE, 0), (State.FAILED, 1)])
def test_the_exit_code_is_that_of_its_own_runs(
    queue_home: Path, transferred: Transferred, examples: Path, cli: Cli, mine: State, code: int
) -> None:
    """Whatever became of an older comparison with another design."""
    lock, over = hold_slot(queue_home), threading.Event()
    run = transferred(examples)
    old, *_ = comparison.plan(run, preset("fast"), comparison.ALL, draft.load())
    finish_test(create(old), None, state=State.FAILED)

    def train() -> None:
        while not over.wait(0.05):
            for waiting in turns.queued():
                finish_test(waiting, 0.9, state=mine)

    worker = threading.Thread(target=train)
    worker.start()
    found, _, _ = cli("compare", "--run", run.id, "--design", "starter", "--shares", "100")
    over.set()
    worker.join()
    lock.release()
    assert found == code


@pytest.fixture
def tested_at_once(queue_home: Path) -> Iterator[None]:
    """Whatever is queued for a comparison ends at once, the better the more images it may learn from."""
    lock, over = hold_slot(queue_home), threading.Event()

    def train() -> None:
        while not over.wait(0.05):
            for run in turns.queued():
                if not made_for_one(run.spec):
                    continue
                share = run.spec.train.train_share
                finish_test(run, 0.5 + 0.4 * share, images=round(1200 * share))

    worker = threading.Thread(target=train)
    worker.start()
    yield
    over.set()
    worker.join()
    lock.release()


@pytest.mark.usefixtures("tested_at_once")
def test_it_ends_with_a_row_for_each_run(
    transferred: Transferred, examples: Path, cli: Cli
) -> None:
    """compare follows its runs and tells their figures; asked for again, it trains nothing."""
    run = transferred(examples)
    asked = ("compare", "--run", run.id, "--design", "starter", "--shares", "25,100")
    code, out, err = cli(*asked, "--json")
    assert code == 0
    assert "3 runs to train" in err
    told = last_json(out)
    assert (told["run"], told["design"]) == (run.id, "starter")
    rows = [
        (row["way"], row["share"], row["train_images"], row["test_accuracy"])
        for row in told["rows"]
    ]
    assert rows == [
        ("transfer", 0.25, 300, 0.6),
        ("transfer", 1.0, 1200, 0.99),
        ("scratch", 0.25, 300, 0.6),
        ("scratch", 1.0, 1200, 0.9),
    ]
    code, out, err = cli(*asked)
    assert code == 0
    assert "0 runs to train" in err
    assert "With all images: EfficientNet-Lite0, pretrained: 99.0%" in out.replace("\n", " ")
    assert len(all_runs()) == 4


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--shares", "5,200"), "--shares"),
        (("--design", "no-such"), "no design"),
        (("--design", "fast", "--run", "gone-1"), "no run gone-1"),
    ],
)
def test_bad_input_is_refused(
    home: Path, transferred: Transferred, cli: Cli, more: tuple[str, ...], word: str
) -> None:
    """With exit code 2 and a sentence; nothing is queued."""
    code, out, err = cli("compare", "--run", transferred().id, *more, "--json")
    assert code == 2
    assert word in err
    assert last_json(out)["error"]["expected"]
    assert len(all_runs()) == 1


def test_another_run_is_refused(home: Path, cli: Cli) -> None:
    """One that is no transfer."""
    run = create(small_spec("sketches"))
    code, _, err = cli("compare", "--run", run.id)
    assert code == 1
    assert "cannot be compared with training from scratch" in err
