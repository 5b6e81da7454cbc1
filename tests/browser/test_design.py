"""A network put together by hand: with the mouse alone, and with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from core import draft
from core.design.presets import preset
from core.runs.run import all_runs
from core.specs import Conv2D, Flatten, Input, ModelSpec, Output
from tests.browser.conftest import SHOTS, App, settled

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

# keras-cifar10 as a person would read it off a page: each layer, and what is not at its default
LAYERS: list[tuple[str, dict[str, str]]] = [
    ("Conv2D", {"Padding": "same"}),
    ("Conv2D", {}),
    ("MaxPooling2D", {}),
    ("Dropout", {"Rate": "0.25"}),
    ("Conv2D", {"Filters": "64", "Padding": "same"}),
    ("Conv2D", {"Filters": "64"}),
    ("MaxPooling2D", {}),
    ("Dropout", {"Rate": "0.25"}),
    ("Flatten", {}),
    ("Dense", {"Units": "512"}),
    ("Dropout", {}),
    ("Output", {}),
]
WANTED = preset("keras-cifar10").model.layers
Wait = Callable[[Callable[[], bool], float], None]


def stack(page: Page) -> Locator:
    """The list of layers."""
    return page.get_by_role("listbox", name="Layers of the design")


def layers() -> Any:
    """The layers of the draft, as the server has them."""
    return draft.load().model.layers


def drag(page: Page, source: Locator, onto: float) -> None:
    """Drag something to that height of the stack, in pixels from its top; negative, from its end."""
    source.scroll_into_view_if_needed()
    box = source.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    target = stack(page).bounding_box()
    assert target is not None
    y = target["y"] + onto if onto >= 0 else target["y"] + target["height"] + onto
    page.mouse.move(target["x"] + 90, (box["y"] + y) / 2, steps=3)
    page.mouse.move(target["x"] + 90, y, steps=3)
    page.mouse.up()


def start_empty(app: App, page: Page, examples: Path, wait_for: Wait) -> None:
    """The Design page with an empty stack, for small images."""
    draft.change(data={"source": str(examples), "size": 32})
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.goto(f"{app.url}/design")
    settled(page)
    page.get_by_role("button", name="Start from").click()
    page.get_by_role("button", name="An empty stack").click()
    wait_for(lambda: len(layers()) == 1, 10.0)
    expect(stack(page).get_by_role("option")).to_have_count(1)


def undo_and_redo(page: Page, wait_for: Wait) -> None:
    """Ten steps back, each a design of its own, and ten forward again."""
    seen = [layers()]
    for label, count in (("Undo", 10), ("Redo", 10)):
        for _ in range(count):
            before = layers()
            page.get_by_role("button", name=label).click()
            wait_for(lambda before=before: layers() != before, 10.0)  # type: ignore[misc]
            seen.append(layers())
    assert seen[:10] == seen[:10:-1]
    assert len(set(seen)) == 11
    assert layers() == WANTED


def train_and_reopen(app: App, page: Page, wait_for: Wait) -> None:
    """Train the design, start from nothing, and have it back from its run."""
    settled(page)  # a link that is still marked as disabled takes the click and does nothing
    page.get_by_role("link", name="Continue to training").click()
    page.wait_for_url(re.compile("/train"))
    settled(page)
    epochs = page.get_by_label("Epochs", exact=True)
    epochs.fill("1")
    epochs.press("Enter")
    wait_for(lambda: draft.load().train.epochs == 1, 10.0)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"\?run="))
    run = all_runs()[0]
    wait_for(lambda: run.status.state == "done", 90.0)
    assert run.spec.model.layers == WANTED

    page.goto(f"{app.url}/design?design=lenet-5")
    settled(page)
    wait_for(lambda: layers() == preset("lenet-5").model.layers, 10.0)
    page.get_by_role("button", name="Start from").click()
    box = page.get_by_label("A past run")
    box.click()
    page.get_by_role("option", name=run.id).click()
    wait_for(lambda: layers() == WANTED, 10.0)
    expect(stack(page).get_by_role("option")).to_have_count(len(WANTED))


def test_by_drag(app: App, page: Page, examples: Path, wait_for: Wait) -> None:
    """With the mouse: every layer is dragged into place, some are moved; then undo, redo, train, reopen."""
    start_empty(app, page, examples, wait_for)
    for number, (kind, values) in enumerate(LAYERS, start=2):
        chip = page.locator(".palette").get_by_role("button", name=kind, exact=True)
        drag(page, chip, -4)
        expect(stack(page).get_by_role("option")).to_have_count(number)
        expect(page.get_by_role("heading", name=f"{number} · {kind}")).to_be_visible()
        for label, value in values.items():
            before = layers()
            settled(page)
            if label == "Padding":
                page.get_by_role("combobox", name=re.compile("Padding")).click()
                page.get_by_role("option", name=value, exact=True).click()
            else:
                field = page.get_by_label(label, exact=True)
                expect(field).to_have_count(1)  # the panel of the layer before has gone
                field.fill(value)
                field.press("Tab")
            wait_for(lambda before=before: layers() != before, 10.0)  # type: ignore[misc]
    assert layers() == WANTED

    rows = stack(page).get_by_role("option")
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 300)")
    drag(page, rows.nth(1), -60)  # a convolution to below the dense layer
    wait_for(lambda: layers() != WANTED, 10.0)
    assert "conv2d" in [layer.KIND for layer in layers()[9:]]
    page.get_by_role("button", name="Undo").click()
    wait_for(lambda: layers() == WANTED, 10.0)
    page.screenshot(path=SHOTS / "design-by-drag.png", full_page=True)

    undo_and_redo(page, wait_for)
    train_and_reopen(app, page, wait_for)


def focused(page: Page) -> str:
    """The label of what has the keyboard, also inside of a component."""
    return str(
        page.evaluate(
            "() => { let at = document.activeElement;"
            " while (at && at.shadowRoot && at.shadowRoot.activeElement)"
            "   at = at.shadowRoot.activeElement;"
            " if (!at || !at.matches('button, input, [role=listbox]')) return '';"
            " const by = (at.getAttribute('aria-labelledby') || '').split(' ')"
            "   .map(id => document.getElementById(id)).filter(Boolean);"
            " const named = [...(at.labels || []), ...by].map(item => item.innerText).join(' ');"
            " return at.getAttribute('aria-label') || named || at.innerText }"
        )
    )


def tab_to(page: Page, label: str, key: str = "Tab") -> None:
    """Press Tab until what is called so has the keyboard."""
    for _ in range(120):
        if any(line.startswith(label) for line in focused(page).split("\n")):
            return
        page.keyboard.press(key)
    raise AssertionError(f"no way to {label} with {key}; at {focused(page)}")


def test_by_keyboard(app: App, page: Page, examples: Path, wait_for: Wait) -> None:
    """With the keyboard: layers from the list, settings by Tab, moves by Alt and arrows."""
    start_empty(app, page, examples, wait_for)
    for number, (kind, values) in enumerate(LAYERS, start=2):
        settled(page)
        tab_to(page, "Layer to add")
        page.keyboard.press("Control+a")
        page.keyboard.type(kind)
        expect(page.get_by_role("option", name=kind, exact=True)).to_be_visible()
        page.keyboard.press("Enter")
        settled(page)
        tab_to(page, "Add below")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=f"{number} · {kind}")).to_be_visible()
        wait_for(lambda number=number: len(layers()) == number, 10.0)  # type: ignore[misc]
        settled(page)
        for label, value in reversed(values.items()):
            before = layers()
            tab_to(page, label, "Shift+Tab")
            page.keyboard.press("Control+a")
            page.keyboard.type(value)
            page.keyboard.press("Enter")
            wait_for(lambda before=before: layers() != before, 10.0)  # type: ignore[misc]
            settled(page)
    assert layers() == WANTED

    tab_to(page, "Layers of the design", "Shift+Tab")
    for _ in range(3):
        page.keyboard.press("Alt+ArrowUp")
    wait_for(lambda: layers()[9].KIND == "output", 10.0)
    for _ in range(3):
        page.keyboard.press("Alt+ArrowDown")
    wait_for(lambda: layers() == WANTED, 10.0)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Control+d")
    wait_for(lambda: len(layers()) == 14, 10.0)
    page.keyboard.press(" ")
    wait_for(lambda: not layers()[12].on, 10.0)
    page.keyboard.press("Delete")
    wait_for(lambda: layers() == WANTED, 10.0)
    for _ in range(10):
        page.keyboard.press("Control+z")
    wait_for(lambda: len(draft.history().future) == 10, 10.0)
    assert layers() != WANTED
    for _ in range(10):
        page.keyboard.press("Control+Shift+z")
    wait_for(lambda: not draft.history().future, 10.0)
    assert layers() == WANTED


def test_edits_survive_a_reload_and_another_page(app: App, page: Page, examples: Path) -> None:
    """What was edited is there after a reload and after a visit elsewhere, and so is undo."""
    draft.change(data={"source": str(examples), "size": 32})
    page.goto(f"{app.url}/design")
    settled(page)
    rows = stack(page).get_by_role("option")
    rows.nth(3).click()
    expect(page.get_by_role("heading", name="4 · Conv2D")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(6)
    page.reload()
    settled(page)
    expect(rows).to_have_count(6)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Data").click()
    page.wait_for_url(re.compile("/data"))
    settled(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Design").click()
    page.wait_for_url(re.compile("/design"))
    settled(page)
    expect(rows).to_have_count(6)
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(7)


def test_two_tabs(app: App, page: Page, examples: Path, wait_for: Wait) -> None:
    """An edit in a tab that shows an older design is not applied to the newer one; nothing is lost."""
    draft.change(data={"source": str(examples), "size": 32})
    page.goto(f"{app.url}/design")
    settled(page)
    other = page.context.new_page()
    other.goto(f"{app.url}/design")
    settled(other)
    stack(other).get_by_role("option").nth(1).click()
    other.get_by_role("button", name="Duplicate").click()
    wait_for(lambda: len(layers()) == 8, 10.0)
    stack(page).get_by_role("option").nth(1).click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("had changed before this arrived")).to_be_visible()
    expect(stack(page).get_by_role("option")).to_have_count(8)
    assert len(layers()) == 8


def test_quick_gestures_hit_what_they_mean(
    app: App, page: Page, examples: Path, wait_for: Wait
) -> None:
    """Keys pressed faster than the server answers are carried out in their order, on their layers."""
    numbered = tuple(Conv2D(filters=number, padding="same") for number in range(11, 17))
    model = ModelSpec(name="numbered", layers=(Input(), *numbered, Flatten(), Output()))
    draft.change(data={"source": str(examples), "size": 32}, model=model)
    page.goto(f"{app.url}/design")
    settled(page)

    def filters() -> list[int]:
        return [layer.filters for layer in layers() if isinstance(layer, Conv2D)]

    def press(at: int, *keys: str) -> None:
        stack(page).get_by_role("option").nth(at).click()
        expect(page.get_by_role("heading", name=f"{at + 1} · ")).to_be_visible()
        settled(page)
        for key in keys:
            page.keyboard.press(key)

    press(1, "Control+d", "Alt+ArrowDown", "Alt+ArrowDown", "ArrowDown", "Delete")
    wait_for(lambda: filters() == [11, 12, 13, 11, 15, 16], 10.0)
    press(2, "Delete", "Delete")  # 12, and then 11, which is selected after it
    wait_for(lambda: filters() == [13, 11, 15, 16], 10.0)
    press(2, "Control+z", "Alt+ArrowDown")  # the undo brings 11 back and selects it
    wait_for(lambda: filters() == [13, 11, 11, 15, 16], 10.0)
    shown = stack(page).get_by_role("option")
    expect(shown.nth(4)).to_contain_text("15 filters")

    shown.nth(1).click()
    expect(page.get_by_role("heading", name="2 · ")).to_be_visible()
    settled(page)
    page.get_by_role("spinbutton", name="Filters").fill("50")  # and no Enter
    page.get_by_role("button", name="Wider").click()
    wait_for(lambda: filters() == [100, 22, 22, 30, 32], 10.0)


def test_feature_maps_and_the_moving_window(app: App, page: Page, examples: Path) -> None:
    """The maps are drawn, and Play moves the filter's window over the image."""
    draft.change(data={"source": str(examples), "size": 32})
    page.goto(f"{app.url}/design")
    settled(page)
    page.get_by_role("tab", name="Feature maps").click()
    expect(page.get_by_alt_text(re.compile("feature maps of layer 2"))).to_be_visible()
    words = page.locator(".kernel output")
    expect(words).to_contain_text("27 products")
    before = words.inner_text()
    page.get_by_role("button", name="Play").click()
    expect(words).not_to_have_text(before)
    page.get_by_role("button", name="Pause").click()
    page.screenshot(path=SHOTS / "design-maps.png", full_page=True)
