"""Terms of what a network is made of."""

from __future__ import annotations

import math

from core.terms.pen import (
    BLUE,
    GRAY,
    GREEN,
    RED,
    arrow,
    axes,
    box,
    cells,
    curve,
    line,
    links,
    picture,
    text,
    units,
)
from core.terms.term import Term

_IMAGE = ((0, 0.2, 0.9, 0.2, 0), (0, 0.9, 0.3, 0.9, 0), (0.9, 0.2, 0, 0.2, 0.9))
_EDGE = ((0.9, 0, 0), (0, 0.9, 0), (0, 0, 0.9))
_CURVES = {"ReLU": lambda x: max(0.0, 2 * x - 1), "any": lambda x: 1 / (1 + math.exp(6 - 12 * x))}


def _bell(middle: float, width: float, color: str, dash: str = "") -> str:
    """A bell of values around a middle, 0 to 1."""
    return curve(lambda x: 0.8 * math.exp(-(((x - middle) / width) ** 2)), color=color, dash=dash)


TERMS = (
    Term(
        "convolution",
        "filter_center_focus",
        "Slides small filters over the image and notes at each place how well they match.",
        "A small window that moves over a grid, and the smaller grid that comes of it",
        picture(
            cells(8, 16, 15, (*_IMAGE, *_IMAGE[:1])),
            box(8, 16, 45, 45, RED, 0.15),
            arrow((56, 38), (76, 38), RED),
            arrow((90, 38), (106, 38)),
            cells(112, 24, 15, ((0.9, 0.2, 0.1), (0.3, 0.7, 0.2))),
            text(30, 92, "image", "middle"),
            text(134, 70, "matches", "middle"),
        ),
    ),
    Term(
        "filter",
        "apps",
        "A small pattern of weights that a convolution looks for; training finds which.",
        "A grid of three by three weights with a diagonal line",
        picture(
            cells(14, 20, 18, _EDGE),
            arrow((76, 47), (96, 47)),
            line([(108, 26), (148, 68)], BLUE, 4),
            text(41, 90, "weights", "middle"),
            text(128, 90, "looks for", "middle"),
        ),
    ),
    Term(
        "feature map",
        "layers",
        "What one filter makes of an image: bright where its pattern is.",
        "An image with a triangle, and a grid that is bright along one of its sides",
        picture(
            box(12, 20, 56, 56, GRAY),
            line([(20, 68), (40, 28), (60, 68), (20, 68)]),
            arrow((74, 48), (90, 48)),
            cells(96, 20, 14, ((0, 0, 0.1, 0), (0, 0, 0.9, 0), (0, 0, 0.2, 0.9), (0.1, 0, 0, 0.8))),
        ),
    ),
    Term(
        "pooling",
        "zoom_in_map",
        "Shrinks feature maps: of each small square only the largest value, or the mean, is kept.",
        "A grid of four by four that becomes one of two by two",
        picture(
            cells(
                12,
                16,
                16,
                ((0.1, 0.9, 0.2, 0.1), (0.2, 0.3, 0.1, 0.5), (0, 0.1, 0.7, 0.2), (0.3, 0, 0, 0.1)),
            ),
            *(box(12 + 32 * (n % 2), 16 + 32 * (n // 2), 32, 32, RED) for n in range(4)),
            arrow((82, 48), (100, 48)),
            cells(108, 28, 20, ((0.9, 0.5), (0.3, 0.7))),
        ),
    ),
    Term(
        "receptive field",
        "fit_screen",
        "How much of the image one value deep in the network can depend on.",
        "One cell of a small grid, and the large square of the image that it sees",
        picture(
            cells(10, 12, 14, ((0.1,) * 5,) * 5, GRAY),
            box(24, 26, 42, 42, RED, 0.15),
            line([(66, 26), (118, 40)], RED, 1, "3 3"),
            line([(66, 68), (118, 56)], RED, 1, "3 3"),
            box(118, 40, 16, 16, RED, 0.7),
            text(45, 94, "image", "middle"),
        ),
    ),
    Term(
        "activation",
        "show_chart",
        "The curve that each sum passes through; without curves many layers are no more than one.",
        "A curve that rises from low to high in an S",
        picture(axes("sum", "passed on"), curve(_CURVES["any"])),
    ),
    Term(
        "ReLU",
        "ssid_chart",
        "The simplest activation: what is above 0 passes as it is, the rest becomes 0.",
        "A line that is flat on the left and rises straight from the middle on",
        picture(
            axes("sum", "passed on"), curve(_CURVES["ReLU"]), line([(85, 84), (85, 78)], GRAY, 1)
        ),
    ),
    Term(
        "flatten",
        "view_week",
        "Lays an image's values out as one long row, so that a dense layer can take them.",
        "A grid of three by three that becomes one row",
        picture(
            cells(14, 8, 14, _EDGE),
            arrow((35, 54), (35, 68)),
            cells(8, 72, 16, (tuple(value for row in _EDGE for value in row),)),
        ),
    ),
    Term(
        "dense layer",
        "hub",
        "Every unit sums up all values of the layer before, each with a weight of its own.",
        "Four units, each joined to each of three others",
        picture(links(36, 4, 120, 3), units(36, 4), units(120, 3, GREEN)),
    ),
    Term(
        "parameter",
        "tune",
        "A number that the network learns, such as a weight; its size is counted in them.",
        "Two units joined by a line on which a number stands",
        picture(
            links(30, 2, 130, 1),
            units(30, 2),
            units(130, 1, GREEN),
            text(80, 36, "0.73", "middle"),
            text(80, 72, "-1.2", "middle"),
        ),
    ),
    Term(
        "batch normalization",
        "equalizer",
        "Brings each channel's values to mean 0 and spread 1 over the batch, so that training is steadier.",
        "A wide bell of values to one side, and a narrow one in the middle",
        picture(
            axes("value"),
            _bell(0.78, 0.2, GRAY, "4 3"),
            _bell(0.4, 0.13, BLUE),
            text(72, 12, "after", "middle"),
        ),
    ),
    Term(
        "softmax",
        "percent",
        "Turns the last layer's sums into probabilities of the classes, which add up to 100%.",
        "Three bars with 70, 20 and 10 percent",
        picture(
            *(
                text(40, 27 + 26 * n, name, "end")
                + box(46, 16 + 26 * n, 1.1 * share, 14, BLUE, 0.7)
                + text(52 + 1.1 * share, 27 + 26 * n, f"{share}%")
                for n, (name, share) in enumerate((("boots", 70), ("tents", 20), ("ropes", 10)))
            ),
        ),
    ),
)
