"""Terms of how good a network is, and what can be wrong with it."""

from __future__ import annotations

from core.terms.pen import (
    BLUE,
    GRAY,
    GREEN,
    RED,
    axes,
    box,
    cells,
    curve,
    dot,
    line,
    links,
    picture,
    text,
    units,
)
from core.terms.term import Term


def _parts(chosen: int) -> str:
    """All images as a bar in three parts, one of them full."""
    widths = (84, 26, 30)
    names = ("learned from", "checked", "at the end")
    x, drawn = 10.0, ""
    for number, (width, name) in enumerate(zip(widths, names, strict=True)):
        on = number == chosen
        drawn += box(x, 34, width - 3, 24, BLUE if on else GRAY, 0.8 if on else 0.1)
        if on:
            anchor = "end" if number == 2 else "middle"
            drawn += text(x + (width - 3) * (1 if number == 2 else 0.5), 74, name, anchor)
        x += width
    return drawn + text(10, 24, "all images")


TERMS = (
    Term(
        "accuracy",
        "check_circle",
        "The share of images that are named right.",
        "Ten images of which seven have a tick and three a cross",
        picture(
            *(
                box(14 + 28 * (n % 5), 18 + 30 * (n // 5), 20, 20, GREEN if n < 7 else RED, 0.2)
                + (
                    line([(x + 4, y + 10), (x + 9, y + 15), (x + 16, y + 5)], GREEN)
                    if n < 7
                    else line([(x + 5, y + 5), (x + 15, y + 15)], RED)
                    + line([(x + 15, y + 5), (x + 5, y + 15)], RED)
                )
                for n in range(10)
                for x, y in ((14 + 28 * (n % 5), 18 + 30 * (n // 5)),)
            ),
            text(80, 88, "7 of 10: 70%", "middle"),
        ),
    ),
    Term(
        "training images",
        "photo_library",
        "The images that the network learns from; how it does on them says little of others.",
        "A bar of all images of which the largest part is marked",
        picture(_parts(0)),
    ),
    Term(
        "validation",
        "fact_check",
        "A check after every epoch on images kept aside, which training does not learn from.",
        "A bar of all images of which a small part is marked as checked",
        picture(_parts(1)),
    ),
    Term(
        "test",
        "flag",
        "The last check, on images that neither training nor any choice has seen.",
        "A bar of all images whose last part is marked",
        picture(_parts(2)),
    ),
    Term(
        "overfitting",
        "menu_book",
        "Learning the training images by heart: better and better on them, worse on others.",
        "Two curves of loss: training falls on, validation turns and rises",
        picture(
            axes("epochs", "loss"),
            curve(lambda x: 0.85 / (1 + 7 * x), dash="4 3"),
            curve(lambda x: 0.3 + 1.5 * (x - 0.4) ** 2, RED),
            text(150, 14, "validation", "end"),
            text(150, 68, "training", "end"),
        ),
    ),
    Term(
        "underfitting",
        "trending_flat",
        "Too small a network, or too short a training, to get even the training images right.",
        "Two curves of loss that stay high, close together",
        picture(
            axes("epochs", "loss"),
            curve(lambda x: 0.66 + 0.2 / (1 + 12 * x), dash="4 3"),
            curve(lambda x: 0.72 + 0.2 / (1 + 12 * x), RED),
            text(150, 20, "both stay high", "end"),
        ),
    ),
    Term(
        "capacity",
        "width",
        "How much a network can tell apart at best; more layers, filters and units give more.",
        "A narrow network beside a wide one",
        picture(
            links(20, 2, 50, 1),
            units(20, 2),
            units(50, 1),
            links(100, 4, 140, 3),
            units(100, 4, GREEN),
            units(140, 3, GREEN),
        ),
    ),
    Term(
        "vanishing gradient",
        "blur_on",
        "A gradient that shrinks on its way back through many layers, until the first ones stand still.",
        "Bars of gradients by layer, tall at the end and nearly nothing at the beginning",
        picture(
            line([(12, 80), (150, 80)], GRAY, 1),
            *(
                box(16 + 22 * n, 80 - h, 16, h, RED if n < 2 else BLUE, 0.75)
                for n, h in enumerate((0.8, 2, 6, 15, 32, 62))
            ),
            text(14, 92, "first layer"),
            text(150, 92, "last", "end"),
        ),
    ),
    Term(
        "dead unit",
        "power_off",
        "A ReLU unit that gives 0 for every image; its gradient is 0 too, so it stays so.",
        "A layer of five units of which three are crossed out",
        picture(
            links(50, 5, 120, 2, off=(0, 2, 3)),
            units(50, 5, off=(0, 2, 3)),
            units(120, 2),
            text(24, 52, "0", "middle"),
        ),
    ),
    Term(
        "confusion matrix",
        "grid_on",
        "A table of true classes against named ones; what is off the diagonal was confused.",
        "A grid of three by three with a strong diagonal",
        picture(
            cells(58, 10, 24, ((0.95, 0.1, 0.0), (0.05, 0.7, 0.4), (0.0, 0.15, 0.9))),
            text(54, 49, "true", "end"),
            text(94, 94, "named", "middle"),
        ),
    ),
    Term(
        "seed",
        "casino",
        "The starting point of all chance in a training: the same seed draws the same again.",
        "A die from which two equal rows of dots follow",
        picture(
            box(12, 34, 28, 28),
            *(dot(x, y, 2.2) for x, y in ((19, 41), (33, 41), (26, 48), (19, 55), (33, 55))),
            *(
                dot(60 + 18 * n, y, 5, BLUE if n in (1, 2, 4) else GRAY)
                for n in range(6)
                for y in (34, 62)
            ),
            text(104, 52, "alike", "middle"),
        ),
    ),
)
