"""Silhouettes per kind of thing, as parts in a unit square, and how parts are painted.

A part is a shape with its points or box (0 to 1, y downwards) and a tone: how its colour differs from the item's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw

from demo.catalogue import DemoItem

Point = tuple[float, float]
RGB = tuple[int, int, int]
METAL: RGB = (168, 170, 172)
WOOD: RGB = (176, 132, 88)
CORD: RGB = (60, 58, 56)
LIGHT: RGB = (255, 240, 196)


class Part(NamedTuple):
    """`shape`: polygon, ellipse, round (rounded box), line, ring. `fill` None is the item's colour, `tone` shades it."""

    shape: str
    points: Sequence[Point]
    tone: float = 0.0
    fill: RGB | None = None
    width: float = 0.0
    patterned: bool = False


def _smooth(points: Sequence[Point]) -> list[Point]:
    """Two rounds of corner cutting: a polygon becomes a soft outline."""
    for _ in range(2):
        cut: list[Point] = []
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
            cut += [(x0 * 0.78 + x1 * 0.22, y0 * 0.78 + y1 * 0.22), (x0 * 0.22 + x1 * 0.78, y0 * 0.22 + y1 * 0.78)]
        points = cut
    return list(points)


def dress(item: DemoItem, view: int) -> list[Part]:
    hem = 0.97 if item.extras.get("length") == "long" else 0.68
    spread = 0.30 if item.extras.get("length") == "long" else 0.25
    body = [(0.38, 0.06), (0.43, 0.06), (0.46, 0.13), (0.54, 0.13), (0.57, 0.06), (0.62, 0.06), (0.64, 0.2), (0.60, 0.36),
            (0.5 + spread, hem), (0.5 - spread, hem), (0.40, 0.36), (0.36, 0.2)]  # fmt: skip
    parts = [
        Part("polygon", _smooth(body), patterned=True),
        Part("line", [(0.405, 0.37), (0.595, 0.37)], -0.25, width=0.014),
    ]
    folds = [(0.5, 0.42, 0.5), (0.46, 0.42, 0.5 - spread * 0.45), (0.54, 0.42, 0.5 + spread * 0.45)]
    parts += [Part("line", [(x, y), (end, hem - 0.03)], -0.12, width=0.006) for x, y, end in folds]
    if view == 1:
        parts.append(Part("line", [(0.5, 0.14), (0.5, 0.36)], -0.3, width=0.008))
    return parts


def t_shirt(item: DemoItem, view: int) -> list[Part]:
    body = [(0.34, 0.14), (0.43, 0.13), (0.5, 0.17), (0.57, 0.13), (0.66, 0.14), (0.9, 0.32), (0.81, 0.45), (0.71, 0.38),
            (0.71, 0.88), (0.29, 0.88), (0.29, 0.38), (0.19, 0.45), (0.1, 0.32)]  # fmt: skip
    return [
        Part("polygon", body, patterned=True),
        Part(
            "polygon", _smooth([(0.42, 0.13), (0.5, 0.16), (0.58, 0.13), (0.55, 0.21), (0.5, 0.23), (0.45, 0.21)]), -0.3
        ),
        Part("line", [(0.71, 0.38), (0.69, 0.27)], -0.18, width=0.006),
        Part("line", [(0.29, 0.38), (0.31, 0.27)], -0.18, width=0.006),
    ]


def shoes(item: DemoItem, view: int) -> list[Part]:
    def one(x: float, y: float, s: float) -> list[Part]:
        laces = [[(0.4 + n * 0.08, 0.40 + n * 0.04), (0.48 + n * 0.08, 0.52 + n * 0.02)] for n in range(3)]
        upper = [(0.1, 0.3), (0.3, 0.28), (0.36, 0.4), (0.62, 0.5), (0.88, 0.56), (0.93, 0.72), (0.08, 0.72)]

        def move(found: Sequence[Point]) -> list[Point]:
            return [(x + px * s, y + py * s) for px, py in found]

        return [
            Part("polygon", move(_smooth(upper))),
            Part("round", move([(0.06, 0.68), (0.95, 0.8)]), fill=(236, 232, 224)),
            *[Part("line", move(lace), fill=(250, 248, 244), width=0.012) for lace in laces],
        ]  # fmt: skip

    return [*one(0.12, -0.08, 0.78), *one(0.04, 0.22, 0.86)] if view == 0 else one(0.02, 0.05, 0.96)


def mug(item: DemoItem, view: int) -> list[Part]:
    return [
        Part("ring", [(0.6, 0.36), (0.92, 0.7)], -0.1, width=0.055),
        Part("round", [(0.18, 0.22), (0.72, 0.86)]),
        Part("ellipse", [(0.18, 0.16), (0.72, 0.3)], 0.12),
        Part("ellipse", [(0.22, 0.18), (0.68, 0.28)], -0.45),
        Part("line", [(0.26, 0.36), (0.26, 0.76)], 0.28, width=0.022),
    ]


def teapot(item: DemoItem, view: int) -> list[Part]:
    spout = [(0.7, 0.5), (0.86, 0.36), (0.96, 0.32), (0.94, 0.4), (0.84, 0.6), (0.7, 0.72)]
    return [
        Part("ring", [(0.02, 0.36), (0.34, 0.74)], -0.12, width=0.045),
        Part("polygon", _smooth(spout), -0.06),
        Part("ellipse", [(0.16, 0.3), (0.8, 0.88)]),
        Part("ellipse", [(0.32, 0.27), (0.64, 0.38)], -0.14),
        Part("ellipse", [(0.44, 0.19), (0.52, 0.28)], -0.2),
        Part("line", [(0.26, 0.5), (0.25, 0.66)], 0.3, width=0.024),
    ]


def bottle(item: DemoItem, view: int) -> list[Part]:
    tall = 0.06 + (750 - int(item.extras.get("capacity", "500"))) / 750 * 0.3
    return [
        Part("round", [(0.34, tall + 0.14), (0.66, 0.95)]),
        Part("round", [(0.41, tall + 0.05), (0.59, tall + 0.18)], -0.12),
        Part(
            "round",
            [(0.39, tall - 0.02), (0.61, tall + 0.08)],
            fill=METAL if item.material == "metal" else (90, 90, 92),
        ),
        Part("line", [(0.40, tall + 0.26), (0.40, 0.84)], 0.25, width=0.02),
    ]


def cushion(item: DemoItem, view: int) -> list[Part]:
    body = [(0.08, 0.1), (0.5, 0.16), (0.92, 0.1), (0.87, 0.5), (0.92, 0.9), (0.5, 0.84), (0.08, 0.9), (0.13, 0.5)]
    return [
        Part("polygon", _smooth(body), patterned=True),
        *[Part("ellipse", [(x - 0.012, y - 0.012), (x + 0.012, y + 0.012)], -0.25) for x, y in ((0.5, 0.5),)],
        Part("line", [(0.5, 0.5), (0.3, 0.3)], -0.1, width=0.005),
        Part("line", [(0.5, 0.5), (0.7, 0.3)], -0.1, width=0.005),
        Part("line", [(0.5, 0.5), (0.3, 0.7)], -0.1, width=0.005),
        Part("line", [(0.5, 0.5), (0.7, 0.7)], -0.1, width=0.005),
    ]


def lamp(item: DemoItem, view: int) -> list[Part]:
    shade = [(0.36, 0.08), (0.64, 0.08), (0.8, 0.44), (0.2, 0.44)]
    stem = WOOD if item.material == "wood" else METAL
    parts = [
        Part("polygon", [(0.22, 0.44), (0.78, 0.44), (0.92, 0.8), (0.08, 0.8)], fill=LIGHT),
        Part("line", [(0.5, 0.42), (0.5, 0.86)], fill=stem, width=0.03),
        Part("round", [(0.3, 0.85), (0.7, 0.92)], fill=stem),
        Part("polygon", shade),
        Part("line", [(0.4, 0.12), (0.29, 0.41)], 0.2, width=0.014),
    ]
    if item.extras.get("cord") == "yes":
        cord = [(0.68, 0.9), (0.8, 0.95), (0.9, 0.9), (0.98, 0.95)]
        parts += [Part("line", cord, fill=CORD, width=0.014), Part("round", [(0.94, 0.9), (1.0, 0.98)], fill=CORD)]
    return parts


def chair(item: DemoItem, view: int) -> list[Part]:
    legs = WOOD if item.material != "plastic" else METAL
    return [
        *[
            Part("line", [(x, 0.58), (x + lean, 0.96)], fill=legs, width=0.034)
            for x, lean in ((0.3, -0.05), (0.7, 0.05))
        ],
        *[Part("line", [(x, 0.58), (x, 0.9)], -0.3, fill=legs, width=0.026) for x in (0.4, 0.6)],
        Part("round", [(0.26, 0.06), (0.74, 0.5)]),
        Part("round", [(0.22, 0.5), (0.78, 0.62)], -0.12),
        Part("line", [(0.4, 0.14), (0.4, 0.42)], -0.14, width=0.01),
        Part("line", [(0.5, 0.14), (0.5, 0.42)], -0.14, width=0.01),
        Part("line", [(0.6, 0.14), (0.6, 0.42)], -0.14, width=0.01),
    ]


def backpack(item: DemoItem, view: int) -> list[Part]:
    parts = [
        Part("ring", [(0.4, 0.02), (0.6, 0.2)], -0.3, width=0.03),
        Part("round", [(0.2, 0.1), (0.8, 0.94)]),
    ]
    if view == 1:
        straps = [Part("round", [(x, 0.16), (x + 0.12, 0.84)], -0.3) for x in (0.28, 0.6)]
        return [*parts, *straps]
    return [
        *parts,
        Part("line", [(0.22, 0.4), (0.78, 0.4)], -0.35, width=0.012),
        Part("round", [(0.28, 0.52), (0.72, 0.86)], -0.14),
        Part("line", [(0.3, 0.6), (0.7, 0.6)], -0.4, width=0.01),
        Part("round", [(0.47, 0.58), (0.53, 0.66)], fill=METAL),
    ]


def headphones(item: DemoItem, view: int) -> list[Part]:
    parts = [
        Part("arc", [(0.16, 0.12), (0.84, 0.86)], width=0.07),
        Part("round", [(0.08, 0.46), (0.26, 0.82)]),
        Part("round", [(0.74, 0.46), (0.92, 0.82)]),
        Part("round", [(0.24, 0.5), (0.31, 0.78)], -0.45),
        Part("round", [(0.69, 0.5), (0.76, 0.78)], -0.45),
    ]
    if item.extras.get("connection") == "wired":
        parts.append(
            Part("line", [(0.17, 0.82), (0.2, 0.92), (0.4, 0.97), (0.6, 0.93), (0.66, 0.99)], fill=CORD, width=0.014)
        )
    return parts


def phone_case(item: DemoItem, view: int) -> list[Part]:
    return [
        Part("round", [(0.29, 0.05), (0.71, 0.95)]),
        Part("round", [(0.34, 0.09), (0.52, 0.27)], -0.3),
        *[
            Part("ellipse", [(x, y), (x + 0.06, y + 0.06)], fill=(30, 32, 36))
            for x, y in ((0.36, 0.11), (0.44, 0.19), (0.44, 0.11))
        ],
        Part("line", [(0.66, 0.4), (0.66, 0.86)], 0.16, width=0.014),
    ]


def notebook(item: DemoItem, view: int) -> list[Part]:
    return [
        Part("round", [(0.24, 0.08), (0.82, 0.95)], fill=(240, 235, 222)),
        Part("round", [(0.2, 0.06), (0.78, 0.93)]),
        Part("line", [(0.28, 0.07), (0.28, 0.92)], -0.25, width=0.012),
        Part("line", [(0.7, 0.06), (0.7, 0.93)], -0.45, width=0.018),
        Part("round", [(0.37, 0.26), (0.61, 0.38)], 0.5),
    ]


SHAPES: Mapping[str, Callable[[DemoItem, int], list[Part]]] = {
    "dress": dress, "t-shirt": t_shirt, "shoes": shoes, "mug": mug, "teapot": teapot, "bottle": bottle,
    "cushion": cushion, "lamp": lamp, "chair": chair, "backpack": backpack, "headphones": headphones,
    "phone case": phone_case, "notebook": notebook,
}  # fmt: skip


def shade(colour: RGB, tone: float) -> RGB:
    """Towards black for a negative tone, towards white for a positive one."""
    target = 0 if tone < 0 else 255
    return tuple(round(part + (target - part) * abs(tone)) for part in colour)  # type: ignore[return-value]


def paint(
    layer: Image.Image,
    mask: Image.Image,
    parts: Sequence[Part],
    box: tuple[float, float, float],
    colour: RGB,
    pattern: str,
) -> None:
    """Paint the parts into the layer at the box (left, top, side), and where they are into the mask."""
    left, top, side = box
    pen, shadow = ImageDraw.Draw(layer), ImageDraw.Draw(mask)
    for part in parts:
        points = [(left + x * side, top + y * side) for x, y in part.points]
        fill = shade(part.fill or colour, part.tone)
        _draw(pen, part, points, side, (*fill, 255))
        if part.fill != LIGHT:
            _draw(shadow, part, points, side, 255)
        if part.patterned and pattern:
            _pattern(layer, part, points, box, colour, pattern)


def _draw(pen: ImageDraw.ImageDraw, part: Part, points: list[Point], side: float, fill: int | tuple[int, ...]) -> None:
    width = max(1, round(part.width * side))
    if part.shape == "polygon":
        pen.polygon(points, fill=fill)
    elif part.shape == "line":
        pen.line(points, fill=fill, width=width, joint="curve")
    else:
        corners = [points[0], points[1]]
        if part.shape == "ellipse":
            pen.ellipse(corners, fill=fill)
        elif part.shape == "ring":
            pen.ellipse(corners, outline=fill, width=width)
        elif part.shape == "arc":
            pen.arc(corners, 180, 360, fill=fill, width=width)
        else:
            pen.rounded_rectangle(corners, radius=min(side * 0.06, (points[1][1] - points[0][1]) / 2), fill=fill)


def _pattern(
    layer: Image.Image, part: Part, points: list[Point], box: tuple[float, float, float], colour: RGB, pattern: str
) -> None:
    """Stripes, checks or small flowers, cut to the part."""
    left, top, side = box
    ornament = Image.new("RGBA", layer.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(ornament)
    ink = (*shade(colour, 0.62 if sum(colour) < 480 else -0.4), 235)
    for n in range(14):
        at = n * side / 14
        if pattern in {"striped", "checked"}:
            pen.rectangle([left, top + at, left + side, top + at + side / 34], fill=ink)
        if pattern == "checked":
            pen.rectangle([left + at, top, left + at + side / 34, top + side], fill=ink)
        if pattern == "floral":
            for m in range(14):
                x, y = left + at + (m % 2) * side / 28, top + m * side / 14
                pen.ellipse([x, y, x + side / 40, y + side / 40], fill=ink)
    cut = Image.new("L", layer.size, 0)
    ImageDraw.Draw(cut).polygon(points, fill=255)
    ornament.putalpha(ImageChops.multiply(ornament.getchannel("A"), cut))
    layer.alpha_composite(ornament)
