"""What an item says of itself can be seen in its picture: colour, count, size, cord, arms, pompom."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demo import drawing
from demo.catalogue import COLOURS, DemoItem, items
from demo.household import CORD

ITEMS = {item.item_id: item for item in items()}
SETS = [item for item in items() if item.pieces > 1]


@pytest.fixture(autouse=True)
def plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn small and without shadows, so that what is not backdrop is the item."""
    if "whole" not in request.fixturenames:
        monkeypatch.setattr(drawing, "SCALE", 1)
        monkeypatch.setattr(drawing, "cast", lambda *_args, **_more: None)


@pytest.fixture
def whole() -> None:
    """Drawn as it is shown."""


def shown(item: DemoItem, view: int = 0) -> np.ndarray:
    """True where the item is."""
    bare = drawing._backdrop(drawing.SIZE, pale=item.colour in {"white", "beige"})
    difference = np.asarray(drawing.draw(item, view), dtype=int) - np.asarray(bare, dtype=int)
    found: np.ndarray = abs(difference).sum(axis=-1) > 3
    return found


def nearness(item: DemoItem, view: int = 0) -> float:
    """The share of the item's area that is close to the colour it names."""
    pixels = np.asarray(drawing.draw(item, view), dtype=int)[shown(item, view)]
    distance = np.sqrt(((pixels - np.array(COLOURS[item.colour].rgb)) ** 2).sum(axis=-1))
    return float((distance < 64).mean())


def pieces(mask: np.ndarray) -> int:
    """How many separate things stand in the picture; specks aside."""
    picture = Image.fromarray((mask * 255).astype(np.uint8)).resize((320, 320), Image.Resampling.NEAREST)
    found = 0
    while (box := picture.point(lambda value: 255 if value == 255 else 0).getbbox()) is not None:
        row = np.asarray(picture)[box[1]]
        before = int((np.asarray(picture) == 255).sum())
        ImageDraw.floodfill(picture, (int(np.argmax(row == 255)), box[1]), 100)
        found += before - int((np.asarray(picture) == 255).sum()) > 40
    return found


def width_and_height(item: DemoItem) -> tuple[int, int]:
    rows, columns = np.where(shown(item))
    return int(columns.max() - columns.min()), int(rows.max() - rows.min())


def one(kind: str, **facts: str) -> DemoItem:
    return next(item for item in items() if item.kind == kind and all(item.facts.get(k) == v for k, v in facts.items()))


def test_a_picture_shows_the_colour_it_names() -> None:
    shares = [(item, max(nearness(item, view) for view in range(len(item.images)))) for item in items()]
    assert [(one.item_id, one.colour, one.kind, share) for one, share in shares if share < 0.2] == []


@pytest.mark.parametrize("item", SETS, ids=lambda item: f"{item.pieces} {item.kind}")
def test_as_many_pieces_are_seen_as_the_attributes_say(item: DemoItem) -> None:
    assert len(drawing.places(item)) == item.pieces
    assert pieces(shown(item)) == item.pieces


def test_red_burgundy_and_pink_are_told_apart() -> None:
    means = {}
    for colour in ("red", "burgundy", "pink"):
        item = one("mug", colour=colour)
        means[colour] = np.asarray(drawing.draw(item), dtype=int)[shown(item)].mean(axis=0)
    for first, second in (("red", "burgundy"), ("red", "pink"), ("burgundy", "pink")):
        assert np.linalg.norm(means[first] - means[second]) > 50


def test_a_long_dress_is_longer_than_a_short_one() -> None:
    assert width_and_height(one("dress", length="long"))[1] > 1.2 * width_and_height(one("dress", length="short"))[1]


def test_what_is_for_children_is_smaller() -> None:
    for kind in ("t-shirt", "sneakers", "rain boots", "backpack"):
        small = width_and_height(one(kind, audience="kids"))
        large = width_and_height(one(kind, audience="women" if kind != "t-shirt" else "men"))
        assert small[0] < 0.95 * large[0]


def test_a_litre_bottle_is_taller_than_half_a_litre() -> None:
    small = one("bottle", capacity="500", straw="no")
    assert width_and_height(one("bottle", capacity="1000", straw="no"))[1] > 1.2 * width_and_height(small)[1]


def test_a_pompom_makes_a_hat_taller_and_armrests_make_a_chair_wider() -> None:
    assert (
        width_and_height(one("beanie", pompom="yes", audience="women"))[1]
        > 1.2 * width_and_height(one("beanie", pompom="no"))[1]
    )
    assert width_and_height(one("chair", arms="yes"))[0] > width_and_height(one("chair", arms="no"))[0]


@pytest.mark.parametrize("kind", ["desk lamp", "floor lamp"])
def test_a_cord_is_drawn_where_there_is_one(kind: str) -> None:
    for item in (item for item in items() if item.kind == kind and item.colour != "black"):
        pixels = np.asarray(drawing.draw(item), dtype=int)
        corded = (abs(pixels - np.array(CORD)).sum(axis=-1) < 30).sum()
        assert (corded > 100) == item.has("cord")


def test_wired_headphones_show_their_wire() -> None:
    for item in (item for item in items() if item.kind == "headphones" and item.colour != "black"):
        pixels = np.asarray(drawing.draw(item), dtype=int)
        assert ((abs(pixels - np.array(CORD)).sum(axis=-1) < 30).sum() > 100) == (item.facts["connection"] == "wired")


def test_a_pattern_is_seen() -> None:
    flat = np.asarray(drawing.draw(one("t-shirt", pattern="plain", colour="white")), dtype=int)
    striped = np.asarray(drawing.draw(one("t-shirt", pattern="striped", colour="navy")), dtype=int)

    def edges(pixels: np.ndarray) -> int:
        down = pixels[100:540, 320].sum(axis=-1)
        return int((abs(np.diff(down)) > 60).sum())

    assert edges(striped) >= 16  # eight stripes and more, two edges each
    assert edges(flat) < 8


def test_the_same_item_gives_the_same_bytes(whole: None) -> None:
    item = one("dress", pattern="floral")

    def digest(view: int) -> str:
        return hashlib.sha256(drawing.draw(item, view).tobytes()).hexdigest()

    first = digest(0)
    drawing._backdrop.cache_clear()
    assert digest(0) == first
    assert digest(1) != first


def test_a_picture_is_of_the_size_shops_use(whole: None) -> None:
    picture = drawing.draw(one("teapot"))
    assert (picture.size, picture.mode) == ((640, 640), "RGB")
