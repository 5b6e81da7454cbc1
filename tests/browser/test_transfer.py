"""A stakeholder's way: two classes from the camera, Train, and the camera again to try it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.data.collection import LEAST, Collection
from core.runs.run import all_runs
from tests.browser.conftest import FLAGS, SHOTS, App

pytestmark = pytest.mark.browser
WIDTH, HEIGHT, FRAMES = 320, 240, 30


def film(path: Path, *, stripes: bool) -> Path:
    """What a camera sees: red stripes or a blue disc, in motion, as an uncompressed video."""
    rng = np.random.default_rng(int(stripes))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    tint = (90, 200) if stripes else (200, 90)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            if stripes:
                light = 128 + 100 * np.sin((x + 4 * number) / 8)
            else:
                light = 68 + 100 * ((x - 100 - 4 * number) ** 2 + (y - 120) ** 2 < 3600)
            light = light + rng.normal(0, 6, light.shape)  # no two frames alike
            file.write(b"FRAME\n" + np.clip(light, 0, 255).astype(np.uint8).tobytes())
            for value in tint:
                file.write(np.full(HEIGHT * WIDTH // 4, value, np.uint8).tobytes())
    return path


@contextmanager
def pointing(chromium: Browser, video: Path | None) -> Iterator[Page]:
    """A browser whose camera sees that; without a video, one that has no camera."""
    flags = ["--use-fake-ui-for-media-stream"]
    if video is not None:
        flags += [
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={video}",
        ]
    path = chromium.browser_type.executable_path
    browser = chromium.browser_type.launch(
        executable_path="/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else path,
        args=[*FLAGS, *flags],
    )
    try:
        context = browser.new_context(
            viewport={"width": 1280, "height": 1400}, permissions=["camera"]
        )
        context.set_default_timeout(30_000)
        yield context.new_page()
    finally:
        browser.close()


def record(page: Page, place: int) -> None:
    """Hold the button of a class's camera until there are enough pictures."""
    page.get_by_role("button", name="Camera").nth(place).click()
    page.get_by_role("button", name="Turn the camera on").last.click()
    hold = page.get_by_role("button", name="Hold to record")
    expect(hold).to_be_visible()
    # the first frames may be waited for
    expect(page.locator("video").last).to_have_js_property("videoWidth", WIDTH)
    hold.hover()
    page.mouse.down()
    expect(page.locator(".count").last).to_have_text("12")
    page.mouse.up()
    page.keyboard.press("Escape")


def test_from_the_camera_to_the_camera(
    chromium: Browser, app: App, with_backbone: Path, tmp_path: Path
) -> None:
    """Pictures are recorded, a model is trained, and what the camera sees is named rightly."""
    SHOTS.mkdir(exist_ok=True)
    stripes = film(tmp_path / "stripes.y4m", stripes=True)
    disc = film(tmp_path / "disc.y4m", stripes=False)
    own = Collection()
    with pointing(chromium, stripes) as page:
        page.goto(f"{app.url}/transfer")
        record(page, 0)
        expect(page.get_by_text(f"Add {LEAST} photos to Class 2.")).to_be_visible()
        page.screenshot(path=SHOTS / "transfer-recorded.png")
    assert len(own.classes["Class 1"]) >= LEAST
    with pointing(chromium, disc) as page:
        page.goto(f"{app.url}/transfer")
        record(page, 1)
        start = page.get_by_role("button", name="Train", exact=True)
        expect(start).to_be_enabled()
        start.click()
        expect(page.get_by_text("Test accuracy", exact=True)).to_be_visible(timeout=180_000)
        page.get_by_role("button", name="Turn the camera on").last.click()
        named = page.get_by_role("img", name="Class 2 ")
        expect(named.first).to_be_visible(timeout=60_000)
        page.screenshot(path=SHOTS / "transfer-tried.png")
        page.get_by_role("button", name="Start over").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        expect(start).to_be_disabled()
    (run,) = all_runs()
    assert run.status.test_accuracy == 1.0
    assert own.classes == {}


def test_without_a_camera(chromium: Browser, app: App) -> None:
    """It is said, and photos can be uploaded instead."""
    with pointing(chromium, None) as page:
        page.goto(f"{app.url}/transfer")
        page.get_by_role("button", name="Camera").first.click()
        page.get_by_role("button", name="Turn the camera on").last.click()
        expect(page.get_by_text("No camera was found")).to_be_visible()
