"""A pen for product pictures: outlines in a unit square, filled, rounded by light, patterned, and given a shadow.

Knows nothing of items. Outlines are written as in SVG (M, L, C, Q, Z, absolute); y runs downwards. The same parts
always give the same bytes.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
RGB = tuple[int, int, int]
Outline = tuple[Point, ...]
SHADOW: RGB = (92, 78, 58)
_STEPS = 18
_TOKEN = re.compile(r"[MLCQZ]|-?\d*\.?\d+")


@dataclass(frozen=True)
class Part:
    """An area, or with `width` a stroke along the outline. `light` names how it is rounded, `strength` how much."""

    outline: Outline
    fill: RGB
    width: float = 0.0
    closed: bool = False
    light: str = ""
    strength: float = 1.0
    pattern: str = ""
    ink: RGB = (0, 0, 0)
    opacity: float = 1.0
    inside: Outline = ()
    shadow: bool = True


def path(text: str) -> Outline:
    """The points of an outline written as in SVG."""
    found = _TOKEN.findall(text)
    points: list[Point] = []
    command, at = "M", 0
    while at < len(found):
        if found[at].isalpha():
            command, at = found[at], at + 1
            continue
        count = {"M": 1, "L": 1, "Q": 2, "C": 3}[command]
        numbers = [float(one) for one in found[at : at + 2 * count]]
        at += 2 * count
        given = list(zip(numbers[::2], numbers[1::2], strict=True))
        points += given if count == 1 else _curve([points[-1], *given])
    return tuple(points)


def _curve(controls: Sequence[Point]) -> list[Point]:
    """A Bezier curve without its first point, by de Casteljau."""
    found: list[Point] = []
    for step in range(1, _STEPS + 1):
        t, left = step / _STEPS, list(controls)
        while len(left) > 1:
            left = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in itertools.pairwise(left)]
        found.append(left[0])
    return found


def mirrored(right: str) -> Outline:
    """A symmetric outline from its right half, drawn from top to bottom of the middle line."""
    half = path(right)
    return half + tuple((1 - x, y) for x, y in reversed(half))


def flipped(outline: Outline) -> Outline:
    return tuple((1 - x, y) for x, y in outline)


def oval(x: float, y: float, rx: float, ry: float) -> Outline:
    turns = [2 * math.pi * step / 72 for step in range(72)]
    return tuple((x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns)


def slab(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> Outline:
    """A box with round corners."""
    if radius <= 0:
        return ((left, top), (right, top), (right, bottom), (left, bottom))
    corners = ((right - radius, top + radius, -90), (right - radius, bottom - radius, 0),
               (left + radius, bottom - radius, 90), (left + radius, top + radius, 180))  # fmt: skip
    return tuple(
        (x + radius * math.cos(math.radians(start + 9 * step)), y + radius * math.sin(math.radians(start + 9 * step)))
        for x, y, start in corners
        for step in range(11)
    )


def moved(parts: Iterable[Part], dx: float = 0.0, dy: float = 0.0, scale: float = 1.0) -> list[Part]:
    """The parts scaled from the top left corner, then shifted."""

    def move(outline: Outline) -> Outline:
        return tuple((x * scale + dx, y * scale + dy) for x, y in outline)

    return [
        replace(part, outline=move(part.outline), inside=move(part.inside), width=part.width * scale) for part in parts
    ]


def shade(colour: RGB, tone: float) -> RGB:
    """Towards black for a negative tone, towards white for a positive one."""
    target = 0 if tone < 0 else 255
    red, green, blue = (round(part + (target - part) * abs(tone)) for part in colour)
    return red, green, blue


def luminance(colour: RGB) -> float:
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def line_on(colour: RGB, much: float = 1.0) -> RGB:
    """A seam that can be seen: darker on what is light, lighter on what is nearly black."""
    dark = luminance(colour) < 70
    return shade(colour, 0.2 * much) if dark else shade(colour, -0.2 * much)


# How much light (positive) or shadow (negative) falls on a surface, at u across and v down (both 0 to 1).
_LIGHTS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "round": lambda u, v: 0.34 * np.exp(-(((u - 0.26) / 0.13) ** 2)) - 0.34 * np.clip((u - 0.5) / 0.5, 0, 1) ** 1.6
    - 0.12 * np.clip((0.1 - u) / 0.1, 0, 1),
    "ball": lambda u, v: 0.42 * np.exp(-(((u - 0.34) / 0.2) ** 2) - ((v - 0.28) / 0.2) ** 2)
    - 0.62 * np.clip(np.hypot(u - 0.4, v - 0.34) / 0.75 - 0.2, 0, 1) ** 1.9,
    "soft": lambda u, v: 0.16 * np.exp(-(((u - 0.34) / 0.24) ** 2)) - 0.2 * np.clip((u - 0.55) / 0.45, 0, 1) ** 1.4,
    "down": lambda u, v: 0.12 * (1 - v) ** 2 + 0 * u - 0.16 * v**2,
    "puffed": lambda u, v: 0.2 * np.exp(-(((u - 0.38) / 0.3) ** 2) - ((v - 0.32) / 0.3) ** 2)
    - 0.36 * np.clip(np.hypot(u - 0.5, v - 0.48) * 1.5 - 0.3, 0, 1) ** 1.8,
    "sheen": lambda u, v: 0.22 * ((u + v * 0.55 > 0.5) & (u + v * 0.55 < 0.72)) + 0.0 * u,
}  # fmt: skip


@lru_cache(maxsize=64)
def _light(name: str, strength: float) -> tuple[Image.Image, Image.Image]:
    """Masks of the light and of the shadow, small; they are stretched over the part."""
    v, u = np.mgrid[0:1:160j, 0:1:160j]
    values = _LIGHTS[name](u, v) * strength * 255
    bright, dark = (np.clip(values * sign, 0, 255).astype(np.uint8) for sign in (1, -1))
    return Image.fromarray(bright), Image.fromarray(dark)


def paint(picture: Image.Image, parts: Sequence[Part], left: float, top: float, side: float) -> None:
    """Paint the parts, first to last, into the square at (left, top), in pixels."""
    for part in parts:
        points = _place(part.outline, left, top, side)
        if part.width:
            _stroke(picture, part, points, side)
        elif not (part.light or part.pattern or part.inside or part.opacity < 1):
            ImageDraw.Draw(picture).polygon(points, fill=part.fill)
        else:
            _area(picture, part, points, (left, top, side))


def _place(outline: Outline, left: float, top: float, side: float) -> list[Point]:
    return [(left + x * side, top + y * side) for x, y in outline]


def _area(picture: Image.Image, part: Part, points: list[Point], place: tuple[float, float, float]) -> None:
    left, top, side = place
    box = _box(points, picture.size)
    mask = _mask(points, box)
    if part.inside:
        mask = ImageChops.multiply(mask, _mask(_place(part.inside, left, top, side), box))
    solid = mask if part.opacity >= 1 else mask.point(lambda value: int(value * part.opacity))
    picture.paste(part.fill, box, solid)
    if part.pattern:
        picture.paste(part.ink, box, ImageChops.multiply(solid, _ornament(part.pattern, box, place)))
    if part.light:
        for tone, fall in zip(((255, 255, 255), (0, 0, 0)), _light(part.light, part.strength), strict=True):
            stretched = fall.resize(mask.size, Image.Resampling.BILINEAR)
            picture.paste(tone, box, ImageChops.multiply(mask, stretched))


def _box(points: Sequence[Point], size: tuple[int, int]) -> tuple[int, int, int, int]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top = max(0, math.floor(min(xs))), max(0, math.floor(min(ys)))
    return left, top, min(size[0], math.ceil(max(xs)) + 1), min(size[1], math.ceil(max(ys)) + 1)


def _mask(points: Sequence[Point], box: tuple[int, int, int, int]) -> Image.Image:
    mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
    ImageDraw.Draw(mask).polygon([(x - box[0], y - box[1]) for x, y in points], fill=255)
    return mask


def _stroke(picture: Image.Image, part: Part, points: list[Point], side: float) -> None:
    """A line with round ends; a faint one goes through a mask."""
    if part.opacity >= 1:
        _line(ImageDraw.Draw(picture), points, part.width * side, part.fill, closed=part.closed)
        return
    margin = part.width * side
    spread = [(x + dx, y + dy) for x, y in points for dx, dy in ((-margin, -margin), (margin, margin))]
    box = _box(spread, picture.size)
    mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
    within = [(x - box[0], y - box[1]) for x, y in points]
    _line(ImageDraw.Draw(mask), within, part.width * side, int(255 * part.opacity), closed=part.closed)
    picture.paste(part.fill, box, mask)


def _line(pen: ImageDraw.ImageDraw, points: list[Point], width: float, fill: int | RGB, *, closed: bool) -> None:
    pen.line([*points, points[0]] if closed else points, fill=fill, width=max(1, round(width)), joint="curve")
    if not closed:
        for x, y in (points[0], points[-1]):
            pen.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=fill)


def _ornament(pattern: str, box: tuple[int, int, int, int], place: tuple[float, float, float]) -> Image.Image:
    """The ornament's mask over the box; its measure is the square's, so that every part of an item joins."""
    left, top, side = place
    mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
    pen = ImageDraw.Draw(mask)

    def rectangle(x: float, y: float, width: float, height: float, fill: int) -> None:
        x0, y0 = left + x * side - box[0], top + y * side - box[1]
        pen.rectangle([x0, y0, x0 + width * side, y0 + height * side], fill=fill)

    if pattern in {"striped", "checked"}:
        for n in range(16):
            rectangle(0, n / 15, 1, 1 / 34, 235)
    if pattern == "checked":
        across = Image.new("L", mask.size, 0)
        mask = mask.point(lambda value: value // 2)
        pen = ImageDraw.Draw(across)
        for n in range(16):
            rectangle(n / 15, 0, 1 / 34, 1, 118)
        return ImageChops.add(mask, across)
    if pattern == "floral":
        _flowers(pen, box, place)
    if pattern == "dotted":
        for n in range(16):
            for m in range(16):
                x, y = left + (n + (m % 2) / 2) * side / 15 - box[0], top + m * side / 15 - box[1]
                pen.ellipse([x - side / 90, y - side / 90, x + side / 90, y + side / 90], fill=240)
    if pattern == "ribs":
        for n in range(60):
            rectangle(n / 46, 0, 1 / 150, 1, 70)
    if pattern == "weave":
        for n in range(90):
            rectangle(0, n / 84, 1, 1 / 260, 34)
            rectangle(n / 84, 0, 1 / 260, 1, 34)
    if pattern == "grain":
        _grain(pen, box, place)
    return mask


def _flowers(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], place: tuple[float, float, float]) -> None:
    left, top, side = place
    petal = side / 74
    for m in range(12):
        for n in range(12):
            x, y = left + (n + (m % 2) / 2) * side / 10.5 - box[0], top + (m + 0.3) * side / 10.5 - box[1]
            for turn in range(5):
                angle = math.radians(72 * turn + 31 * (n + m))
                px, py = x + math.cos(angle) * petal * 1.25, y + math.sin(angle) * petal * 1.25
                pen.ellipse([px - petal, py - petal, px + petal, py + petal], fill=235)
            pen.ellipse([x - petal * 0.7, y - petal * 0.7, x + petal * 0.7, y + petal * 0.7], fill=60)


def _grain(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], place: tuple[float, float, float]) -> None:
    left, top, side = place
    for n in range(40):
        x = left + n / 38 * side - box[0]
        points = [
            (x + math.sin(step / 3 + n * 1.7) * side / 240, top + step / 24 * side - box[1]) for step in range(25)
        ]
        pen.line(points, fill=46, width=max(1, round(side / 300)))


def cast(picture: Image.Image, parts: Sequence[Part], place: tuple[float, float, float], *, standing: bool) -> None:
    """The shadow of the parts: soft and close below; of what stands, a pool on the ground as well."""
    left, top, side = place
    shrink = 6
    small = Image.new("L", (picture.width // shrink, picture.height // shrink), 0)
    pen = ImageDraw.Draw(small)
    drop = side * (0.008 if standing else 0.02)
    lowest = 0.0
    for part in (one for one in parts if one.shadow and one.opacity > 0.3):
        points = [(x / shrink, (y + drop) / shrink) for x, y in _place(part.outline, left, top, side)]
        lowest = max(lowest, *(y for _, y in part.outline))
        if part.width:
            pen.line(points, fill=255, width=max(1, round(part.width * side / shrink)), joint="curve")
        else:
            pen.polygon(points, fill=255)
    near = small.filter(ImageFilter.GaussianBlur(side / shrink / 55)).point(lambda value: int(value * 0.3))
    _lay(picture, near)
    if standing:
        _lay(picture, _pool(small, lowest * side / shrink + top / shrink, side / shrink))


def _pool(silhouette: Image.Image, ground: float, side: float) -> Image.Image:
    """The silhouette pressed flat on the ground, blurred."""
    box = silhouette.getbbox() or (0, 0, 1, 1)
    flat = silhouette.crop(box).resize((box[2] - box[0], max(1, round(side * 0.045))), Image.Resampling.BOX)
    pool = Image.new("L", silhouette.size, 0)
    pool.paste(flat.point(lambda value: min(255, value * 3)), (box[0], round(ground - side * 0.025)))
    return pool.filter(ImageFilter.GaussianBlur(side / 48)).point(lambda value: int(value * 0.42))


def _lay(picture: Image.Image, mask: Image.Image) -> None:
    picture.paste(SHADOW, (0, 0, *picture.size), mask.resize(picture.size, Image.Resampling.BILINEAR))
