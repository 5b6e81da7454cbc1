"""A transfer beside designs of one's own, trained from scratch on the same images and on shares of them.

All are ordinary runs. Each that is made for a comparison has the tags `compare`, the transfer's id,
and `way`; so a comparison outlives the app, and can be added to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from core import words
from core.chance import standard_error
from core.data.cache import Progress
from core.design.backbones import used
from core.design.cost import Speed
from core.design.presets import Preset
from core.draft import Draft
from core.errors import AppError, RunError, SpecError
from core.health.outcome import comparable
from core.runs import queue
from core.runs.how_far import LOOKING, PHASE
from core.runs.metrics import number
from core.runs.run import Run, all_runs
from core.runs.status import RunStatus, State
from core.specs import RunSpec, TrainSpec
from core.specs.spec import expectation
from core.train.order import order_all
from core.transfer import compose, learned
from core.tune import scratch
from core.tune.group import Member

Way = Literal["transfer", "scratch"]
ALL = (1.0,)
CURVE = (0.05, 0.1, 0.25, 0.5, 1.0)
_TAG, _WAY = "compare", "way"
_ONCE = ("preparing the backbone", LOOKING)  # what a transfer of the same images need not do again
_SURE = 2.0  # standard errors of the difference that are no chance


@dataclass(frozen=True)
class Row:
    """What one way came to on one share of the training images.

    Attributes:
        title: the network's or the design's name, and how it learned.
        share: of the training images.
    """

    member: Member
    way: Way
    title: str
    share: float

    @property
    def images(self) -> int | None:
        """How many it learned from; None before its worker knew."""
        return self.member.status.train_images

    @property
    def accuracy(self) -> float | None:
        """On the test images, 0 to 1; None before its test."""
        return self.member.status.test_accuracy

    @property
    def done(self) -> bool:
        """Whether its accuracy is that of a training that came to its end by itself."""
        return self.member.status.state is State.DONE and self.accuracy is not None

    @property
    def cut_short(self) -> bool:
        """Whether it ended otherwise: its figures say little of its way."""
        return self.member.status.state.final and not self.done

    @property
    def error(self) -> float:
        """Standard error of the accuracy."""
        return standard_error(self.accuracy or 0.0, self.member.status.test_images or 0)

    @property
    def course(self) -> list[tuple[float, float]]:
        """(seconds since it began, validation accuracy) after each epoch."""
        status = self.member.status
        began = (status.started or 0.0) - status.spent
        pairs = [
            (number(line, "time"), number(line, "val_accuracy")) for line in self.member.epochs
        ]
        return [
            (when - began, accuracy)
            for when, accuracy in pairs
            if when is not None and accuracy is not None
        ]


def require(run: Run) -> None:
    """Raise RunError unless it is a transfer that is done."""
    state = run.status.state
    if run.spec.head is None or state is not State.DONE:
        kind = "transfer" if run.spec.head is not None else "training of another kind"
        raise RunError(
            f"The run {run.id} cannot be compared with training from scratch",
            expected="a transfer that is done",
            received=f"a {kind} that is {state}",
            remedy="Choose a transfer that is done, or train one",
        )


def plan(transfer: Run, item: Preset, shares: Sequence[float], draft: Draft) -> list[RunSpec]:
    """The runs that a comparison still needs, the quick ones first.

    Args:
        item: the design to train from scratch.
        draft: which says the size of the images where the design is its own.

    Raises:
        RunError: the run is no transfer that is done.
        NotFoundError, DataError: its images are gone.
        SpecError: the design has a pretrained network itself, or a share is none.
    """
    require(transfer)
    if used(item.model) is not None:
        raise SpecError(
            f"The design {item.name} is no training from scratch",
            expected="a design all of which is learned",
            received="one with a pretrained network",
            remedy="Choose another design, such as the preset fast",
        )
    chosen = sorted({_share(one) for one in shares})
    data = scratch.images(item, draft, transfer)
    made = [_tagged(_transferred(transfer, share), transfer, "transfer") for share in chosen] + [
        _tagged(scratch.compose(item, data, transfer, share), transfer, "scratch")
        for share in reversed(chosen)
    ]
    there = [
        _untagged(member.spec)
        for member in _members(transfer)
        if member.status.state is State.DONE or not member.status.state.final
    ]
    return [spec for spec in made if _untagged(spec) not in there]


def order(specs: Sequence[RunSpec], progress: Progress | None = None) -> list[Run]:
    """Queue what is planned, all or none; raises as core.train.order.order."""
    return order_all(specs, progress)


def seconds(specs: Sequence[RunSpec], transfer: Run, known: Speed | None) -> float | None:
    """How long planned runs take one after the other; None where the machine is not measured."""
    if known is None:
        return None
    stages = {
        str(line.get("name")): number(line, "seconds") or 0.0 for line in transfer.metrics("stage")
    }
    once = sum(stages.get(name, 0.0) for name in _ONCE)
    tuning = stages.get(PHASE, 0.0)  # goes through fewer images where there are fewer
    again = max(0.0, (transfer.status.seconds or 0.0) - once - tuning)
    return sum(
        again + tuning * spec.train.train_share * spec.train.epochs / transfer.spec.train.epochs
        if spec.tags[_WAY] == "transfer"
        else scratch.seconds(spec, transfer, known)
        for spec in specs
    )


def rows(transfer: Run) -> list[Row]:
    """The transfer and what it is compared with: by way and name, the smallest share first.

    Of several runs of one way on one share the newest counts, but for one that was cut short.
    """
    found: dict[tuple[Way, str, float], Row] = {}
    for member in _members(transfer):
        way: Way = "scratch" if member.tags.get(_WAY) == "scratch" else "transfer"
        title = f"{member.spec.model.name}, {_HOW[way]}"
        share = member.spec.train.train_share
        row, known = Row(member, way, title, share), found.get((way, title, share))
        if known is None or not (known.done and row.cut_short):
            found[way, title, share] = row
    return sorted(found.values(), key=lambda row: (row.way == "scratch", row.title, row.share))


def active(compared: Sequence[Row]) -> list[Row]:
    """Those on their way."""
    return [row for row in compared if not row.member.status.state.final]


def cancel(compared: Sequence[Row]) -> None:
    """Take what waits out of the queue, the last one first, and stop what trains."""
    for row in sorted(active(compared), key=lambda row: -row.member.status.created):
        queue.cancel(row.member.run)


def verdict(compared: Sequence[Row]) -> str:
    """What learning from all images came to by each way, in a sentence or two; empty before."""
    whole = [row for row in compared if row.share == 1.0 and row.done]
    ways = {row.way for row in whole}
    if len(ways) < 2:
        return ""
    told = "; ".join(
        f"{row.title}: {words.percent(row.accuracy)} in {words.duration(row.member.status.seconds)}"
        for row in whole
    )
    ours = next(row for row in whole if row.way == "transfer")
    other = max((row for row in whole if row.way == "scratch"), key=lambda row: row.accuracy or 0)
    apart = (ours.accuracy or 0.0) - (other.accuracy or 0.0)
    if abs(apart) <= _SURE * (ours.error**2 + other.error**2) ** 0.5:
        tested = words.several(ours.member.status.test_images or 0, "test image")
        return f"With all images: {told}. Too close to tell apart with {tested}."
    return f"With all images: {told}."


def warnings(compared: Sequence[Row]) -> list[str]:
    """What makes the figures of a transfer better than they should be, each once."""
    found = (note for row in compared for note in warned(row.member.status))
    return list(dict.fromkeys(found))


def warned(status: RunStatus) -> list[str]:
    """What makes the figures of one run better than they should be."""
    return [note for note in status.notes if note.startswith(learned.SUBJECT)]


_HOW: dict[Way, str] = {"transfer": "pretrained", "scratch": "from scratch"}


def _members(transfer: Run) -> list[Member]:
    """The transfer and the runs made to compare with it, the oldest first."""
    base = transfer.spec
    found = [Member(transfer, base, transfer.status)]
    for run in reversed(all_runs()):
        try:
            spec = run.spec
        except AppError:  # the Runs page says what is wrong with it
            continue
        # another transfer may have had this id before it was deleted
        mine = made_for_one(spec) and spec.tags[_TAG] == transfer.id
        if mine and comparable(base, spec):
            found.append(Member(run, spec, run.status))
    return found


def made_for_one(spec: RunSpec) -> bool:
    """Whether a run was made for a comparison, and is no transfer that a person ordered."""
    return _TAG in spec.tags and spec.tags.get(_WAY) in get_args(Way)


def _transferred(transfer: Run, share: float) -> RunSpec:
    """The transfer on a share of its training images, fine-tuned as on a set so much smaller.

    What was asked for in other words stays; the epochs are more in the same measure.
    """
    spec, status = transfer.spec, transfer.status
    train = spec.train.changed(train_share=share)
    if spec.finetune is not None:
        others = (status.validation_images or 0) + (status.test_images or 0)
        count = scratch.learned(transfer, 1.0) + others
        whole, some = compose.pace(count), compose.pace(round(count * share))
        paces = {
            name: getattr(some, name)
            for name in ("batch_size", "learning_rate")
            if getattr(train, name) == getattr(whole, name)
        }
        epochs = max(train.epochs, round(train.epochs * some.epochs / whole.epochs))
        train = train.changed(epochs=epochs, **paces)
    return spec.changed(train=train)


def _tagged(spec: RunSpec, transfer: Run, way: Way) -> RunSpec:
    return spec.changed(tags={**spec.tags, _TAG: transfer.id, _WAY: way})


def _untagged(spec: RunSpec) -> RunSpec:
    return spec.model_copy(update={"tags": {}})


def _share(share: float) -> float:
    return TrainSpec.parse({"train_share": share}).train_share


def shares(text: str) -> tuple[float, ...]:
    """Percentages as a person writes them, 5,10,100, as shares; raises SpecError."""
    try:
        return tuple(_share(float(part.strip(" %")) / 100) for part in text.split(","))
    except (ValueError, SpecError) as error:
        allowed = expectation(TrainSpec.model_fields["train_share"])
        raise SpecError(
            f"--shares {text} is not valid",
            expected=f"percentages such as 5,10,25,50,100; as a share {allowed}",
            received=repr(text),
            remedy="Write them with commas between",
        ) from error
