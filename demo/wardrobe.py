"""How what is worn or carried looks: dresses, T-shirts, sneakers, rain boots, hats, backpacks.

Each function gives the parts of one item in a unit square, back to front.
"""

from __future__ import annotations

import math

from demo.catalogue import COLOURS, DemoItem
from demo.pen import RGB, Outline, Part, flipped, line_on, mirrored, moved, oval, path, shade, slab

METAL: RGB = (176, 178, 180)
WOOD: RGB = (190, 148, 104)
RUBBER: RGB = (236, 231, 221)
CREAM: RGB = (250, 247, 240)


def own(item: DemoItem) -> RGB:
    return COLOURS[item.colour].rgb


def ink_on(colour: RGB) -> RGB:
    """The second colour of a pattern."""
    return shade(colour, 0.72) if sum(colour) < 480 else shade(colour, -0.24)


def cloth(item: DemoItem) -> str:
    """The pattern that a cloth shows: its own, else the weave of what is woven coarsely."""
    pattern = item.facts.get("pattern", "")
    if pattern not in {"", "plain"}:
        return pattern
    return {"linen": "weave", "wool": "ribs", "canvas": "weave"}.get(item.material, "")


def cloth_ink(item: DemoItem) -> RGB:
    colour = own(item)
    return line_on(colour, 1.6) if cloth(item) in {"weave", "ribs"} else ink_on(colour)


def clad(outline: Outline, item: DemoItem, light: str, *, tone: float = 0.0, strength: float = 1.0) -> Part:
    """A part made of the item's cloth, a shade lighter or darker."""
    colour = shade(own(item), tone)
    return Part(outline, colour, light=light, strength=strength, pattern=cloth(item), ink=cloth_ink(item))


def dress(item: DemoItem, view: int) -> list[Part]:
    colour, long = own(item), item.facts["length"] == "long"
    hem, wide = (0.955, 0.27) if long else (0.72, 0.225)
    body = _dress_body(hem, wide, neck=0.115 if view else 0.19)
    parts = [
        *_hanger(),
        Part(mirrored("M .5 .075 C .54 .075 .57 .07 .585 .06 L .57 .2 L .5 .21"), shade(colour, -0.38)),
    ]
    if "sleeves" in item.facts:
        sleeve = path(
            "M .6 .062 C .66 .07 .70 .11 .72 .18 C .75 .29 .775 .40 .79 .52 L .722 .535 C .70 .42 .675 .34 .64 .26 Z"
        )
        parts += [clad(one, item, "soft", tone=-0.06) for one in (sleeve, flipped(sleeve))]
    parts.append(clad(body, item, "sheen" if item.material == "velvet" else "soft"))
    parts += _folds(colour, body, hem, wide)
    belt = path("M .405 .392 C .45 .406 .55 .406 .595 .392 L .598 .416 C .55 .43 .45 .43 .402 .416 Z")
    parts.append(Part(belt, line_on(colour, 1.5)))
    if view:
        parts.append(Part(path("M .5 .12 L .5 .39"), line_on(colour, 1.6), width=0.006))
        parts.append(Part(oval(0.5, 0.135, 0.008, 0.014), METAL))
    return parts if long else moved(parts, 0.0, 0.08)


def _dress_body(hem: float, wide: float, *, neck: float) -> Outline:
    x, low = 0.5 + wide, hem - 0.035
    hip, fall = f"{0.592 + (x - 0.592) * 0.35} {0.4 + (low - 0.4) * 0.28}", f"{x - 0.035} {low - (low - 0.4) * 0.3}"
    return mirrored(
        f"M .5 {neck} C .535 {neck} .562 {neck - 0.045} .568 .06 L .612 .06 C .606 .14 .615 .2 .65 .235"
        f" C .645 .3 .6 .335 .592 .40 C {hip} {fall} {x} {low}"
        f" C {x - 0.08} {hem} {x - 0.1} {hem - 0.012} {x - 0.14} {hem - 0.004} C .55 {hem + 0.012} .54 {hem + 0.004} .5 {hem}"
    )


def _folds(colour: RGB, body: Outline, hem: float, wide: float) -> list[Part]:
    """Wedges of shadow that open towards the hem."""
    found = []
    for start, end, open_by in ((0.43, -0.74, 0.09), (0.475, -0.28, 0.075), (0.53, 0.22, 0.075), (0.57, 0.66, 0.1)):
        foot = 0.5 + end * wide
        outline = path(
            f"M {start} .43 C {start} .55 {foot} {hem - 0.2} {foot - open_by / 2} {hem + 0.02}"
            f" L {foot + open_by / 2} {hem + 0.02} C {foot + 0.02} {hem - 0.2} {start + 0.008} .55 {start + 0.006} .43 Z"
        )
        found.append(Part(outline, line_on(colour, 2), opacity=0.3, inside=body, shadow=False))
    return found


def _hanger() -> list[Part]:
    hook = path("M .5 .075 L .5 .035 C .5 .02 .53 .024 .53 .005 C .53 -.02 .488 -.022 .482 .0")
    return [Part(path("M .40 .085 C .45 .05 .55 .05 .60 .085"), WOOD, width=0.022), Part(hook, METAL, width=0.008)]


def t_shirt(item: DemoItem, view: int) -> list[Part]:
    colour = own(item)
    body = mirrored(
        "M .5 .2 C .555 .2 .592 .168 .606 .115 L .665 .135 C .70 .15 .715 .17 .718 .22 L .722 .40"
        " C .712 .55 .714 .74 .724 .885 C .65 .91 .56 .912 .5 .912"
    )
    sleeve = path(
        "M .652 .13 C .73 .155 .785 .18 .815 .235 L .925 .41 C .90 .45 .85 .475 .80 .485 L .712 .37 L .70 .17 Z"
    )
    if item.facts.get("sleeves") == "long":
        sleeve = path(
            "M .652 .13 C .74 .155 .79 .185 .81 .25 C .85 .42 .885 .62 .90 .80 L .82 .815 C .80 .66 .765 .5 .712 .37 Z"
        )
    neck = mirrored("M .5 .118 C .54 .118 .58 .116 .606 .112 C .595 .168 .555 .205 .5 .205")
    rib = path("M .394 .115 C .408 .168 .445 .2 .5 .2 C .555 .2 .592 .168 .606 .115")
    seam = path("M .672 .14 C .712 .2 .716 .28 .714 .375")
    parts = [Part(neck, shade(colour, -0.36))]
    parts += [clad(one, item, "soft", tone=-0.05) for one in (sleeve, flipped(sleeve))]
    parts.append(clad(body, item, "soft"))
    parts += [Part(one, line_on(colour), width=0.005, shadow=False) for one in (seam, flipped(seam))]
    parts.append(Part(rib, shade(colour, -0.1) if sum(colour) > 240 else shade(colour, 0.14), width=0.022))
    parts.append(
        Part(path("M .283 .872 C .36 .895 .64 .895 .717 .872"), line_on(colour, 0.8), width=0.004, shadow=False)
    )
    crease = path("M .66 .44 C .64 .58 .655 .7 .62 .80 C .66 .72 .67 .58 .672 .44 Z")
    parts += [
        Part(one, line_on(colour, 1.6), opacity=0.22, inside=body, shadow=False) for one in (crease, flipped(crease))
    ]
    return parts


def _sneaker(item: DemoItem, tone: float = 0.0) -> list[Part]:
    colour = shade(own(item), tone)
    upper = path(
        "M .085 .655 C .07 .53 .075 .42 .10 .335 C .11 .295 .155 .29 .19 .312 C .25 .352 .33 .352 .395 .305"
        " C .42 .29 .445 .296 .46 .32 C .52 .41 .60 .455 .70 .482 C .83 .515 .915 .555 .925 .64 L .925 .69 L .085 .69 Z"
    )
    toe = path("M .755 .494 C .86 .525 .918 .56 .925 .64 L .925 .69 L .72 .69 C .715 .61 .725 .54 .755 .494 Z")
    heel = path("M .085 .655 C .072 .55 .075 .45 .094 .365 L .185 .385 C .175 .49 .195 .59 .235 .69 L .085 .69 Z")
    stay = path(
        "M .392 .307 C .42 .29 .445 .296 .46 .32 C .52 .41 .60 .455 .69 .479 L .655 .54 C .55 .515 .44 .44 .37 .335 Z"
    )
    sole = path(
        "M .07 .655 C .2 .672 .75 .665 .935 .628 C .962 .64 .965 .70 .95 .738 C .942 .758 .925 .762 .90 .762"
        " L .11 .762 C .07 .762 .052 .735 .058 .70 Z"
    )
    rubber = shade(RUBBER, -0.09) if item.colour == "white" else RUBBER
    parts = [
        Part(path("M .335 .345 C .335 .28 .385 .235 .455 .25 C .475 .275 .49 .31 .50 .345 Z"), shade(colour, -0.16)),
        Part(path("M .10 .345 C .16 .30 .30 .40 .40 .31 L .36 .37 L .12 .40 Z"), shade(colour, -0.4)),
        clad(upper, item, "down", tone=tone),
        Part(toe, shade(colour, 0.1 if item.colour != "white" else -0.04), light="down"),
        Part(heel, shade(colour, -0.14)),
        Part(path("M .185 .385 C .175 .49 .195 .59 .235 .665"), line_on(colour, 1.3), width=0.005),
        Part(path("M .755 .494 C .725 .54 .715 .61 .72 .665"), line_on(colour, 1.3), width=0.005),
        Part(path("M .27 .655 C .33 .56 .42 .545 .55 .60 C .43 .575 .36 .60 .325 .66 Z"), shade(colour, -0.2)),
        Part(stay, shade(colour, -0.12)),
        Part(sole, rubber, light="down", strength=0.9),
        Part(path("M .062 .712 C .3 .722 .75 .718 .955 .694"), shade(rubber, -0.2), width=0.006),
    ]
    lace = shade(CREAM, -0.14) if item.colour == "white" else CREAM
    for n in range(5):
        x, y = 0.425 + n * 0.052, 0.322 + n * 0.037
        parts.append(
            Part(path(f"M {x - 0.012} {y + 0.042} L {x + 0.05} {y + 0.006}"), lace, width=0.0155, shadow=False)
        )
    return parts


def sneakers(item: DemoItem, view: int) -> list[Part]:
    """A pair; the other view is one shoe, seen close."""
    if view:
        return _sneaker(item)
    return [*moved(_sneaker(item, -0.07), 0.2, 0.02, 0.76), *moved(_sneaker(item), 0.02, 0.24, 0.82)]


def _boot(item: DemoItem, tone: float = 0.0) -> list[Part]:
    colour = shade(own(item), tone)
    shaft = path(
        "M .27 .08 L .555 .08 C .56 .26 .552 .40 .575 .52 C .60 .61 .70 .635 .79 .665 C .865 .69 .89 .74 .885 .85"
        " L .265 .85 C .262 .78 .285 .70 .282 .60 C .278 .42 .27 .25 .27 .08 Z"
    )
    sole = path(
        "M .255 .835 L .895 .835 C .905 .87 .90 .90 .88 .91 L .55 .91 L .535 .89 L .46 .89 L .45 .92 L .262 .92 Z"
    )
    return [
        Part(oval(0.4125, 0.085, 0.142, 0.028), shade(colour, -0.5)),
        Part(shaft, colour, light="round", strength=0.8),
        Part(slab(0.262, 0.078, 0.562, 0.135, 0.012), shade(colour, -0.14), light="round", strength=0.6),
        Part(path("M .63 .70 C .73 .69 .83 .71 .884 .76"), shade(colour, 0.22), width=0.012, opacity=0.5),
        Part(sole, shade(colour, -0.42)),
        Part(path("M .285 .60 C .36 .63 .50 .62 .585 .55"), shade(colour, -0.2), width=0.006, opacity=0.6),
    ]


def rain_boots(item: DemoItem, view: int) -> list[Part]:
    return [*moved(_boot(item, -0.08), 0.16, 0.0, 0.88), *moved(_boot(item), 0.0, 0.08, 0.9)]


def beanie(item: DemoItem, view: int) -> list[Part]:
    colour = own(item)
    dome = mirrored("M .5 .2 C .69 .2 .82 .37 .83 .66 L .5 .69")
    cuff = path(
        "M .135 .645 C .3 .60 .7 .60 .865 .645 C .885 .70 .885 .775 .868 .82 C .7 .775 .3 .775 .132 .82"
        " C .115 .775 .115 .70 .135 .645 Z"
    )
    parts = [Part(dome, colour, light="ball", strength=0.8)]
    for n in range(-6, 7):
        x = 0.5 + n * 0.052
        rib = path(f"M {0.5 + n * 0.012} .205 C {0.5 + n * 0.036} .32 {x} .46 {x} .66")
        parts.append(Part(rib, line_on(colour, 1.5), width=0.009, opacity=0.5, shadow=False))
    parts.append(Part(cuff, shade(colour, 0.05), light="round", strength=0.7))
    for n in range(-9, 10):
        x = 0.5 + n * 0.0395
        dip = 0.035 * (1 - (n / 9.5) ** 2)
        rib = path(f"M {x} {0.655 - dip} L {x} {0.808 - dip}")
        parts.append(Part(rib, line_on(colour, 1.5), width=0.009, opacity=0.5, shadow=False))
    return [*parts, *_pompom(shade(colour, 0.12))] if item.has("pompom") else moved(parts, 0, -0.02)


def _pompom(colour: RGB) -> list[Part]:
    """A ball of yarn: tufts around a core, in three rings."""
    tufts = []
    for ring, (radius, tone) in enumerate(((0.1, -0.18), (0.068, -0.04), (0.034, 0.12))):
        for turn in range(18 - 4 * ring):
            angle = turn * 2 * math.pi / (18 - 4 * ring) + ring
            x, y = 0.5 + math.cos(angle) * radius, 0.145 + math.sin(angle) * radius
            tufts.append(Part(oval(x, y, 0.028, 0.028), shade(colour, tone if (turn + ring) % 2 else tone - 0.1)))
    return [Part(oval(0.5, 0.145, 0.1, 0.1), shade(colour, -0.1)), *tufts]


def backpack(item: DemoItem, view: int) -> list[Part]:
    if view:
        return _pack_back(item)
    if item.has("waterproof"):
        return _roll_top(item)
    return _school_pack(item) if item.facts.get("audience") == "kids" else _day_pack(item)


_PACK = "M .5 .11 C .66 .11 .765 .19 .775 .38 L .795 .84 C .798 .91 .765 .945 .70 .945 L .5 .945"


def _handle(colour: RGB) -> Part:
    return Part(path("M .43 .13 C .43 .02 .57 .02 .57 .13"), shade(colour, -0.3), width=0.026)


def _pack_base(item: DemoItem) -> list[Part]:
    colour = own(item)
    strap = path("M .77 .30 C .84 .36 .86 .55 .80 .74 L .775 .74 L .765 .34 Z")
    return [
        _handle(colour),
        *[Part(one, shade(colour, -0.34)) for one in (strap, flipped(strap))],
        clad(mirrored(_PACK), item, "soft", strength=1.2),
    ]


def _zip(colour: RGB, text: str, pull: tuple[float, float]) -> list[Part]:
    x, y = pull
    return [
        Part(path(text), line_on(colour, 1.8), width=0.012, shadow=False),
        Part(path(text), METAL, width=0.003, shadow=False),
        Part(slab(x - 0.009, y, x + 0.009, y + 0.05, 0.008), METAL),
    ]


def _day_pack(item: DemoItem) -> list[Part]:
    colour = own(item)
    pocket = mirrored(
        "M .5 .54 L .68 .54 C .71 .54 .72 .555 .722 .59 L .735 .84 C .735 .88 .715 .895 .68 .895 L .5 .895"
    )
    parts = [
        *_pack_base(item),
        *_zip(colour, "M .262 .40 C .30 .22 .40 .195 .5 .195 C .60 .195 .70 .22 .738 .40", (0.73, 0.39)),
    ]
    parts.append(Part(pocket, shade(colour, -0.08), light="down"))
    if item.material == "leather":
        flap = mirrored("M .5 .50 L .70 .50 C .725 .50 .735 .52 .73 .56 C .72 .66 .60 .71 .5 .71")
        strap = slab(0.478, 0.60, 0.522, 0.80, 0.012)
        stitch = path("M .285 .56 C .3 .65 .4 .69 .5 .69 C .6 .69 .7 .65 .715 .56")
        return [*parts, Part(flap, shade(colour, 0.07), light="down"), Part(stitch, shade(colour, 0.45), width=0.004),
                Part(strap, shade(colour, -0.3)), Part(slab(0.47, 0.715, 0.53, 0.765, 0.01), (206, 176, 106))]  # fmt: skip
    return [*parts, *_zip(colour, "M .29 .615 L .71 .615", (0.69, 0.61)),
            Part(slab(0.45, 0.30, 0.55, 0.36, 0.01), shade(colour, 0.3))]  # fmt: skip


def _school_pack(item: DemoItem) -> list[Part]:
    """For children: round ears and a friendly face."""
    colour = own(item)
    ears = [Part(oval(x, 0.155, 0.085, 0.085), shade(colour, -0.1)) for x in (0.315, 0.685)]
    ears += [Part(oval(x, 0.16, 0.048, 0.048), shade(colour, 0.5)) for x in (0.315, 0.685)]
    face = mirrored("M .5 .545 L .64 .545 C .70 .545 .73 .59 .73 .66 L .73 .80 C .73 .87 .70 .90 .64 .90 L .5 .90")
    dark: RGB = (58, 48, 44)
    return [
        *ears,
        *_pack_base(item),
        *_zip(colour, "M .255 .46 C .28 .25 .38 .22 .5 .22 C .62 .22 .72 .25 .745 .46", (0.737, 0.45)),
        Part(face, shade(colour, 0.22), light="down"),
        *[Part(oval(x, 0.69, 0.021, 0.026), dark) for x in (0.405, 0.595)],
        *[Part(oval(x, 0.755, 0.034, 0.02), (238, 150, 140), opacity=0.75, shadow=False) for x in (0.36, 0.64)],
        Part(path("M .455 .76 C .47 .79 .53 .79 .545 .76"), dark, width=0.01),
    ]


def _roll_top(item: DemoItem) -> list[Part]:
    """Rolled shut and buckled, with drops running off."""
    colour = own(item)
    body = mirrored("M .5 .17 L .73 .17 C .765 .17 .775 .2 .778 .26 L .795 .85 C .797 .91 .765 .945 .70 .945 L .5 .945")
    roll = slab(0.245, 0.105, 0.755, 0.215, 0.05)
    strap = path("M .77 .30 C .84 .36 .86 .55 .80 .74 L .775 .74 L .765 .34 Z")
    parts = [
        *[Part(one, shade(colour, -0.34)) for one in (strap, flipped(strap))],
        Part(body, colour, light="soft", strength=1.4),
        Part(roll, shade(colour, 0.1), light="down", strength=1.6),
        Part(path("M .25 .165 C .4 .15 .6 .15 .75 .165"), line_on(colour, 2), width=0.008, shadow=False),
        *[Part(slab(x, 0.10, x + 0.04, 0.36, 0.01), shade(colour, -0.4)) for x in (0.32, 0.64)],
        *[Part(slab(x - 0.012, 0.27, x + 0.052, 0.335, 0.012), METAL) for x in (0.32, 0.64)],
        Part(slab(0.285, 0.55, 0.715, 0.87, 0.03), shade(colour, 0.07), light="down"),
        *_zip(colour, "M .30 .60 L .70 .60", (0.68, 0.595)),
    ]
    for x, y, size in (
        (0.40, 0.42, 1.0),
        (0.52, 0.47, 0.7),
        (0.62, 0.40, 0.9),
        (0.46, 0.72, 0.9),
        (0.60, 0.77, 0.7),
        (0.36, 0.80, 0.6),
    ):
        parts += _drop(x, y, size)
    return parts


def _drop(x: float, y: float, size: float) -> list[Part]:
    r = 0.017 * size
    drop = path(
        f"M {x} {y - 2.1 * r} C {x + 0.4 * r} {y - r} {x + r} {y - 0.5 * r} {x + r} {y + 0.2 * r}"
        f" C {x + r} {y + 1.4 * r} {x - r} {y + 1.4 * r} {x - r} {y + 0.2 * r}"
        f" C {x - r} {y - 0.5 * r} {x - 0.4 * r} {y - r} {x} {y - 2.1 * r} Z"
    )
    return [
        Part(drop, (176, 214, 240), opacity=0.9, shadow=False),
        Part(oval(x - 0.35 * r, y, 0.25 * r, 0.35 * r), (255, 255, 255), shadow=False),
    ]


def _pack_back(item: DemoItem) -> list[Part]:
    colour = own(item)
    strap = path(
        "M .56 .17 C .62 .17 .665 .21 .672 .30 C .685 .48 .70 .62 .705 .80 L .635 .80"
        " C .63 .62 .60 .45 .575 .34 C .56 .28 .55 .2 .56 .17 Z"
    )
    pad = mirrored("M .5 .20 L .62 .20 C .66 .20 .68 .22 .682 .26 L .70 .80 C .70 .84 .68 .86 .64 .86 L .5 .86")
    lines = [
        Part(path(f"M .33 {y} L .67 {y}"), line_on(colour, 1.2), width=0.006, shadow=False)
        for y in (0.36, 0.5, 0.64, 0.76)
    ]
    return [
        _handle(colour),
        clad(mirrored(_PACK), item, "soft", strength=1.2),
        Part(pad, shade(colour, -0.12), light="puffed"),
        *lines,
        *[Part(one, shade(colour, -0.34), light="down") for one in (strap, flipped(strap))],
        *[Part(slab(x - 0.012, 0.77, x + 0.012, 0.92, 0.005), shade(colour, -0.45)) for x in (0.33, 0.67)],
        *[Part(slab(x - 0.03, 0.765, x + 0.03, 0.80, 0.008), METAL) for x in (0.33, 0.67)],
    ]
