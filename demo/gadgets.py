"""How electronics and stationery look: headphones, earbuds, phones, phone cases, journals.

Each function gives the parts of one item in a unit square, back to front.
"""

from __future__ import annotations

from demo.catalogue import DemoItem
from demo.household import CORD
from demo.pen import RGB, Part, flipped, line_on, mirrored, oval, path, shade, slab
from demo.wardrobe import METAL, own

LENS: RGB = (28, 30, 36)
PAGE: RGB = (244, 239, 227)


def headphones(item: DemoItem, view: int) -> list[Part]:
    colour = own(item)
    wired = item.facts["connection"] == "wired"
    parts = _wire() if wired else []
    band = path("M .17 .56 C .13 .02 .87 .02 .83 .56")
    pad = path("M .30 .255 C .40 .135 .60 .135 .70 .255")
    shell = path(
        "M .15 .46 C .085 .47 .06 .55 .06 .64 C .06 .73 .085 .81 .15 .82 L .20 .82"
        " C .225 .82 .235 .80 .235 .77 L .235 .51 C .235 .48 .225 .46 .20 .46 Z"
    )
    ear = path("M .235 .455 L .285 .47 C .31 .49 .315 .56 .315 .64 C .315 .72 .31 .79 .285 .81 L .235 .825 Z")
    dark = shade(colour, -0.5) if item.colour != "black" else (24, 24, 27)
    parts += [Part(band, colour, width=0.062), Part(band, shade(colour, 0.25), width=0.012, opacity=0.55, shadow=False),
              Part(pad, dark, width=0.04)]  # fmt: skip
    for turn in (tuple, flipped):
        parts += [
            Part(turn(path("M .172 .40 L .168 .52")), METAL, width=0.03),
            Part(turn(ear), dark, light="down"),
            Part(turn(shell), colour, light="puffed", strength=1.1),
            Part(turn(oval(0.13, 0.64, 0.035, 0.09)), line_on(colour, 0.8), opacity=0.5, shadow=False),
        ]
    if not wired:
        parts.append(Part(oval(0.87, 0.76, 0.009, 0.009), (120, 200, 255), shadow=False))
    return parts


def _wire() -> list[Part]:
    line = path("M .15 .80 C .15 .96 .30 .93 .42 .925 C .56 .92 .58 .99 .70 .965 C .76 .95 .77 .93 .80 .93")
    return [
        Part(line, CORD, width=0.014),
        Part(slab(0.79, 0.912, 0.87, 0.948, 0.012), CORD),
        Part(path("M .87 .93 L .93 .93"), METAL, width=0.012),
    ]


def earbuds(item: DemoItem, view: int) -> list[Part]:
    colour = own(item)
    lid = path("M .20 .60 C .20 .44 .26 .40 .36 .40 L .64 .40 C .74 .40 .80 .44 .80 .60 Z")
    case = path("M .19 .62 L .81 .62 C .82 .80 .76 .90 .64 .90 L .36 .90 C .24 .90 .18 .80 .19 .62 Z")
    bud = path(
        "M .27 .20 C .27 .12 .33 .08 .40 .09 C .47 .10 .49 .17 .47 .23 C .46 .27 .43 .29 .40 .295 L .395 .42"
        " C .395 .45 .345 .45 .345 .42 L .345 .29 C .30 .28 .27 .25 .27 .20 Z"
    )
    tip = oval(0.455, 0.15, 0.042, 0.055)
    buds = []
    for turn in (tuple, flipped):
        buds += [Part(turn(tip), shade(colour, -0.45)), Part(turn(bud), colour, light="ball"),
                 Part(turn(oval(0.345, 0.17, 0.02, 0.03)), shade(colour, -0.35), shadow=False)]  # fmt: skip
    inside = Part(
        path("M .225 .60 C .225 .47 .28 .43 .36 .43 L .64 .43 C .72 .43 .775 .47 .775 .60 Z"), shade(colour, -0.4)
    )
    return [
        Part(lid, shade(colour, -0.1), light="soft"),
        inside,
        *buds,
        Part(case, colour, light="puffed"),
        Part(path("M .19 .62 L .81 .62"), shade(colour, -0.32), width=0.01),
        Part(oval(0.5, 0.70, 0.011, 0.011), (120, 220, 150), shadow=False),
    ]


def phone(item: DemoItem, view: int) -> list[Part]:
    """The screen; the other view is the back."""
    colour = own(item)
    frame = [
        Part(slab(0.275, 0.03, 0.725, 0.97, 0.062), shade(colour, -0.25)),
        Part(slab(0.722, 0.26, 0.734, 0.38, 0.005), shade(colour, -0.35)),
    ]
    if view:
        return [
            *frame,
            Part(slab(0.285, 0.04, 0.715, 0.96, 0.055), colour, light="sheen"),
            *_cameras(0.325, 0.075, shade(colour, -0.16)),
            Part(slab(0.455, 0.80, 0.545, 0.815, 0.007), shade(colour, 0.4), opacity=0.7, shadow=False),
        ]
    screen = slab(0.297, 0.052, 0.703, 0.948, 0.045)
    far = path("M .25 .62 C .40 .50 .52 .66 .75 .52 L .75 1 L .25 1 Z")
    close = path("M .25 .76 C .42 .66 .55 .82 .75 .70 L .75 1 L .25 1 Z")
    hills = [Part(one, shade(colour, tone), inside=screen, shadow=False) for one, tone in ((far, 0.34), (close, 0.1))]
    icons = [
        Part(slab(x, 0.865, x + 0.062, 0.915, 0.016), (250, 250, 250), opacity=0.85, shadow=False)
        for x in (0.33, 0.424, 0.514, 0.608)
    ]
    return [
        *frame,
        Part(slab(0.288, 0.043, 0.712, 0.957, 0.052), (20, 21, 24)),
        Part(screen, shade(colour, 0.62), light="down"),
        *hills,
        Part(oval(0.60, 0.30, 0.05, 0.05), (255, 244, 214), shadow=False),
        *icons,
        Part(screen, (255, 255, 255), opacity=0.0, light="sheen", strength=0.5, shadow=False),
        Part(oval(0.5, 0.078, 0.011, 0.011), LENS, shadow=False),
    ]


def _cameras(x: float, y: float, plate: RGB) -> list[Part]:
    parts = [Part(slab(x, y, x + 0.185, y + 0.185, 0.045), plate, light="down", shadow=False)]
    for dx, dy in ((0.052, 0.052), (0.052, 0.133), (0.133, 0.0925)):
        parts += [
            Part(oval(x + dx, y + dy, 0.034, 0.034), METAL, shadow=False),
            Part(oval(x + dx, y + dy, 0.029, 0.029), LENS, shadow=False),
            Part(oval(x + dx - 0.008, y + dy - 0.008, 0.008, 0.008), (120, 140, 170), shadow=False),
        ]
    return parts


def phone_case(item: DemoItem, view: int) -> list[Part]:
    """An empty case from behind: through the opening for the cameras one sees that no phone is in it."""
    colour = own(item)
    back = slab(0.275, 0.03, 0.725, 0.97, 0.068)
    parts = [
        Part(back, shade(colour, -0.22)),
        Part(slab(0.287, 0.042, 0.713, 0.958, 0.058), colour, light="soft", strength=1.1),
        Part(slab(0.315, 0.068, 0.525, 0.278, 0.055), shade(colour, -0.3)),
        Part(slab(0.326, 0.079, 0.514, 0.267, 0.046), (214, 208, 196), light="down", shadow=False),
    ]
    if "leather" in item.material:
        seam = shade(colour, 0.5)
        parts += [
            Part(path(f"M .305 {y} L .305 {y + 0.022}"), seam, width=0.005, shadow=False) for y in _dashes(0.30, 0.93)
        ]
        parts += [
            Part(path(f"M .695 {y} L .695 {y + 0.022}"), seam, width=0.005, shadow=False) for y in _dashes(0.07, 0.93)
        ]
        parts += [
            Part(path(f"M {x} .94 L {x + 0.022} .94"), seam, width=0.005, shadow=False) for x in _dashes(0.325, 0.665)
        ]
        parts.append(Part(slab(0.36, 0.68, 0.64, 0.86, 0.012), shade(colour, -0.1), light="down"))
        parts.append(Part(path("M .36 .70 L .64 .70"), line_on(colour, 1.5), width=0.006, shadow=False))
    else:
        parts.append(Part(oval(0.5, 0.62, 0.055, 0.055), shade(colour, -0.14), shadow=False))
        parts.append(Part(oval(0.5, 0.62, 0.045, 0.045), colour, shadow=False))
    return parts


def _dashes(start: float, end: float) -> list[float]:
    return [start + n * 0.04 for n in range(int((end - start) / 0.04))]


def journal(item: DemoItem, view: int) -> list[Part]:
    colour, leather = own(item), "leather" in item.material
    thick = 0.018 + int(item.facts["pages"]) / 200 * 0.022
    parts = [
        Part(path("M .60 .90 L .60 1.0 L .622 .978 L .644 1.0 L .644 .90 Z"), (206, 84, 72)),
        Part(slab(0.20 + thick, 0.05 + thick, 0.80 + thick, 0.93 + thick, 0.03), shade(colour, -0.35)),
        Part(slab(0.21 + thick / 2, 0.06 + thick / 2, 0.795 + thick / 1.3, 0.925 + thick / 1.3, 0.02), PAGE),
        Part(slab(0.19, 0.05, 0.79, 0.93, 0.032), colour, light="soft"),
        Part(path("M .272 .05 L .272 .93"), line_on(colour, 1.3), width=0.007, shadow=False),
    ]
    if leather:
        parts += [
            Part(path(f"M .765 {y} L .765 {y + 0.022}"), shade(colour, 0.4), width=0.005, shadow=False)
            for y in _dashes(0.09, 0.90)
        ]
        parts += [
            Part(slab(0.60, 0.44, 0.82, 0.54, 0.03), shade(colour, -0.22), light="down"),
            Part(oval(0.655, 0.49, 0.02, 0.02), (206, 176, 106)),
        ]
    else:
        parts.append(Part(slab(0.69, 0.05, 0.714, 0.93), shade(colour, -0.42)))
    label = mirrored("M .5 .24 L .64 .24 C .655 .24 .66 .245 .66 .26 L .66 .40 C .66 .415 .655 .42 .64 .42 L .5 .42")
    if "year" in item.facts:
        parts.append(Part(tuple((x - 0.02, y) for x, y in label), PAGE))
        parts += _year(item.facts["year"], 0.36, 0.275)
    return parts


_DIGITS = {
    "0": "M .5 0 C .1 0 .1 1 .5 1 C .9 1 .9 0 .5 0",
    "2": "M .12 .26 C .14 -.08 .88 -.08 .86 .28 C .84 .52 .3 .68 .12 1 L .9 1",
    "5": "M .84 0 L .24 0 L .18 .46 C .5 .3 .9 .4 .88 .7 C .86 1.06 .24 1.1 .12 .82",
    "6": "M .78 .02 C .3 .1 .1 .5 .14 .72 C .2 1.1 .86 1.08 .86 .7 C .86 .36 .26 .36 .15 .66",
}


def _year(year: str, left: float, top: float) -> list[Part]:
    """The year as it stands on the cover."""
    found = []
    for place, digit in enumerate(year):
        stroke = tuple((left + place * 0.062 + x * 0.046, top + y * 0.11) for x, y in path(_DIGITS[digit]))
        found.append(Part(stroke, (70, 62, 56), width=0.0125, shadow=False))
    return found
