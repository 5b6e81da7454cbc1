"""How each piece of gear is drawn: one function per class, in the square of core.data.sketch_pen."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from random import Random

from core.data.sketch_pen import Colour, Pen, Point, arc, at, between, curve, sides


def axe(pen: Pen, rng: Random) -> None:
    """An ice axe: toothed pick, adze, shaft (straight or bent), grip, spike, often a leash."""
    bend = rng.choice((0.0, rng.uniform(0.08, 0.22)))
    if rng.random() < 0.5:
        pen.path(curve([*at("2,-70 36,-30 40,20 20,36"), (bend, 0.2)]), 0.9)
    pen.area(at("-6,70 6,70 1,100"), pen.accent)
    shaft = curve([(0, -0.75), (bend, -0.25), (bend, 0.25), (0, 0.75)])
    pen.tube(shaft, 0.13)
    pen.tube(shaft[-6:], 0.17, pen.accent)
    for x, y in shaft[-5:]:
        pen.path([(x - 0.08, y - 0.03), (x + 0.08, y + 0.03)], 0.8)
    tip, root = (-0.92, rng.uniform(-0.54, -0.36)), (-0.1, -0.68)
    teeth: list[Point] = []
    for i in range(1, 6):
        x, y = between(tip, root, i / 6)
        y -= 0.16 * math.sin(math.pi * i / 6)
        teeth += [(x - 0.05, y - 0.05), (x + 0.01, y + 0.05)]
    pen.area([*curve([*at("8,-93 -25,-92 -60,-80"), tip]), *teeth, root, (0.08, -0.68)])
    pen.area(at("6,-92 30,-90 60,-84 68,-56 56,-60 30,-74 6,-70"))
    pen.oval(-0.02, -0.8, 0.05, 0.05, pen.paper)


def boot(pen: Pen, rng: Random) -> None:
    """A mountain boot from the side: lugged sole, toe cap, laces, tongue, pull loop."""
    top = rng.uniform(-0.95, -0.6)
    pen.path(arc(-0.5, top + 0.06, 0.1, 0.14, 0.2, 1.0), 1.3)
    pen.area(curve([(0.0, top), (0.1, top - 0.12), (0.24, top - 0.05), (0.2, -0.2)]), pen.accent)
    throat = curve([(0.14, top), (0.16, top * 0.45), (0.26, -0.08), (0.5, 0.1)])
    toe, heel = curve(at("50,10 80,20 93,42 92,60")), curve(at("-60,60 -64,30 -50,0"))
    pen.area([(-0.48, top), (-0.2, top + 0.05), *throat, *toe, *heel])
    pen.area(curve(at("56,60 54,34 72,20 90,34 93,60")), pen.accent)
    pen.area(curve(at("-60,60 -64,30 -52,6 -30,30 -24,60")), pen.accent)
    pen.path([(-0.48, top + 0.18), (0.12, top + 0.2)])
    rows = rng.randint(4, 6)
    for i in range(rows):
        x, y = throat[1 + round(i * (len(throat) - 3) / (rows - 1))]
        pen.path([(x + 0.02, y), (x - 0.2, y + 0.12)], 1.2)
        pen.oval(x - 0.2, y + 0.12, 0.025, 0.025, pen.accent)
    lugs = [(0.98, 0.56), (0.96, 0.76)]
    for i in range(7):
        x = 0.86 - 0.22 * i
        lugs += [(x, 0.88), (x - 0.1, 0.88), (x - 0.12, 0.78), (x - 0.16, 0.78)]
    pen.area([*lugs, (-0.68, 0.78), (-0.68, 0.56)], pen.accent)


def carabiner(pen: Pen, rng: Random) -> None:
    """A carabiner: a D- or pear-shaped metal ring with a gate, often with a knurled sleeve."""
    wide, low, width = rng.uniform(0.36, 0.52), rng.uniform(0.24, 0.44), rng.uniform(0.15, 0.22)
    nose, hinge = (wide, -0.42), (low, 0.5)
    top = [nose, (wide * 0.85, -0.74), (0.0, -0.9), (-wide * 0.9, -0.74), (-wide, -0.3)]
    basket = [(-low - 0.04, 0.5), (-low * 0.7, 0.8), (0.0, 0.9), (low * 0.8, 0.76), hinge]
    pen.tube(curve(top + basket, steps=5), width)
    pen.tube([nose, hinge], width * 0.75, pen.accent)
    if rng.random() < 0.6:
        start, end = between(nose, hinge, 0.28), between(nose, hinge, 0.75)
        pen.tube([start, end], width * 1.3, pen.accent)
        for i in range(1, 6):
            x, y = between(start, end, i / 6)
            pen.path([(x - width * 0.6, y - 0.03), (x + width * 0.6, y + 0.03)], 0.8)
    for x, y in (nose, hinge):
        pen.path([(x - width * 0.55, y - 0.05), (x + width * 0.55, y + 0.05)], 1.2)
        pen.oval(x, y + (0.08 if y > 0 else -0.08), 0.045, 0.045, pen.paper)


def crampon(pen: Pen, rng: Random) -> None:
    """A crampon seen a little from above: two rails of spikes, front points, bails, strap."""
    spike, far, near = rng.uniform(0.4, 0.56), rng.uniform(-0.3, -0.2), 0.1

    def rail(y: float, fill: Colour) -> None:
        for x in (-0.72, -0.44, -0.02, 0.26, 0.54):
            tip = (x + (0.05 if x > -0.2 else -0.05), y + spike)
            pen.area([(x - 0.1, y), (x + 0.1, y), tip], fill)
        pen.area([(0.6, y - 0.06), (0.7, y + 0.1), (1.02, y + 0.26)], fill)
        pen.tube(curve([(-0.84, y), (-0.4, y), (-0.2, y - 0.05), (0.1, y - 0.02), (0.68, y)]), 0.12)

    rail(far, pen.accent)
    for x in (-0.7, -0.3, 0.1, 0.5):
        pen.tube([(x, far), (x - 0.05, near)], 0.1)
    pen.tube(curve([(0.4, far), *at("62,-62 78,-40 50,8")]), 0.07)
    pen.tube(curve([(-0.7, far), *at("-92,-66 -98,-30 -78,8")]), 0.09)
    pen.tube(curve(at("-92,-60 -30,-86 30,-82 64,-56")), 0.12, pen.accent)
    pen.area(at("-16,-96 6,-96 6,-72 -16,-72"), pen.paper)
    rail(near, pen.fill)


def glove(pen: Pen, rng: Random) -> None:
    """A glove or, one time in three, a mitten: thumb, wrist strap with buckle, ribbed cuff."""
    thumb = at("40,2 58,-24 74,-30 82,-16 66,16 42,42")
    if rng.random() < 1 / 3:
        hand = at("-40,42 -50,0 -50,-50 -34,-84 0,-94 30,-80 40,-40")
        pen.area(curve([*hand, *thumb], closed=True))
        pen.path(curve(at("-42,-30 -5,-20 36,-30")))
    else:
        hand = at("-40,42 -48,0 -60,-50 -54,-64 -42,-58 -30,-20 -33,-74 -24,-88 -13,-76 -8,-24")
        hand += at("-6,-84 5,-97 16,-84 15,-22 24,-68 36,-79 45,-66 40,-20")
        pen.area(curve([*hand, *thumb], closed=True))
        for x in (-0.36, -0.2, 0.04, 0.28):
            pen.path([(x - 0.07, -0.12), (x + 0.07, -0.12)], 1.2)
    pen.area(curve(at("-30,4 0,-4 26,4 0,26"), closed=True), pen.accent)
    flare = rng.uniform(0.0, 0.16)
    cuff = [(-0.4, 0.44), (0.44, 0.44), (0.48 + flare, 0.94), (-0.44 - flare, 0.94)]
    pen.area(cuff, pen.accent)
    for share in (0.3, 0.6, 0.85):
        pen.path([between(cuff[0], cuff[3], share), between(cuff[1], cuff[2], share)])
    pen.tube(at("-42,42 46,42"), 0.13)
    pen.area(at("0,32 20,32 20,52 0,52"), pen.paper)


def hardshell_jacket(pen: Pen, rng: Random) -> None:
    """A hardshell: stiff flat panels, peaked hood up, toothed zip, slanted pockets, cuff tabs."""
    reach, yoke = rng.uniform(0.7, 0.92), rng.uniform(-0.3, -0.16)
    arm = [*at("28,-50 48,-42"), (reach, 0.5), (reach - 0.24, 0.6), (0.34, 0.1)]
    cuff = [(reach, 0.38), (reach + 0.04, 0.54), (reach - 0.26, 0.64), (reach - 0.27, 0.48)]
    for part in sides(arm):
        pen.area(part)
    for part in sides(cuff):
        pen.area(part, pen.accent)
    pen.area(at("-30,-50 30,-50 46,-40 40,20 46,90 -46,90 -40,20 -46,-40"))
    chest = [(0.43, yoke), (0.0, yoke + 0.1), (-0.43, yoke)]
    pen.area([*at("-46,-40 -30,-50 30,-50 46,-40"), *chest], pen.accent)
    pen.area(curve(at("-32,-40 -36,-72 -20,-94 0,-100 20,-94 36,-72 32,-40")))
    pen.area(curve(at("-20,-50 -22,-74 0,-86 22,-74 20,-50 0,-36"), closed=True), pen.paper)
    pen.area(at("-26,-80 0,-90 26,-80 20,-70 0,-78 -20,-70"), pen.accent)
    pen.path([(0.03 * (-1) ** i, -0.4 + 0.09 * i) for i in range(15)], 1.1)
    for slit in (*sides(at("14,2 32,20")), *sides(at("20,42 34,74"))):
        pen.path(slit, 1.6)
    pen.path(at("-45,82 45,82"))


def insulated_jacket(pen: Pen, rng: Random) -> None:
    """An insulated jacket: puffy baffles on body and sleeves, stand-up collar or soft hood."""
    rows, reach = rng.randint(5, 7), rng.uniform(0.68, 0.84)
    half = 0.62 / rows
    for i in reversed(range(rows)):
        x, y = between((0.48, -0.34), (reach, 0.52), i / (rows - 1))
        puff = [(x - 0.17, y + half * 0.2), (x - 0.1, y - half), (x + 0.06, y - half * 1.2)]
        puff += [(x + 0.17, y - half * 0.3), (x + 0.12, y + half * 0.9), (x - 0.1, y + half)]
        for part in sides(curve(puff, closed=True, steps=3)):
            pen.area(part)
    if rng.random() < 0.4:
        pen.area(curve(at("-30,-40 -36,-70 0,-98 36,-70 30,-40")))
        pen.oval(0, -0.62, 0.2, 0.22, pen.paper)
    for i in reversed(range(rows)):
        y, wide = -0.42 + (i + 0.5) * 1.3 / rows, 0.46 if i else 0.4
        puff = [(-wide, y - half * 0.8), (0.0, y - half), (wide, y - half * 0.8), (wide + 0.06, y)]
        puff += [(wide, y + half * 0.9), (0.0, y + half * 1.3), (-wide, y + half * 0.9)]
        puff += [(-wide - 0.06, y)]
        pen.area(curve(puff, closed=True, steps=3), pen.fill if i else pen.accent)
    pen.area(curve(at("-24,-44 -22,-64 0,-60 22,-64 24,-44 0,-34"), closed=True), pen.accent)
    pen.path(at("0,-58 0,90"), 1.8)


def harness(pen: Pen, rng: Random) -> None:
    """A climbing harness from the front: belt, buckle, gear loops, leg loops, belay loop."""
    y, wide, width = rng.uniform(-0.6, -0.46), rng.uniform(0.62, 0.78), rng.uniform(0.14, 0.2)
    leg_x, leg_y, drop = rng.uniform(0.3, 0.38), rng.uniform(0.26, 0.36), 0.54
    for part in sides([(wide - 0.06, y), (leg_x + 0.3, drop)]):
        pen.path(part, 1.6)
    for x in (0.36, 0.64):
        for part in sides(curve([(x - 0.14, y + 0.14), (x, y + 0.5), (x + 0.14, y + 0.1)])):
            pen.path(part, 1.4)
    pen.tube(arc(0, y, wide, 0.24), width, pen.accent)
    pen.tube(arc(0, y, wide, 0.24, 0.0, 0.5), width * 1.5)
    pen.path(arc(0, y, wide, 0.24, 0.03, 0.47))
    for side in (-1, 1):
        x = side * (leg_x + 0.05)
        pen.tube(arc(x, drop, leg_x, leg_y), width, pen.accent)
        pen.tube(arc(x, drop, leg_x, leg_y, -0.05, 0.55), width * 1.2)
        pen.tube([(side * 0.1, 0.1), (side * 0.3, drop - leg_y + 0.04)], width * 0.7)
    pen.tube(arc(0, 0.0, 0.09, 0.3), 0.1, pen.accent)
    x = rng.uniform(0.14, 0.3)
    pen.area([(x, y + 0.08), (x + 0.24, y + 0.06), (x + 0.24, y + 0.36), (x, y + 0.38)], pen.paper)
    pen.path([(x + 0.12, y + 0.08), (x + 0.12, y + 0.36)], 1.4)


def helmet(pen: Pen, rng: Random) -> None:
    """A climbing helmet from the side: dome with vents, rim, chin strap and its buckle."""
    tall, chin = rng.uniform(-0.82, -0.62), (rng.uniform(0.0, 0.25), 0.94)
    for x in (-0.56, -0.1, 0.5):
        pen.path([(x, 0.2), between((x, 0.2), chin, 0.55), chin], 1.8)
    pen.area(
        [(chin[0] + dx, chin[1] + dy) for dx, dy in at("-10,-10 10,-10 10,4 -10,4")], pen.accent
    )
    crown = [(-0.56, tall + 0.2), (0.0, tall), (0.5, tall + 0.2)]
    pen.area([*curve([*at("-88,26 -86,-12"), *crown, *at("80,-14 86,14")]), (0.0, 0.24)])
    rim = at("-90,36 -90,18 0,10 84,2 104,20 84,24 0,30")
    pen.area(curve(rim, closed=True), pen.accent)
    vents = rng.randint(3, 4)
    for i in range(vents):
        x = i / (vents - 1) - 0.5
        top, foot = tall * (0.74 - 0.8 * x * x), x * 1.25
        slot = [(foot - 0.07, -0.08), (x, top), (x + 0.1, top), (foot + 0.09, -0.08)]
        pen.area(curve(slot, closed=True), pen.paper)
    pen.path(curve(at("-84,4 0,-2 82,-8")))


def pulley(pen: Pen, rng: Random) -> None:
    """A pulley: grooved wheel on an axle between two cheek plates, an eye, often a rope."""
    radius, plate, y = rng.uniform(0.56, 0.66), rng.uniform(0.2, 0.27), 0.26
    if rng.random() < 0.7:
        around = arc(0, y, radius * 0.9, radius * 0.9, 0.5, 1.0)
        pen.tube([(-radius * 0.9, 1.2), *around, (radius * 0.9, 1.2)], 0.14, pen.accent)
    eye = [(-0.24, -0.66), (-0.16, -0.88), (0.0, -0.95), (0.16, -0.88), (0.24, -0.66)]
    back = [(x - 0.1, py) for x, py in [*arc(0, y, plate, plate + 0.1, 0.0, 0.5), *eye]]
    pen.area(back, pen.accent)
    for share, fill in ((1.0, pen.fill), (0.82, pen.accent), (0.7, pen.fill)):
        pen.oval(0, y, radius * share, radius * share, fill)
    pen.area([*arc(0, y, plate, plate + 0.1, 0.0, 0.5), *eye])
    pen.oval(0, -0.66, 0.13, 0.13, pen.paper)
    pen.oval(0, y, 0.17, 0.17, pen.accent)
    pen.area(arc(0, y, 0.09, 0.09)[::4], pen.paper)


def rope(pen: Pen, rng: Random) -> None:
    """A coiled rope: nested loops of twisted cord, a wrap holding them, a loose tail."""
    loops, width, tall = rng.randint(3, 5), rng.uniform(0.12, 0.16), rng.uniform(0.62, 0.86)
    tail = curve(at("10,70 50,92 80,70 95,94"))
    rings = [tail]
    for i in range(loops):
        inset = i * width * 0.95
        middle = (rng.uniform(-0.06, 0.06), rng.uniform(-0.06, 0.06))
        rings.append(arc(*middle, 0.84 - inset, tall - inset * 0.9))
    for ring in rings:
        pen.tube(ring, width, closed=ring is not tail)
        for (ax, ay), (bx, by) in pairwise(ring):  # the lay of its strands
            along = math.hypot(bx - ax, by - ay)
            dx, dy = (ay - by) / along * width * 0.4, (bx - ax) / along * width * 0.4
            pen.path([(ax + dx, ay + dy), (bx - dx, by - dy)], 0.7)
    inner, outer = 0.8 - loops * width * 0.95, 0.94
    for i in range(4):
        pen.tube([(-outer, 0.11 * i - 0.18), (-inner, 0.11 * i - 0.14)], 0.11, pen.accent)


def tent(pen: Pen, rng: Random) -> None:
    """A pitched tent, ridge or dome: door, poles, guy lines and pegs."""
    if rng.random() < 0.5:
        peak, back = (rng.uniform(-0.4, -0.24), -0.66), (rng.uniform(0.42, 0.6), -0.5)
        left, right, far = at("-84,60 16,66 90,42")
        pen.path([(-1.1, 0.72), peak, (peak[0], -0.86)], 1.2)
        pen.path([back, (1.12, 0.5)])
        pen.area([peak, back, far, right])
        pen.path([between(peak, back, 0.5), between(right, far, 0.5)])
        pen.area([left, peak, right], pen.accent)
        top = between(peak, between(left, right, 0.5), 0.22)
        pen.area([between(left, right, 0.26), top, between(left, right, 0.76)], pen.paper)
        pen.area([between(left, right, 0.26), top, between(left, right, 0.46)])
    else:
        tall = rng.uniform(-0.68, -0.5)
        for part in sides(at("50,-10 110,66")):
            pen.path(part)
        roof = [(-0.4, tall + 0.12), (0.0, tall), (0.4, tall + 0.12)]
        pen.area(curve([*at("-92,60 -78,10"), *roof, *at("78,10 92,60")]))
        for part in sides(curve([*at("-92,60 -40,-10"), (0.4, tall + 0.12)])):
            pen.path(part, 1.5)
        pen.area(curve(at("-40,60 -30,14 0,-16 30,14 40,60")), pen.accent)
        pen.area(curve(at("2,60 4,20 14,2 26,20 32,60")), pen.paper)
    for part in sides(at("110,50 106,76")):
        pen.path(part, 1.6)


SHAPES: dict[str, Callable[[Pen, Random], None]] = {
    "axes": axe,
    "boots": boot,
    "carabiners": carabiner,
    "crampons": crampon,
    "gloves": glove,
    "hardshell_jackets": hardshell_jacket,
    "harnesses": harness,
    "helmets": helmet,
    "insulated_jackets": insulated_jacket,
    "pulleys": pulley,
    "rope": rope,
    "tents": tent,
}
