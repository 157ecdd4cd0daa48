"""How what stands at home looks: mugs, teapots, cups, bottles, cushions, lamps, chairs.

Each function gives the parts of one item in a unit square, back to front.
"""

from __future__ import annotations

from demo.catalogue import DemoItem
from demo.pen import RGB, Outline, Part, flipped, line_on, mirrored, moved, oval, path, shade, slab
from demo.wardrobe import METAL, WOOD, clad, own

CORD: RGB = (70, 66, 62)
GLOW: RGB = (255, 226, 140)
TEA: RGB = (196, 120, 50)


def mug(item: DemoItem, view: int) -> list[Part]:
    colour, glass = own(item), item.material == "glass"
    body = path("M .15 .235 L .165 .72 C .17 .82 .23 .865 .31 .865 L .55 .865 C .63 .865 .69 .82 .695 .72 L .71 .235 Z")
    handle = path("M .70 .35 C .95 .29 .965 .68 .685 .69")
    parts = [Part(handle, shade(colour, -0.12), width=0.062, opacity=0.62 if glass else 1.0)]
    parts += [
        Part(
            path("M .70 .345 C .93 .292 .945 .66 .685 .675"), shade(colour, 0.2), width=0.012, opacity=0.5, shadow=False
        )
    ]
    if glass:
        tea = path(
            "M .165 .40 L .172 .72 C .178 .81 .235 .85 .31 .85 L .55 .85 C .625 .85 .685 .81 .688 .72 L .695 .40 Z"
        )
        parts += [
            Part(tea, TEA, opacity=0.55, shadow=False),
            Part(oval(0.43, 0.40, 0.265, 0.045), shade(TEA, 0.2), opacity=0.8),
        ]
    parts.append(Part(body, colour, light="round", opacity=0.66 if glass else 1.0))
    parts.append(Part(oval(0.43, 0.235, 0.28, 0.062), shade(colour, 0.16), opacity=0.75 if glass else 1.0))
    inner = shade(colour, -0.42) if item.colour != "white" else (206, 200, 190)
    parts.append(
        Part(
            oval(0.43, 0.24, 0.255, 0.05),
            inner,
            light="round",
            strength=0.5,
            opacity=0.45 if glass else 1.0,
            shadow=False,
        )
    )
    return parts


def cup(item: DemoItem, view: int) -> list[Part]:
    """A small cup without a handle, on its saucer."""
    colour = own(item)
    body = path("M .20 .34 C .21 .56 .30 .72 .42 .76 L .58 .76 C .70 .72 .79 .56 .80 .34 Z")
    return [
        Part(oval(0.5, 0.80, 0.42, 0.085), shade(colour, -0.04), light="round", strength=0.4),
        Part(oval(0.5, 0.785, 0.30, 0.05), shade(colour, -0.09)),
        Part(body, colour, light="round"),
        Part(oval(0.5, 0.34, 0.30, 0.075), shade(colour, 0.14)),
        Part(oval(0.5, 0.345, 0.27, 0.06), TEA, light="round", strength=0.5),
    ]


def teapot(item: DemoItem, view: int) -> list[Part]:
    colour, glass = own(item), item.material == "glass"
    seen = 0.66 if glass else 1.0
    body = mirrored("M .5 .30 C .68 .30 .80 .41 .80 .575 C .80 .71 .72 .80 .62 .86 L .5 .862")
    spout = path("M .735 .66 C .86 .63 .85 .44 .925 .35 C .945 .325 .985 .33 .98 .355 C .965 .44 .94 .68 .68 .77 Z")
    handle = path("M .255 .42 C .02 .34 -.01 .74 .245 .75")
    lid = mirrored("M .5 .235 C .58 .235 .635 .265 .645 .315 L .5 .335")
    parts = [
        Part(handle, shade(colour, -0.14), width=0.055, opacity=seen),
        Part(
            path("M .25 .405 C .045 .345 .015 .70 .20 .745"),
            shade(colour, 0.22),
            width=0.011,
            opacity=0.5,
            shadow=False,
        ),
        Part(spout, shade(colour, -0.08), light="soft", opacity=seen),
    ]
    if glass:
        tea = mirrored("M .5 .50 L .785 .50 C .80 .60 .79 .73 .62 .84 L .5 .845")
        parts += [Part(tea, TEA, opacity=0.6, shadow=False)]
    return [
        *parts,
        Part(oval(0.5, 0.862, 0.17, 0.02), shade(colour, -0.3)),
        Part(body, colour, light="ball", opacity=seen),
        Part(oval(0.5, 0.318, 0.165, 0.03), shade(colour, -0.26)),
        Part(lid, shade(colour, 0.03), light="ball", strength=0.8),
        Part(oval(0.5, 0.212, 0.036, 0.034), shade(colour, -0.12), light="ball"),
    ]


def bottle(item: DemoItem, view: int) -> list[Part]:
    size = int(item.facts["capacity"])
    top = 0.06 + (1000 - size) / 1000 * 0.42
    half = 0.135 + size / 1000 * 0.045
    left, right, middle = 0.5 - half, 0.5 + half, top + 0.13
    colour, clear = own(item), item.material in {"plastic", "glass"}
    body = path(
        f"M .43 {top + 0.06} L .57 {top + 0.06} C .575 {top + 0.10} {right} {top + 0.09} {right} {middle + 0.05}"
        f" L {right} .90 C {right} .94 {right - 0.02} .95 {right - 0.05} .95 L {left + 0.05} .95"
        f" C {left + 0.02} .95 {left} .94 {left} .90 L {left} {middle + 0.05}"
        f" C {left} {top + 0.09} .425 {top + 0.10} .43 {top + 0.06} Z"
    )
    parts = _straw(top) if item.has("straw") else _screw_cap(item, top)
    if clear:
        water = slab(left + 0.012, middle + 0.14, right - 0.012, 0.935, 0.04)
        parts += [Part(water, (168, 208, 226), opacity=0.75, shadow=False)]
    glass = item.material == "glass"
    parts.append(Part(body, colour, light="round", opacity=(0.42 if glass else 0.72) if clear else 1.0))
    if item.material == "metal":
        parts.append(Part(slab(left, 0.875, right, 0.895), METAL, light="round"))
        parts.append(Part(slab(0.47, 0.60, 0.53, 0.66, 0.03), shade(colour, 0.4), opacity=0.8, shadow=False))
    elif not glass:
        for n in range(4):
            y = middle + 0.2 + n * (0.9 - middle - 0.2) / 4.4
            parts.append(
                Part(path(f"M {right - 0.09} {y} L {right - 0.03} {y}"), (255, 255, 255), width=0.008, shadow=False)
            )
    if glass:
        parts.append(
            Part(
                path(f"M {left + 0.035} {middle + 0.1} L {left + 0.035} .86"),
                (255, 255, 255),
                width=0.016,
                opacity=0.9,
                shadow=False,
            )
        )
        parts.append(Part((*body, body[0]), shade(colour, -0.25), width=0.006, shadow=False))
    return parts


def _screw_cap(item: DemoItem, top: float) -> list[Part]:
    cap = (196, 158, 112) if item.material == "glass" else shade(METAL, -0.05)
    loop = Part(path(f"M .455 {top} C .455 {top - 0.075} .545 {top - 0.075} .545 {top}"), shade(cap, -0.3), width=0.018)
    grooves = [path(f"M {x} {top + 0.012} L {x} {top + 0.065}") for x in (0.45, 0.475, 0.5, 0.525, 0.55)]
    return [
        loop,
        Part(slab(0.415, top - 0.005, 0.585, top + 0.08, 0.014), cap, light="round"),
        *[Part(one, shade(cap, -0.22), width=0.004) for one in grooves],
    ]


def _straw(top: float) -> list[Part]:
    straw = path(f"M .505 {top + 0.03} L .515 {top - 0.055} C .52 {top - 0.085} .545 {top - 0.09} .60 {top - 0.092}")
    return [Part(straw, (248, 246, 240), width=0.034), Part(straw, (214, 92, 78), width=0.007),
            Part(slab(0.41, top + 0.005, 0.59, top + 0.08, 0.02), (92, 94, 98), light="round")]  # fmt: skip


def cushion(item: DemoItem, view: int) -> list[Part]:
    size = int(item.facts["size"]) / 50
    parts = _round_cushion(item) if item.facts["form"] == "round" else _square_cushion(item)
    return moved(parts, (1 - size) / 2, (1 - size) / 2, size)


def _round_cushion(item: DemoItem) -> list[Part]:
    colour = own(item)
    ring = oval(0.5, 0.5, 0.41, 0.41)
    parts = [
        Part(oval(0.5, 0.5, 0.47, 0.47), shade(colour, -0.14), light="ball"),
        clad(ring, item, "puffed"),
        Part(ring, line_on(colour, 1.5), width=0.012, closed=True, shadow=False),
    ]
    for n in range(12):
        x, y = oval(0.5, 0.5, 0.13 + 0.03 * (n % 2), 0.13 + 0.03 * (n % 2))[n * 6]
        parts.append(Part(path(f"M .5 .5 L {x} {y}"), line_on(colour, 1.4), width=0.008, opacity=0.45, shadow=False))
    return [*parts, Part(oval(0.5, 0.5, 0.036, 0.036), shade(colour, -0.2), light="ball")]


def _square_cushion(item: DemoItem) -> list[Part]:
    colour = own(item)
    edge, face = _pillow(0.055), _pillow(0.072)
    parts = [Part(edge, shade(colour, -0.22)), clad(face, item, "puffed")]
    if item.material == "velvet":
        gleam = path("M .2 .3 C .4 .22 .6 .36 .8 .24 C .7 .42 .4 .34 .22 .46 Z")
        parts.append(Part(gleam, shade(colour, 0.3), opacity=0.3, inside=face, shadow=False))
    dent = path("M .125 .125 C .18 .21 .22 .25 .30 .275 C .235 .225 .185 .185 .125 .125 Z")
    dents = (dent, flipped(dent), tuple((x, 1 - y) for x, y in dent), tuple((1 - x, 1 - y) for x, y in dent))
    return [*parts, *[Part(one, line_on(colour, 1.8), opacity=0.32, shadow=False) for one in dents]]


def _pillow(a: float) -> Outline:
    """A square with soft corners and sides drawn in."""
    b, c, d = a + 0.05, 1 - a, 0.95 - a
    return path(
        f"M {a + 0.045} {a + 0.006} C .25 {b} .75 {b} {c - 0.045} {a + 0.006} Q {c} {a} {c - 0.006} {a + 0.045}"
        f" C {d} .25 {d} .75 {c - 0.006} {c - 0.045} Q {c} {c} {c - 0.045} {c - 0.006}"
        f" C .75 {d} .25 {d} {a + 0.045} {c - 0.006} Q {a} {c} {a + 0.006} {c - 0.045}"
        f" C {b} .75 {b} .25 {a + 0.006} {a + 0.045} Q {a} {a} {a + 0.045} {a + 0.006} Z"
    )


def desk_lamp(item: DemoItem, view: int) -> list[Part]:
    colour = own(item)
    stem = WOOD if item.material == "wood" else shade(METAL, -0.04)
    if item.material == "plastic":
        stem = shade(colour, 0.35)
    parts = _cord(0.86) if item.has("cord") else []
    parts += [
        *_beam(0.24, 0.42, 0.94, 0.83),
        Part(slab(0.482, 0.40, 0.518, 0.85, 0.01), stem, light="round"),
        Part(
            path("M .31 .885 C .31 .84 .40 .825 .5 .825 C .60 .825 .69 .84 .69 .885 C .69 .90 .31 .90 .31 .885 Z"),
            stem,
            light="round",
        ),
        *_shade(colour, 0.36, 0.08, 0.235, 0.43),
    ]
    if not item.has("cord"):
        parts += [
            Part(oval(0.5, 0.868, 0.012, 0.009), (110, 220, 140), shadow=False),
            Part(path("M .44 .868 L .465 .868"), shade(stem, -0.3), width=0.008),
        ]
    return parts


def _beam(left: float, top: float, reach: float, bottom: float) -> list[Part]:
    """Light falling from a shade, fainter outwards."""
    found = []
    for n in range(4):
        spread = 0.05 * n
        outline = path(
            f"M {left + 0.03} {top} L {1 - left - 0.03} {top} L {reach - spread} {bottom}"
            f" C .7 {bottom + 0.03} .3 {bottom + 0.03} {1 - reach + spread} {bottom} Z"
        )
        found.append(Part(outline, GLOW, opacity=0.13, shadow=False))
    return found


def _shade(colour: RGB, top_left: float, top: float, left: float, bottom: float) -> list[Part]:
    face = path(
        f"M {top_left} {top} C .45 {top - 0.014} .55 {top - 0.014} {1 - top_left} {top}"
        f" L {1 - left} {bottom} C .6 {bottom + 0.035} .4 {bottom + 0.035} {left} {bottom} Z"
    )
    rim = path(f"M {left} {bottom} C .4 {bottom + 0.035} .6 {bottom + 0.035} {1 - left} {bottom}")
    return [
        Part(oval(0.5, bottom, 0.5 - left - 0.01, 0.026), GLOW),
        Part(face, colour, light="round"),
        Part(rim, line_on(colour, 1.2), width=0.012),
        Part(
            path(f"M {top_left} {top} C .45 {top - 0.014} .55 {top - 0.014} {1 - top_left} {top}"),
            line_on(colour, 0.8),
            width=0.01,
        ),
    ]


def _cord(y: float) -> list[Part]:
    """A cord that ends in a plug."""
    line = path(
        f"M .66 {y + 0.02} C .78 {y + 0.02} .76 {y + 0.095} .86 {y + 0.085}"
        f" C .93 {y + 0.08} .90 {y - 0.02} .955 {y - 0.04}"
    )
    return [
        Part(line, CORD, width=0.016),
        Part(slab(0.93, y - 0.12, 0.985, y - 0.035, 0.016), CORD),
        *[Part(path(f"M {x} {y - 0.12} L {x} {y - 0.165}"), METAL, width=0.011) for x in (0.945, 0.97)],
    ]


def floor_lamp(item: DemoItem, view: int) -> list[Part]:
    colour = own(item)
    leg = WOOD if item.material == "wood" else shade(own(item), 0.08)
    legs = [
        Part(path(f"M .5 .36 L {x} .955"), shade(leg, tone), width=0.017)
        for x, tone in ((0.5, -0.2), (0.36, 0.0), (0.64, 0.0))
    ]
    cord = path("M .5 .86 C .62 .99 .72 .93 .78 .955 C .84 .975 .86 .94 .89 .94")
    plug = [Part(cord, CORD, width=0.01), Part(slab(0.885, 0.915, 0.935, 0.962, 0.01), CORD)]
    return [*plug, *_beam(0.33, 0.25, 0.86, 0.60), *legs, Part(oval(0.5, 0.37, 0.028, 0.018), shade(leg, -0.25)),
            Part(slab(0.49, 0.24, 0.51, 0.37), METAL), *_shade(colour, 0.395, 0.03, 0.32, 0.26)]  # fmt: skip


def chair(item: DemoItem, view: int) -> list[Part]:
    colour = own(item)
    legs = {"plastic": shade(METAL, -0.1), "wood": shade(colour, -0.08)}.get(item.material, WOOD)
    parts = [
        Part(path(f"M {x} .62 L {x + lean} .90"), shade(legs, -0.28), width=0.03)
        for x, lean in ((0.37, -0.005), (0.63, 0.005))
    ]
    parts += [
        Part(path(f"M {x} .64 L {x + lean} .965"), legs, width=0.038) for x, lean in ((0.27, -0.04), (0.73, 0.04))
    ]
    parts += _slats(colour) if item.material == "wood" else _shell(item)
    seat = path(
        "M .27 .575 L .73 .575 C .76 .575 .80 .65 .80 .675 C .80 .70 .78 .705 .75 .705 L .25 .705"
        " C .22 .705 .20 .70 .20 .675 C .20 .65 .24 .575 .27 .575 Z"
    )
    grain = "grain" if item.material == "wood" else ""
    parts.append(Part(seat, shade(colour, 0.05), light="down", pattern=grain, ink=line_on(colour, 2)))
    parts.append(Part(path("M .215 .69 C .4 .715 .6 .715 .785 .69"), shade(colour, -0.25), width=0.018))
    return [*parts, *_arms(shade(legs, -0.08))] if item.has("arms") else parts


def _slats(colour: RGB) -> list[Part]:
    """Curved rails between two posts."""
    rails = [
        path(
            f"M .27 {y} C .4 {y - 0.03} .6 {y - 0.03} .73 {y} L .73 {y + h}"
            f" C .6 {y + h - 0.03} .4 {y + h - 0.03} .27 {y + h} Z"
        )
        for y, h in ((0.12, 0.12), (0.30, 0.07), (0.43, 0.07))
    ]
    posts = [slab(x, 0.09, x + 0.045, 0.62, 0.02) for x in (0.255, 0.70)]
    wooden = [(rail, colour, "soft") for rail in rails] + [(post, shade(colour, -0.1), "round") for post in posts]
    return [Part(one, fill, light=light, pattern="grain", ink=line_on(colour, 2)) for one, fill, light in wooden]


def _shell(item: DemoItem) -> list[Part]:
    colour = own(item)
    back = mirrored("M .5 .06 C .66 .06 .745 .10 .755 .22 C .765 .36 .74 .48 .715 .60 L .5 .60")
    parts = [Part(back, colour, light="puffed" if item.material == "velvet" else "soft", strength=1.2)]
    if item.material == "velvet":
        for n in range(-2, 3):
            x = 0.5 + n * 0.085
            parts.append(
                Part(
                    path(f"M {x} .09 C {x + n * 0.006} .25 {x} .42 {x - n * 0.006} .585"),
                    line_on(colour, 1.5),
                    width=0.01,
                    opacity=0.6,
                    inside=back,
                )
            )
    else:
        parts.append(Part(slab(0.42, 0.14, 0.58, 0.19, 0.025), shade(colour, -0.45)))
    return parts


def _arms(wood: RGB) -> list[Part]:
    post = path("M .19 .44 L .205 .68")
    rest = path("M .255 .405 C .2 .40 .17 .41 .165 .44")
    return [Part(one, wood, width=0.036) for line in (post, rest) for one in (line, flipped(line))]
