"""The learning rate: a range test in a minute, and a sweep of whole trainings."""

from __future__ import annotations

import streamlit as st

from core import words
from core.draft import Draft
from core.errors import AppError, SpecError
from core.specs import RunSpec, TuneSpec
from core.train import range_tests
from core.train.range_tests import RangeTest
from core.tune import sweep
from pages.shared import charts, comparisons, frame, state
from pages.tuning import groups, template

_SETTINGS = "epochs", "batch_size", "optimizer", "momentum"


def draw() -> None:
    """Draw the two tools side by side with what they found."""
    draft = state.draft()
    left, right = st.columns([1, 1.8], gap="large")
    with left:
        names = tuple(name for name in _SETTINGS if name not in draft.train.idle)
        data, valid = template.draw(draft, names)
        _test_form(draft, valid)
        rates = _rates(draft)
        spec = draft.order()
        runs = [spec.changed(train=spec.train.changed(learning_rate=rate)) for rate in rates or ()]
        start = st.button(
            f"Start sweep of {words.several(len(runs), 'run')}" if runs else "Start sweep",
            icon=":material/stacked_line_chart:",
            width="stretch",
            disabled=not (valid and runs),
        )
        if runs:
            template.time_words(template.time(runs, data), len(runs), "how long the sweep takes")
        if start and rates:
            groups.open_group(sweep.order(spec, rates))
    with right:
        _result(draft)
        groups.listed("sweep")


def _test_form(draft: Draft, valid: bool) -> None:
    st.subheader("Range test", anchor=False)
    st.caption(
        "Trains one step at each of some hundred learning rates, from far too small to far too "
        "large, and looks where the loss falls. About half a minute; no run is made."
    )
    test = range_tests.find(draft.order())
    running = test is not None and test.running
    again = test is not None and test.ended and test.error is None
    pressed = st.button(
        "Test learning rates again" if again else "Test learning rates",
        type="secondary" if again else "primary",
        icon=":material/ssid_chart:",
        width="stretch",
        disabled=running or not valid,
    )
    if pressed:
        range_tests.start(draft.order())
        st.rerun()


def _rates(draft: Draft) -> tuple[float, ...] | None:
    """The rates of the sweep as a person writes them; None where they are not valid."""
    st.subheader("Sweep", anchor=False)
    st.caption(
        "Trains the same network, from the same first weights, once at each learning rate, and lays "
        "the curves over each other."
    )
    shown = ", ".join(words.rate(rate) for rate in draft.tune.rates)
    key = state.follow("tune-rates", shown)
    text = st.text_input(
        "Learning rates",
        value=shown,
        key=key,
        help="2 to 12 numbers above 0 and up to 10, with commas or spaces between them.",
        on_change=_save_rates,
        args=(key,),
    )
    try:
        return parsed(str(text)).rates
    except SpecError:
        st.markdown(":red[Expected 2 to 12 numbers above 0 and up to 10, such as 0.001, 0.01.]")
        return None


def parsed(text: str) -> TuneSpec:
    """The rates of a text; raises SpecError."""
    return TuneSpec.parse({"rates": tuple(text.replace(",", " ").replace(";", " ").split())})


def _save_rates(key: str) -> None:
    if not state.live("tune-rates", key):
        return
    try:
        rates = parsed(str(state.value(key))).rates
    except SpecError:  # told under the field
        return
    state.change(tune={"rates": rates})


@frame.guarded
def _result(draft: Draft) -> None:
    """What the range test found, or how far it is."""
    spec = draft.order()
    test = range_tests.find(spec)
    if test is None:
        st.info(
            "No learning rate has been tested for this design, these images and this batch size. "
            "Press Test learning rates: where the loss falls steepest is a good rate to train at.",
            icon=":material/ssid_chart:",
        )
    elif test.running:
        _live(spec)
    elif (problem := test.failure) is not None:
        frame.show_error(problem)
        with st.expander("Log", icon=":material/terminal:"):
            st.code(range_tests.log_tail(spec) or "Nothing.", language=None, wrap_lines=True)
    else:
        _curve(test)
        _use(draft, test)


@st.fragment(run_every=0.7)
@frame.guarded
def _live(spec: RunSpec) -> None:
    test = range_tests.find(spec)
    if test is None or not test.running:
        st.rerun()
    else:
        row = st.container(horizontal=True, vertical_alignment="center")
        done = f": {len(test.curve.rates)} of {test.steps}" if test.curve.rates else ""
        row.progress(
            test.progress, text=f"{test.phase[:1].upper()}{test.phase[1:]}{done}", width="stretch"
        )
        if row.button("Stop", icon=":material/stop:", key="range-stop"):
            range_tests.stop(spec)
            st.rerun()
        if len(test.curve.rates) > 1:
            _curve(test)


def _curve(test: RangeTest) -> None:
    alt = f"Loss against learning rate. {test.curve.words if test.ended else ''}"
    figure = comparisons.range_curve(test.curve, marked=test.ended)
    charts.show(figure, "range-test", alt)


def _use(draft: Draft, test: RangeTest) -> None:
    curve, now = test.curve, draft.train.learning_rate
    st.markdown(curve.words)
    if curve.suggestion is None:
        return
    taken = now == curve.suggestion
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Use {words.rate(curve.suggestion)} as learning rate",
            type="primary",
            icon=":material/check:",
            key="range-use",
            disabled=taken,
            on_click=_take,
            args=(curve.suggestion,),
        )
        if taken:
            st.caption("This is the learning rate that Train will use.")
            st.page_link("pages/train.py", label="Go to Train", icon=":material/play_circle:")
        else:
            st.caption(f"It is {words.rate(now)} now.")


def _take(rate: float) -> None:
    try:
        state.change(train={"learning_rate": rate})
    except AppError as error:
        st.toast(frame.plain(str(error)), icon=":material/error:")
