"""A group of runs by its address: how far it is, its curves, its ranking; and the list of groups."""

from __future__ import annotations

import streamlit as st

from core import words
from core.runs.status import State
from core.tune import climber, climbs, group, ladder, ranking, sweep, variants
from core.tune.axes import AXES
from core.tune.group import Group, Kind, Member
from core.tune.ladder import Step
from pages.shared import charts, comparisons, frame, state
from pages.shared.comparisons import Rung, Series

LISTED = 8  # groups in a list
_TOOLS = {"sweep": "Learning rate", "ladder": "Grow", "variants": "Variants"}
_BEST = {
    "sweep": "Train with the best learning rate",
    "ladder": "Train with the step to keep",
    "variants": "Train with the best variant",
}


def open_group(found: Group) -> None:
    """Show a group that was just started."""
    state.go("group", found.id)
    st.rerun()


def show(name: str) -> None:
    """Draw the group; while it is on its way, again and again."""
    st.page_link(
        "pages/tune.py",
        label="All tools",
        icon=":material/arrow_back:",
        query_params={"tool": _TOOLS[group.find(name).kind]},
    )
    frame.redrawn(_draw, name, every=2.0)


def listed(kind: Kind) -> None:
    """The groups of a kind so far, the newest first."""
    known = [found for found in group.groups() if found.kind == kind][:LISTED]
    if not known:
        return
    st.subheader("So far", anchor=False)
    for found in known:
        with st.container(border=True):
            st.page_link(
                "pages/tune.py",
                label=f"**{frame.plain(found.title)}**",
                icon=":material/folder_open:",
                query_params={"group": found.id},
            )
            created = words.ago(found.members[0].status.created)
            runs = words.several(len(found.members), "run")
            st.caption(frame.plain(f"{runs}, {created}. {_verdict(found)}"))


def _draw(name: str) -> None:
    found = group.find(name)
    going = found.active or climbs.climbing(name)
    _header(found, going)
    if (problem := climbs.failure(name)) is not None:
        frame.show_error(problem)
    if going:
        st.progress(_share(found), text=_progress_words(found))
    with st.container(border=True):
        st.markdown(f"**{frame.plain(_verdict(found))}**")
    best = _best(found)
    {"sweep": _sweep, "ladder": _ladder, "variants": _variants}[found.kind](found, best)
    if best is not None:
        with st.container(horizontal=True):
            st.page_link(
                "pages/train.py",
                label=_BEST[found.kind],
                icon=":material/replay:",
                query_params={"again": best.run.id},
            )
            if best.run.has_model:
                st.page_link(
                    "pages/predict.py",
                    label="Classify photos with its model",
                    icon=":material/center_focus_strong:",
                    query_params={"run": best.run.id},
                )
    _table(found, best)


def _header(found: Group, going: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(frame.plain(found.title), anchor=False, width="content")
        if going:
            st.badge("On its way", icon=":material/sync:", color="blue")
        else:
            st.badge("Ended", icon=":material/check_circle:", color="green")
        st.space("stretch")
        if going:
            if st.button("Stop all", icon=":material/stop:", key="group-stop"):
                (climber.stop if found.kind == "ladder" else group.cancel)(found)
                st.rerun()
        elif found.kind == "ladder" and _unfinished(found):
            about = "Takes the last step up again where it was not trained to its end."
            if st.button("Go on", icon=":material/resume:", key="group-go-on", help=about):
                climber.go_on(found)
                st.rerun()


def _unfinished(found: Group) -> bool:
    after = ladder.following(found)
    return not isinstance(after, ladder.End) or after.reason == "broken"


def _share(found: Group) -> float:
    """How much of its runs is done; of a ladder, of those there are."""
    statuses = [member.status for member in found.members]
    return sum(1.0 if one.state.final else one.progress for one in statuses) / len(statuses)


def _progress_words(found: Group) -> str:
    statuses = [member.status for member in found.members]
    ended = sum(status.state.final for status in statuses)
    running = [status for status in statuses if status.state is State.RUNNING]
    parts = [f"{ended} of {words.several(len(statuses), 'run')} done"]
    if running:
        now = running[0]
        epoch = f"epoch {min(now.epoch + 1, now.epochs)} of {now.epochs}"
        parts.append(epoch if now.phase == "training" else now.phase)
    if found.kind == "ladder":
        parts.append("further steps follow by themselves")
    elif spent := [one.seconds or 0.0 for one in statuses if one.state is State.DONE]:
        # how long those still to come take is best told by those that are done
        each = sum(spent) / len(spent)
        left = sum(each * (1.0 - one.progress) for one in statuses if not one.state.final)
        parts.append(f"about {words.duration(left)} left")
    return " · ".join(parts)


def _verdict(found: Group) -> str:
    if found.kind == "ladder":
        return ladder.verdict(found, climbs.climbing(found.id))
    if found.kind == "sweep":
        known = next(filter(None, (group.images(item.run) for item in found.members)), None)
        return "Nothing is trained yet." if known is None else sweep.verdict(found, known[1])
    return ranking.verdict(found.members, [_name(found, member) for member in found.members])


def _best(found: Group) -> Member | None:
    if found.kind == "ladder":
        step = ladder.kept(ladder.steps(found))
        return step.member if step else None
    first = ranking.ranked(found.members)[0]
    return first if first.score is not None else None


def _name(found: Group, member: Member) -> str:
    """A run as people know it in its group."""
    if found.kind == "sweep":
        return words.rate(member.spec.train.learning_rate)
    if found.kind == "ladder":
        return f"{member.tags.get('step')} {member.tags.get('change')}"
    return variants.name(member)


def _series(found: Group, members: list[Member], best: Member | None) -> list[Series]:
    return [
        Series(_name(found, item), item.epochs, best is not None and item.run == best.run)
        for item in members
    ]


def _wanted(found: Group) -> int:
    return max(member.status.epochs for member in found.members)


def _sweep(found: Group, best: Member | None) -> None:
    series = _series(found, sweep.members(found), best)
    left, right = st.columns(2)
    for column, key, title in (
        (left, "loss", "Training loss by epoch"),
        (right, "val_accuracy", "Validation accuracy by epoch"),
    ):
        with column:
            figure = comparisons.overlaid(
                series, key, title=title, about="at each learning rate", wanted=_wanted(found)
            )
            alt = f"{title} at the learning rates {', '.join(one.name for one in series)}"
            charts.show(figure, f"{key}-{found.id}", alt)


def _ladder(found: Group, best: Member | None) -> None:
    steps = ladder.steps(found)
    rungs = [rung for step in steps if (rung := _rung(step, best)) is not None]
    left, right = st.columns([1.3, 1])
    with left:
        alt = "Validation accuracy by number of parameters: " + ", ".join(
            f"{rung.parameters:,}: {words.percent(rung.score)}" for rung in rungs
        )
        charts.show(comparisons.ladder(rungs), f"ladder-{found.id}", alt)
    with right:
        series = _series(found, [step.member for step in steps], best)
        title = "Validation accuracy by epoch"
        figure = comparisons.overlaid(
            series, "val_accuracy", title=title, about="of each step", wanted=_wanted(found)
        )
        charts.show(figure, f"steps-{found.id}", f"{title} of each step")


def _rung(step: Step, best: Member | None) -> Rung | None:
    member = step.member
    if member.score is None or not member.status.parameters:
        return None
    return Rung(
        step.number,
        step.change,
        step.origin,
        member.status.parameters,
        member.score,
        ranking.chance(member),
        kept=best is not None and member.run == best.run,
    )


def _variants(found: Group, best: Member | None) -> None:
    series = _series(found, list(found.members), best)
    names = ", ".join(one.name for one in series)
    figure = comparisons.multiples(series, wanted=_wanted(found))
    charts.show(figure, f"multiples-{found.id}", f"Validation accuracy by epoch of {names}")


def _table(found: Group, best: Member | None) -> None:
    """The ranking; a click on a run opens it."""
    st.subheader("Ranking", anchor=False)
    members = ranking.ranked(found.members)
    drawn = state.value(f"{found.id} drawn", [])
    event = st.dataframe(
        [_row(found, member, place, best) for place, member in enumerate(members, start=1)],
        key=f"ranking-{found.id}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-cell",
        placeholder="–",
        column_config={
            name: st.column_config.NumberColumn(format="%.1f%%") for name in ("Validation", "Test")
        }
        | {"Parameters": st.column_config.NumberColumn(format="localized")},
        alt="Runs of the group, the best first",
    )
    st.caption("By validation accuracy; ties go to fewer parameters. Click a run to open it.")
    state.keep(f"{found.id} drawn", [member.run.id for member in members])
    for row, _ in event.selection.cells:
        if row < len(drawn):
            st.switch_page("pages/runs.py", query_params={"run": drawn[row]})


def _row(found: Group, member: Member, place: int, best: Member | None) -> dict[str, object]:
    status = member.status
    end = " (keep)" if found.kind == "ladder" else " (best)"
    marked = end if best is not None and member.run == best.run else ""
    row: dict[str, object] = {"Rank": place if member.score is not None else None}
    if found.kind == "variants":
        row |= {
            AXES[key].label: variants.value_words(key, value)
            for key, value in variants.varied(member).items()
        }
    else:
        title = "Learning rate" if found.kind == "sweep" else "Step"
        row[title] = _name(found, member) + marked
    return {
        **row,
        "Validation": None if member.score is None else 100.0 * member.score,
        "Test": None if status.test_accuracy is None else 100.0 * status.test_accuracy,
        "Parameters": status.parameters,
        "Time": words.duration(status.seconds),
        "Status": str(status.state).capitalize(),
        "Run": member.run.id,
    }
