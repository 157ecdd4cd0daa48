"""Product pictures, drawn: flat shapes in the item's own colour, so that colour, shape, pattern and count can be seen.

Drawn at three times the size and scaled down, on warm paper with a soft shadow. The same item gives the same picture.
"""

from __future__ import annotations

from PIL import Image, ImageFilter

from demo import shapes
from demo.catalogue import COLOURS, DemoItem

SIZE = 640
SCALE = 3
PAPER = (246, 243, 236)
DEEPER = (221, 215, 203)  # behind what is white
SHADOW = (120, 110, 95)


def draw(item: DemoItem, view: int = 0) -> Image.Image:
    """A picture of 640 x 640; `view` 1 is the item turned round."""
    big = SIZE * SCALE
    picture = Image.new("RGB", (big, big), DEEPER if item.colour in {"white", "beige"} else PAPER)
    for box in places(item):
        mask = Image.new("L", (big, big), 0)
        outline = shapes.SHAPES[item.kind](item, view)
        layer = Image.new("RGBA", (big, big), (0, 0, 0, 0))
        shapes.paint(layer, mask, outline, _fit(box), COLOURS[item.colour].rgb, item.extras.get("pattern", ""))
        _cast_shadow(picture, mask)
        picture.paste(layer, (0, 0), layer)
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def places(item: DemoItem) -> list[tuple[float, float, float]]:
    """Where each piece stands: left, top and side, as shares of the picture. As many as the item has pieces."""
    small = 0.72 if item.extras.get("audience") == "kids" else 0.84
    if item.pieces == 1:
        return [((1 - small) / 2, (1 - small) / 2, small)]
    columns = 2 if item.pieces <= 4 else 3
    side = 0.88 / columns
    lines = -(-item.pieces // columns)
    top = (1 - lines * side) / 2
    return [(0.06 + (n % columns) * side, top + (n // columns) * side, side * 0.96) for n in range(item.pieces)]


def _fit(box: tuple[float, float, float]) -> tuple[float, float, float]:
    big = SIZE * SCALE
    return box[0] * big, box[1] * big, box[2] * big


def _cast_shadow(picture: Image.Image, mask: Image.Image) -> None:
    """Blurred at a quarter of the size: as soft, and much cheaper."""
    quarter = (mask.width // 4, mask.height // 4)
    soft = mask.resize(quarter).filter(ImageFilter.GaussianBlur(9)).resize(mask.size)
    faint = soft.point(lambda value: int(value * 0.35))
    shifted = Image.new("L", mask.size, 0)
    shifted.paste(faint, (10, 34))
    picture.paste(Image.new("RGB", picture.size, SHADOW), (0, 0), shifted)
