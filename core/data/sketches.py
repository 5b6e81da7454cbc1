"""The built-in image set: twelve kinds of outdoor gear, drawn in code, so nothing is downloaded."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from core.data.sketch_pen import Colour, Pen
from core.data.sketch_shapes import SHAPES
from core.errors import NotFoundError

CLASSES: tuple[str, ...] = tuple(SHAPES)
VERSION: int = 1
"""Part of every cache key: raise it whenever a drawing changes."""

OVERSAMPLING = 2

# How varied the pictures are. Tuned with benchmarks/sketches.py so that a linear model on pixels
# fails and the starter CNN passes; move one and measure both again.
TURN = 11.0  # degrees either way
SHIFT = 0.4  # share of the room left around the object
SCALE = (0.38, 0.46)  # half the object's height, as a share of the picture
SQUEEZE = 0.1  # wider or narrower by this share
LEAN = 0.08  # sideways shear
CONTRAST = 100.0  # least brightness between paper and line, of 255
DARK_PAPER = 0.4  # share of pictures with light lines on dark paper
HOLLOW = 0.3  # share drawn as outlines only
STROKE = (0.015, 0.027)  # outline width, as a share of the picture
CLUTTER = (1, 5)  # stray marks behind the object
OCCLUDED = 0.4  # share with something in front
GRAIN = 0.12  # most noise, as a share of 255 from darkest to lightest


def draw(label: str, seed: int, size: int = 96) -> Image.Image:
    """One RGB picture of `size` x `size` pixels; the same label and seed give the same picture.

    Raises NotFoundError for a label that is not in CLASSES.
    """
    if label not in SHAPES:
        raise NotFoundError(
            "There is no sketch of that name.",
            expected=", ".join(CLASSES),
            received=f"label={label!r}",
            remedy="Pick one of the classes listed.",
        )
    # An integer seeds the same stream on every machine; Random(-3) would repeat Random(3).
    stream = 2 * seed if seed >= 0 else -2 * seed - 1
    rng = Random(stream * len(CLASSES) + CLASSES.index(label))
    return _light(_compose(label, rng, size * OVERSAMPLING).reduce(OVERSAMPLING), rng)


def make(
    per_class: int = 150,
    size: int = 96,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The whole set, class after class: images uint8 [n, size, size, 3] and labels uint8 [n].

    `progress` is called with (pictures drawn, pictures in all) after each one.
    """
    total = per_class * len(CLASSES)
    images = np.empty((total, size, size, 3), dtype=np.uint8)
    labels = np.repeat(np.arange(len(CLASSES), dtype=np.uint8), per_class)
    for done, index in enumerate(labels):
        # Blocks of a million, so that two sets of different seeds share no picture.
        picture = draw(CLASSES[index], seed * 1_000_000 + done % per_class, size)
        images[done] = np.asarray(picture)
        if progress is not None:
            progress(done + 1, total)
    return images, labels


def _compose(label: str, rng: Random, size: int) -> Image.Image:
    """Background, clutter, the object in a random pose, and something in front of it."""
    paper, line, fill, accent = _palette(rng)
    image = Image.new("RGB", (size, size), paper)
    canvas = ImageDraw.Draw(image)
    _scenery(canvas, rng, size, paper)
    for _ in range(rng.randint(*CLUTTER)):
        _clutter(canvas, rng, size)
    if rng.random() < HOLLOW:
        fill = accent = paper
    stroke = rng.uniform(*STROKE) * size
    pen = Pen(canvas, _pose(rng, size), line, fill, accent, paper, stroke)
    SHAPES[label](pen, rng)
    if rng.random() < OCCLUDED:
        _occlude(canvas, rng, size)
    return image


def _pose(rng: Random, size: int) -> tuple[float, float, float, float, float, float]:
    """A random affine pose: scale, squeeze, flip, lean, turn and shift."""
    scale = rng.uniform(*SCALE) * size
    across = scale * rng.uniform(1 - SQUEEZE, 1 + SQUEEZE) * rng.choice((-1, 1))
    lean = rng.uniform(-LEAN, LEAN)
    turn = math.radians(rng.uniform(-TURN, TURN))
    cos, sin = math.cos(turn), math.sin(turn)
    slack = SHIFT * (0.5 * size - 0.92 * scale)
    x = 0.5 * size + rng.uniform(-1, 1) * slack
    y = 0.5 * size + rng.uniform(-1, 1) * slack
    return (
        across * cos,
        scale * (lean * cos - sin),
        x,
        across * sin,
        scale * (lean * sin + cos),
        y,
    )


def _colour(rng: Random, vivid: float = 0.9) -> Colour:
    """Any hue and brightness; `vivid` is the most saturation it may have, 0 to 1."""
    saturation, value = rng.uniform(0.1, vivid), rng.uniform(0.15, 0.98)
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), saturation, value)
    return (round(255 * red), round(255 * green), round(255 * blue))


def _brightness(colour: Colour) -> float:
    """Perceived brightness, 0 to 255 (the ITU-R BT.601 luma)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def _palette(rng: Random) -> tuple[Colour, Colour, Colour, Colour]:
    """Colours of paper, line, fill and accent; light on dark as often as dark on light."""
    dark_paper = rng.random() < DARK_PAPER
    while True:
        paper, line = _colour(rng, vivid=0.5), _colour(rng)
        gap = _brightness(paper) - _brightness(line)
        if (gap < -CONTRAST) if dark_paper else (gap > CONTRAST):
            break
    while True:
        fill, accent = _colour(rng), _colour(rng)
        if all(abs(_brightness(c) - _brightness(line)) > 60 for c in (fill, accent)):
            return paper, line, fill, accent


def _scenery(canvas: ImageDraw.ImageDraw, rng: Random, size: int, paper: Colour) -> None:
    """Faint hills or bands behind everything, close to the paper's own colour."""
    for _ in range(rng.randint(0, 2)):
        shade = rng.randint(-35, 35)
        colour = tuple(min(255, max(0, channel + shade)) for channel in paper)
        heights = [rng.uniform(0.2, 1.0) * size for _ in range(4)]
        ridge = [(i * size / 3, height) for i, height in enumerate(heights)]
        canvas.polygon([*ridge, (size, size), (0, size)], fill=colour)


def _clutter(canvas: ImageDraw.ImageDraw, rng: Random, size: int) -> None:
    """One stray line, ring, blob or triangle."""
    colour = _colour(rng)
    x, y, reach = rng.uniform(0, size), rng.uniform(0, size), rng.uniform(0.03, 0.14) * size
    width = round(rng.uniform(0.008, 0.024) * size)
    kind = rng.randrange(4)
    if kind == 0:
        end = (x + rng.uniform(-4, 4) * reach, y + rng.uniform(-4, 4) * reach)
        canvas.line([(x, y), end], fill=colour, width=width)
    elif kind == 1:
        canvas.ellipse([x - reach, y - reach, x + reach, y + reach], outline=colour, width=width)
    elif kind == 2:
        canvas.ellipse([x - reach, y - reach * 0.7, x + reach, y + reach * 0.7], fill=colour)
    else:
        corners = [(x + rng.uniform(-1, 1) * reach, y + rng.uniform(-1, 1) * reach) for _ in "abc"]
        canvas.polygon(corners, fill=colour)


def _occlude(canvas: ImageDraw.ImageDraw, rng: Random, size: int) -> None:
    """Something in front: a bar, a blob, or an edge that crops the picture."""
    colour = _colour(rng)
    kind = rng.randrange(3)
    x, y = rng.uniform(0.1, 0.9) * size, rng.uniform(0.1, 0.9) * size
    if kind == 0:
        angle = rng.uniform(0, math.pi)
        dx, dy = math.cos(angle) * size * 1.5, math.sin(angle) * size * 1.5
        width = round(rng.uniform(0.03, 0.09) * size)
        canvas.line([(x - dx, y - dy), (x + dx, y + dy)], fill=colour, width=width)
    elif kind == 1:
        across, down = rng.uniform(0.06, 0.15) * size, rng.uniform(0.06, 0.15) * size
        canvas.ellipse([x - across, y - down, x + across, y + down], fill=colour)
    else:
        depth = rng.uniform(0.06, 0.16) * size
        strips = ((0, 0, depth, size), (size - depth, 0, size, size), (0, size - depth, size, size))
        canvas.rectangle(rng.choice(strips), fill=colour)


def _light(image: Image.Image, rng: Random) -> Image.Image:
    """Light falling off in a random direction, and grain."""
    pixels = np.asarray(image, dtype=np.float32)
    size = pixels.shape[0]
    across, down = rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    light = (
        rng.uniform(0.85, 1.1)
        + np.float32(across) * ramp[None, :]
        + np.float32(down) * ramp[:, None]
    )
    grain = np.frombuffer(rng.randbytes(pixels.size), dtype=np.uint8).reshape(pixels.shape)
    strength = np.float32(rng.uniform(0.02, GRAIN))
    lit = pixels * light[:, :, None] + (grain.astype(np.float32) - 127.5) * strength
    return Image.fromarray(np.clip(np.rint(lit), 0, 255).astype(np.uint8))
