"""Product pictures, drawn from an item's facts: its colour, form, pattern, extras and count can be seen in them.

Drawn at three times the size on warm paper and scaled down. The same item gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

from demo import gadgets, household, wardrobe
from demo.catalogue import DemoItem
from demo.pen import RGB, Part, cast, paint

SIZE = 640
SCALE = 3
PAPER: RGB = (248, 245, 239)
DISC: RGB = (238, 232, 221)
DEEP_PAPER: RGB = (226, 219, 206)  # behind what is white
DEEP_DISC: RGB = (207, 198, 182)

SHAPES: Mapping[str, Callable[[DemoItem, int], list[Part]]] = {
    "dress": wardrobe.dress, "t-shirt": wardrobe.t_shirt, "sneakers": wardrobe.sneakers,
    "rain boots": wardrobe.rain_boots, "beanie": wardrobe.beanie, "backpack": wardrobe.backpack,
    "mug": household.mug, "cup": household.cup, "teapot": household.teapot, "bottle": household.bottle,
    "cushion": household.cushion, "desk lamp": household.desk_lamp, "floor lamp": household.floor_lamp,
    "chair": household.chair, "headphones": gadgets.headphones, "earbuds": gadgets.earbuds, "phone": gadgets.phone,
    "phone case": gadgets.phone_case, "journal": gadgets.journal,
}  # fmt: skip
_LYING = {"dress", "t-shirt", "cushion", "phone", "phone case", "journal", "beanie", "headphones"}
Place = tuple[str, float, float, float]  # shape, left, top, side, as shares of the picture


def draw(item: DemoItem, view: int = 0) -> Image.Image:
    """A picture of 640 x 640; `view` 1 is the item turned round."""
    picture = _backdrop(SIZE * SCALE, pale=item.colour in {"white", "beige"}).copy()
    for shape, left, top, side in places(item):
        place = (left * picture.width, top * picture.width, side * picture.width)
        parts = SHAPES[shape](item, view)
        cast(picture, parts, place, standing=item.kind not in _LYING)
        paint(picture, parts, *place)
    return picture.reduce(SCALE)


@lru_cache(maxsize=4)
def _backdrop(size: int, *, pale: bool) -> Image.Image:
    """Paper with a quiet disc, its edge barely softened."""
    paper, disc = (DEEP_PAPER, DEEP_DISC) if pale else (PAPER, DISC)
    small = Image.new("L", (size // 3, size // 3), 0)
    edge = small.width * 0.06
    ImageDraw.Draw(small).ellipse([edge, edge, small.width - edge, small.width - edge], fill=255)
    mask = small.filter(ImageFilter.GaussianBlur(size / 900)).resize((size, size), Image.Resampling.BICUBIC)
    return Image.composite(Image.new("RGB", mask.size, disc), Image.new("RGB", mask.size, paper), mask)


def places(item: DemoItem) -> list[Place]:
    """Where each piece stands: as many as the item has pieces."""
    if item.kind == "tea set":
        return _tea_table(item.pieces - 1)
    small = 0.62 if item.facts.get("audience") == "kids" else 0.76
    if item.pieces == 1:
        return [(item.kind, (1 - small) / 2, (1 - small) / 2, small)]
    columns = 2 if item.pieces <= 4 else 3
    side, lines = 0.9 / columns, -(-item.pieces // columns)
    left, top = (1 - columns * side) / 2, (1 - lines * side) / 2
    return [
        (item.kind, left + (n % columns + 0.05) * side, top + (n // columns + 0.05) * side, side * 0.9)
        for n in range(item.pieces)
    ]


def _tea_table(cups: int) -> list[Place]:
    """The pot behind, its cups in rows of at most three before it."""
    per_row = cups if cups <= 3 else -(-cups // 2)
    rows = -(-cups // per_row)
    side = 0.24
    found: list[Place] = [("teapot", 0.22, 0.02 if rows > 1 else 0.08, 0.56)]
    for n in range(cups):
        row, column = divmod(n, per_row)
        here = min(per_row, cups - row * per_row)
        left = 0.5 + (column - here / 2) * (side + 0.02) + 0.01
        found.append(("cup", left, (0.52 if rows > 1 else 0.6) + row * 0.19, side))
    return found
