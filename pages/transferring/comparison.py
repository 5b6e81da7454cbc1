"""A transfer beside a CNN of one's own: the button that trains it, and what both come to."""

from __future__ import annotations

import streamlit as st

from core import words
from core.design.backbones import used
from core.design.presets import PRESETS, Preset
from core.draft import Draft
from core.errors import AppError
from core.runs import run as runs
from core.runs.how_far import how_far
from core.runs.run import Run
from core.runs.status import State
from core.specs import RunSpec
from core.train import speed
from core.tune import comparison, scratch
from core.tune.comparison import Row
from pages.shared import cached, charts, frame, measuring, state
from pages.transferring import comparison_charts

WHOLE, CURVE = "All images, the quick way", "Learning curve, from 5% of the images on"
_BY_NAME = {item.name: item for item in PRESETS}
_NOTHING = "All of this is trained, or on its way."
_RUNS = 50  # past runs whose designs are offered


@frame.guarded
def draw(run: Run) -> None:
    """Draw both below the result of a transfer that is done."""
    if run.status.state is not State.DONE or comparison.made_for_one(run.spec):
        return
    st.subheader("Is it worth it?", anchor=False)
    st.caption(
        "Train a network that has never seen a photo on the same images, and see how far it gets. "
        "Both are tested on the same photos"
        + ("." if comparison.warned(run.status) else ", which neither has seen.")
    )
    _order(run)
    frame.redrawn(_told, run.id, every=2.0)


def _order(run: Run) -> None:
    """The button, and the choice of what it trains."""
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Compare with a CNN of my own",
            icon=":material/balance:",
            key="compare-start",
        )
        menu = st.popover(
            "Which, and how much", icon=":material/tune:", key="compare-menu", on_change="rerun"
        )
        if menu.open:
            with menu:
                _choice(run)
    if pressed:
        specs = _planned(run)
        if not specs:
            st.info(_NOTHING, icon=":material/check_circle:")
            return
        with st.spinner("Reading the images", show_time=True):
            state.once(specs, lambda: comparison.order(specs))
        st.rerun()


@frame.guarded
def _choice(run: Run) -> None:
    """The design, the shares of the images, and what that means."""
    draft = state.draft()
    mine = scratch.suggested(draft, run)
    others = [name for name in _BY_NAME if name != mine.name]
    listed = [f"run {other.id}" for other, _ in cached.runs()[:_RUNS] if _from_scratch(other)]
    st.selectbox(
        "Design",
        [mine.name, *others, *listed],
        key="compare-design",
        persist_state="page",
        help="The one of the Design page where it is your own and fits, a preset, or a past run's.",
    )
    st.segmented_control(
        "Learn from",
        [CURVE, WHOLE],
        default=None if state.value("compare-shares") else CURVE,
        required=True,
        key="compare-shares",
        persist_state="page",
    )
    specs = _planned(run)
    if not specs:
        st.caption(_NOTHING)
    if (whole := next((spec for spec in specs if _is_whole(spec)), None)) is not None:
        st.caption(_told_of(whole))
    took = comparison.seconds(specs, run, speed.load())
    if took is not None and specs:
        st.caption(f"{words.several(len(specs), 'run')}, about {words.duration(took)} in all.")
    measuring.draw("compare-measure", "how long it takes")


def _planned(run: Run) -> list[RunSpec]:
    draft = state.draft()
    shares = comparison.ALL if state.value("compare-shares") == WHOLE else comparison.CURVE
    return comparison.plan(run, _design(run, draft), shares, draft)


def _design(run: Run, draft: Draft) -> Preset:
    mine, name = scratch.suggested(draft, run), str(state.value("compare-design", ""))
    if name.startswith("run "):
        spec = runs.find(name.removeprefix("run ")).spec
        return scratch.from_settings(spec.model, spec.train, spec.augment)
    return mine if name == mine.name else _BY_NAME.get(name, mine)


def _from_scratch(run: Run) -> bool:
    try:
        return used(run.spec.model) is None and not comparison.made_for_one(run.spec)
    except AppError:  # the Runs page says what is wrong with it
        return False


def _is_whole(spec: RunSpec) -> bool:
    return spec.head is None and spec.train.train_share == 1.0


def _told_of(spec: RunSpec) -> str:
    """How the design is trained, in a sentence."""
    train = spec.train
    return (
        f"{frame.plain(spec.model.name)} at {spec.data.size} px: {words.several(train.epochs, 'epoch')} "
        f"in batches of {train.batch_size}, {train.optimizer} at {words.exact(train.learning_rate)}, "
        f"stopped early after {train.patience} epochs without a better one. Where there are fewer "
        "images, more epochs."
    )


def _told(name: str) -> None:
    """Progress, charts and figures, as far as there are any."""
    rows = comparison.rows(runs.find(name))
    if not any(row.way == "scratch" for row in rows):
        return
    if active := comparison.active(rows):
        _progress(rows, active)
    if verdict := comparison.verdict(rows):
        st.markdown(f"**{frame.plain(verdict)}**")
    for warning in comparison.warnings(rows):
        st.warning(frame.plain(warning), icon=":material/info:")
    drawn = [row for row in rows if not row.cut_short]
    whole = [row for row in drawn if row.share == 1.0 and (row.course or row.done)]
    tested = [row for row in drawn if row.done and row.images]
    left, right = st.columns(2)
    with left:
        figure = comparison_charts.against_seconds(whole)
        charts.show(figure, f"compare-seconds-{name}", _seconds_alt(whole))
    with right:
        figure = comparison_charts.against_images(tested)
        charts.show(figure, f"compare-images-{name}", _images_alt(tested))
    _table(name, rows)


def _progress(rows: list[Row], active: list[Row]) -> None:
    training = next((row for row in active if row.member.status.state is State.RUNNING), active[0])
    member = training.member
    parts = [
        f"{len(rows) - len(active)} of {words.several(len(rows), 'run')} done",
        f"{training.title}, {training.share:.0%} of the images",
        how_far(member.run, member.status),
    ]
    done = sum(1.0 if row.member.status.state.final else row.member.status.progress for row in rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(done / len(rows), text=frame.plain(" · ".join(parts)), width="stretch")
        if st.button("Stop all", icon=":material/stop:", key="compare-stop"):
            comparison.cancel(rows)
            st.rerun()


def _seconds_alt(rows: list[Row]) -> str:
    told = [
        f"{row.title} {words.percent(row.accuracy)} after {words.duration(row.member.status.seconds)}"
        for row in rows
        if row.accuracy is not None
    ]
    return f"Test accuracy against seconds: {', '.join(told) or 'none yet'}"


def _images_alt(rows: list[Row]) -> str:
    told = [f"{row.title} {row.images:,}: {words.percent(row.accuracy)}" for row in rows]
    return f"Test accuracy against number of training images: {', '.join(told) or 'none yet'}"


def _table(name: str, rows: list[Row]) -> None:
    drawn = state.value(f"compare {name} drawn", [])
    event = st.dataframe(
        [_figures(row) for row in rows],
        key=f"compare-table-{name}",
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-cell",
        placeholder="–",
        column_config={
            title: st.column_config.NumberColumn(format="%.1f%%")
            for title in ("Test accuracy", "Mean of the classes")
        }
        | {"Training images": st.column_config.NumberColumn(format="localized")},
        alt="Each run of the comparison with its figures",
    )
    st.caption("Click a run to open it.")
    state.keep(f"compare {name} drawn", [row.member.run.id for row in rows])
    for number, _ in event.selection.cells:
        if number < len(drawn):  # of the table as the person saw it
            st.switch_page("pages/runs.py", query_params={"run": drawn[number]})


def _figures(row: Row) -> dict[str, object]:
    status = row.member.status
    return {
        "Network": row.title,
        "Share": f"{row.share:.0%}",
        "Training images": row.images,
        "Test accuracy": _percent(row.accuracy),
        "Mean of the classes": _percent(status.macro_recall),
        "Time": words.duration(status.seconds),
        "Status": str(status.state).capitalize(),
        "Run": row.member.run.id,
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share
