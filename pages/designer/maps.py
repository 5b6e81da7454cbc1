"""What each layer makes of one image: its channels as maps, and the first filter at work."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core import words
from core.data.dataset import Dataset
from core.design import maps, window
from core.design.analysis import Analysis, Node, Row
from core.design.backbones import used
from core.design.details import details
from core.design.forward import forward
from core.design.weights import Weights, initial, trained
from core.design.whitening import whitened
from core.errors import AppError
from core.runs import run as runs
from core.specs import LayerSpec, Output
from pages.designer import editing, kernel
from pages.shared import cached, charts, frame, images, state

UNTRAINED = "Untrained"
_STRIP, _ALL = 8, 32  # maps of a layer in the list, and of the selected one
RUNS = 100  # newest runs, whose weights are offered
_SAMPLES = 40  # images of a class to choose from


def draw(analysis: Analysis) -> None:
    """Draw the choice of image and weights, the selected layer's maps, and all layers in a list."""
    try:
        data = images.dataset(state.draft().data)
        left, right = st.columns([1, 3], gap="large")
        with left:
            pixels = _image(data)
            weights = _weights(analysis, pixels)
    except AppError as error:
        frame.show_error(error)
        return
    outputs = forward(analysis, weights, pixels)
    with right:
        _selected(analysis, outputs, data.classes)
    node = _convolution(analysis)
    if node is not None and node.name in outputs:
        chosen = _filter(analysis, node, outputs)
        if (sweep := window.sweep(analysis, weights, outputs, chosen, node)) is not None:
            kernel.draw(sweep)
    st.markdown("**Every layer, from the image to the classes**")
    st.caption(f"Up to {_STRIP} channels of each, spread evenly over all it has.")
    for row in analysis.rows:
        if row.nodes and row.nodes[-1].name in outputs:
            _strip(row, outputs[row.nodes[-1].name], data.classes)


def _image(data: Dataset) -> Any:
    """Draw the choice of an image of the set; returns it as uint8 [height, width, channels]."""
    label = st.selectbox(
        "Class",
        range(len(data.classes)),
        format_func=lambda index: data.classes[index],
        key="design-maps-class",
    )
    rows = data.sample(label, _SAMPLES)
    number = 1
    if len(rows) > 1:  # a slider needs two ends
        number = min(st.slider("Image", 1, len(rows), key="design-maps-image"), len(rows))
    pixels = np.asarray(data.images.images[rows[number - 1]])
    st.image(images.tiles([pixels], 1, 192), alt=f"The image, of the class {data.classes[label]}")
    return pixels


def _weights(analysis: Analysis, pixels: Any) -> Weights:
    """Draw the choice of weights: random ones, or a run's that has this design."""
    fitting = [run.id for run, _ in cached.runs()[:RUNS] if run.has_model and _same(run, analysis)]
    name = st.selectbox(
        "Weights",
        [UNTRAINED, *fitting],
        index=1 if fitting else 0,  # what it has learned is of more interest than chance
        key="design-maps-weights" if fitting else "design-maps-no-weights",
    )
    if not fitting:
        st.caption("Weights before training. Train this design to see what it learns to look for.")
    if name == UNTRAINED:
        return whitened(analysis, initial(analysis), pixels)
    return trained(runs.find(name).folder, analysis)


def _same(run: runs.Run, analysis: Analysis) -> bool:
    """Whether a run trained this very stack; its images may have been others."""
    try:
        theirs = run.spec.model.layers
    except AppError:
        return False
    if used(run.spec.model) is not None:
        return False  # no map behind a pretrained network is shown
    return [_plain(layer) for layer in theirs] == [_plain(layer) for layer in analysis.model.layers]


def _plain(layer: LayerSpec) -> LayerSpec:
    """Without its marks for a search, which change no weight."""
    return layer.model_copy(update={"vary": ()}) if layer.vary else layer


def _convolution(analysis: Analysis) -> Node | None:
    """The convolution that is shown at work: the selected layer's first one, else the design's."""
    row = analysis.rows[editing.selected(analysis.model)]
    own = [node for node in row.nodes if isinstance(node.layer, window.Convolution)]
    return own[0] if own else window.first_convolution(analysis)


def _filter(analysis: Analysis, node: Node, outputs: dict[str, Any]) -> int:
    """Draw the choice of a filter; at first it is the one that answers most to the image."""
    row = next(row for row in analysis.rows if node in row.nodes)
    st.markdown(f"**A filter of layer {row.number} · {row.title} at work**")
    if node.shape[2] == 1:
        return 0
    best = int(outputs[node.name].max(axis=(0, 1)).argmax()) + 1
    key = f"design-maps-filter-{node.name}"
    return st.slider("Filter", 1, node.shape[2], best, key=key, width=320) - 1


def _selected(analysis: Analysis, outputs: dict[str, Any], classes: tuple[str, ...]) -> None:
    """The maps of the layer that is selected in the stack, with a step to the next one."""
    at = editing.selected(analysis.model)
    row = analysis.rows[at]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{row.number} · {row.title}** {frame.plain(details(row.layer))}")
        st.space("stretch")
        st.button(
            "Layer before",
            icon=":material/arrow_back:",
            disabled=at == 0,
            key="design-maps-before",
            on_click=editing.select,
            args=(at - 1,),
        )
        st.button(
            "Layer after",
            icon=":material/arrow_forward:",
            disabled=at == len(analysis.rows) - 1,
            key="design-maps-after",
            on_click=editing.select,
            args=(at + 1,),
        )
    if not row.nodes or row.nodes[-1].name not in outputs:
        reason = "is too large to be shown" if row.nodes else "does not fit yet, so it has no maps"
        if row.nodes and used(analysis.model) is not None:
            reason = "is behind a pretrained network, or is one: its maps are not shown yet"
        st.caption(f"This layer {reason if row.layer.on else 'is switched off'}.")
        return
    output = outputs[row.nodes[-1].name]
    if output.ndim == 3:
        found = maps.maps(output, _ALL)
        st.image(
            maps.png(maps.grid(found, columns=8, side=80)),
            alt=f"{len(found.shown)} of {found.channels} feature maps of layer {row.number}",
        )
        silent = sum(item.silent for item in found.shown)
        st.caption(
            f"{len(found.shown)} of {words.several(found.channels, 'channel')}, "
            f"{words.shape(output.shape[:2])} values each: dark is {found.low:.3g} or less, "
            f"bright {found.high:.3g} or more."
            + (f" {silent} answer to nothing in this image." if silent else "")
        )
    elif isinstance(row.layer, Output):
        best = sorted(zip(classes, output.tolist(), strict=True), key=lambda pair: -pair[1])[:12]
        charts.show(
            charts.probabilities(best, title="Probability of each class"),
            "design-maps-output",
            "Probabilities of the classes for this image",
        )
    else:
        made = maps.bars(output, 64)
        charts.show(
            charts.values(made.shown, made.values, title=f"Values of layer {row.number}"),
            f"design-maps-{row.number}",
            f"Values of layer {row.number}, from {made.low:.3g} to {made.high:.3g}",
        )


def _strip(row: Row, output: Any, classes: tuple[str, ...]) -> None:
    """One layer in the list: what it is, and some of its maps, or its highest values."""
    name, picture = st.columns([1, 3], vertical_alignment="center", gap="large")
    name.markdown(f"{row.number} · **{row.title}**  \n:gray[{words.shape(output.shape)}]")
    if output.ndim == 3:
        made = maps.png(maps.grid(maps.maps(output, _STRIP), columns=_STRIP, side=64))
        picture.image(made, alt=f"Feature maps of layer {row.number}, {row.title}")
    elif row.nodes[-1].shape == (len(classes),) and row.title == "Output":
        best = np.argsort(output)[::-1][:3]
        picture.markdown(
            " · ".join(f"{frame.plain(classes[i])} {words.percent(float(output[i]))}" for i in best)
        )
    else:
        shown = maps.bars(output, 64)
        picture.image(_stripes(shown), alt=f"Values of layer {row.number}, {row.title}")


def _stripes(shown: maps.Bars) -> bytes:
    """A row of numbers as one line of coloured fields."""
    span = (shown.high - shown.low) or 1.0
    levels = np.nan_to_num((np.array(shown.values) - shown.low) / span).clip(0, 1)
    colors = maps.VIRIDIS[(levels * 255).round().astype(int)]
    return maps.png(np.repeat(np.repeat(colors[None], 16, axis=0), 9, axis=1))
