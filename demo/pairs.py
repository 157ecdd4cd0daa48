"""The demo's queries, which items they are paired with, and the labels that are true of them.

A label follows from the items' own facts by `truth`; a quarter of the pairs carry it as gold, some carry ratings of
three invented raters who now and then disagree, most are left for people to judge.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo import drawing
from demo.catalogue import COLOURS, DemoItem, items

LICENCE = "Apache-2.0"
PER_LABEL = {"L4": 2, "L3": 2, "L2": 2, "L1": 1}


@dataclass(frozen=True)
class Wish:
    """A query and what it asks for; `kind` empty where only a brand is asked."""

    text: str
    kind: str
    locale: str = "en"
    colour: str = ""
    material: str = ""
    brand: str = ""
    below: int = 0
    extras: Mapping[str, str] = field(default_factory=dict)
    benchmark: bool = False


def _en(text: str, kind: str, **asked: Any) -> Wish:
    known = {name: asked.pop(name) for name in ("colour", "material", "brand", "below", "benchmark") if name in asked}
    return Wish(text, kind, "en", extras=asked, **known)


def _zh(text: str, kind: str, **asked: Any) -> Wish:
    return Wish(**{**_en(text, kind, **asked).__dict__, "locale": "zh"})


WISHES: tuple[Wish, ...] = (
    _en("burgundy long dress cotton", "dress", colour="burgundy", material="cotton", length="long"),
    _en("red dress", "dress", colour="red"),
    _en("short linen dress", "dress", material="linen", length="short"),
    _en("summer dress", "dress", season="summer"),
    _en("white t-shirt men", "t-shirt", colour="white", audience="men"),
    _en("striped t-shirt", "t-shirt", pattern="striped"),
    _en("kids t-shirt", "t-shirt", audience="kids"),
    _en("women's white sneakers", "shoes", colour="white", audience="women"),
    _en("red shoes", "shoes", colour="red", benchmark=True),
    _en("leather sneakers men", "shoes", material="leather", audience="men"),
    _en("red mug", "mug", colour="red"),
    _en("set of 4 mugs", "mug", pieces="4"),
    _en("glass mug", "mug", material="glass"),
    _en("white ceramic teapot", "teapot", colour="white", material="ceramic"),
    _en("glass teapot", "teapot", material="glass", benchmark=True),
    _en("500 ml bottle", "bottle", capacity="500"),
    _en("insulated water bottle blue", "bottle", colour="blue", insulated="yes"),
    _en("yellow velvet cushion", "cushion", colour="yellow", material="velvet"),
    _en("striped cushion", "cushion", pattern="striped"),
    _en("lamp without cord", "lamp", cord="no"),
    _en("dimmable desk lamp", "lamp", dimmable="yes"),
    _en("black desk lamp", "lamp", colour="black"),
    _en("wooden chair", "chair", material="wood"),
    _en("red velvet chair", "chair", colour="red", material="velvet"),
    _en("waterproof backpack", "backpack", waterproof="yes"),
    _en("kids backpack red", "backpack", colour="red", audience="kids"),
    _en("wireless headphones", "headphones", connection="wireless"),
    _en("headphones under 100", "headphones", below=100),
    _en("phone case", "phone case"),
    _en("red silicone phone case", "phone case", colour="red", material="silicone"),
    _en("leather journal", "notebook", material="leather", benchmark=True),
    _en("talvi lamp", "lamp", brand="Talvi"),
    _en("lindenhof", "", brand="Lindenhof"),
    _en("journal 2026", "notebook", year="2026"),
    _zh("酒红色长款连衣裙", "dress", colour="burgundy", length="long"),
    _zh("夏季连衣裙", "dress", season="summer"),
    _zh("白色T恤 女", "t-shirt", colour="white", audience="women"),
    _zh("儿童 双肩包", "backpack", audience="kids"),
    _zh("红色 运动鞋 男", "shoes", colour="red", audience="men"),
    _zh("陶瓷马克杯", "mug", material="ceramic"),
    _zh("保温水杯 500ml", "bottle", capacity="500", insulated="yes"),
    _zh("无线耳机", "headphones", connection="wireless"),
    _zh("100元以下 耳机", "headphones", below=100),
    _zh("白色茶壶", "teapot", colour="white", benchmark=True),
    _zh("粉色 抱枕", "cushion", colour="pink"),
    _zh("实木椅子", "chair", material="wood"),
    _zh("真皮手机壳", "phone case", material="leather"),
    _zh("防水双肩包 黑色", "backpack", colour="black", waterproof="yes"),
)
_DIMENSIONS = {
    "length": "style_details", "pattern": "style_details", "season": "season", "audience": "audience",
    "pieces": "set_single", "capacity": "specification", "year": "year", "insulated": "function", "cord": "function",
    "dimmable": "function", "waterproof": "function", "connection": "function",
}  # fmt: skip
_NEAR_MATERIALS = ({"cotton", "linen"}, {"ceramic", "glass"}, {"leather", "canvas"})
_FORGIVING = {"pieces", "dimmable", "insulated", "waterproof", "pattern", "season", "year"}


def truth(wish: Wish, item: DemoItem) -> tuple[str, str]:
    """The label that is true of a pair, and the mismatched dimension of an L2."""
    if wish.kind and wish.kind != item.kind:
        return "L1", ""
    found = [
        *_colour(wish, item),
        *_material(wish, item),
        *_brand(wish, item),
        *_price(wish, item),
        *_extras(wish, item),
    ]
    conflict = next((dimension for dimension, verdict in found if verdict == "conflict"), "")
    if conflict:
        return "L2", conflict
    return ("L3", "") if any(verdict == "near" for _, verdict in found) else ("L4", "")


def _colour(wish: Wish, item: DemoItem) -> Iterator[tuple[str, str]]:
    if wish.colour and wish.colour != item.colour:
        near = COLOURS[wish.colour].family == COLOURS[item.colour].family
        yield "colour", "near" if near else "conflict"


def _material(wish: Wish, item: DemoItem) -> Iterator[tuple[str, str]]:
    if wish.material and wish.material != item.material:
        near = any({wish.material, item.material} <= group for group in _NEAR_MATERIALS)
        yield "material", "near" if near else "conflict"


def _brand(wish: Wish, item: DemoItem) -> Iterator[tuple[str, str]]:
    if wish.brand and wish.brand != item.brand:
        yield "brand", "conflict"


def _price(wish: Wish, item: DemoItem) -> Iterator[tuple[str, str]]:
    if wish.below and item.price > wish.below:
        yield "price", "near" if item.price <= wish.below * 1.1 else "conflict"


def _extras(wish: Wish, item: DemoItem) -> Iterator[tuple[str, str]]:
    for name, wanted in wish.extras.items():
        has = item.extras.get(name, "1" if name == "pieces" else "")
        if has == wanted:
            continue
        if name == "capacity":
            close = bool(has) and abs(int(has) - int(wanted)) <= int(wanted) / 10
            yield _DIMENSIONS[name], "near" if close else "conflict"
        else:
            yield _DIMENSIONS[name], "near" if not has or name in _FORGIVING else "conflict"


def _order(text: str) -> str:
    """A fixed shuffle."""
    return hashlib.sha256(text.encode()).hexdigest()


def chosen(wish: Wish) -> list[tuple[DemoItem, str, str]]:
    """The items a query is paired with: some of each label, seven or fewer."""
    judged = [(item, *truth(wish, item)) for item in sorted(items(), key=lambda one: _order(wish.text + one.item_id))]
    answer: list[tuple[DemoItem, str, str]] = []
    for label, most in PER_LABEL.items():
        answer += [one for one in judged if one[1] == label][:most]
    spare = [one for one in judged if one not in answer and one[1] != "L1"]
    answer += spare[: 6 - len(answer)] if len(answer) < 6 else []
    others = [one for one in judged if one not in answer]
    answer += others[: 6 - len(answer)] if len(answer) < 6 else []
    return sorted(answer, key=lambda one: _order(one[0].item_id + wish.text))


def rows() -> Iterator[dict[str, Any]]:
    """The pairs in the product's own import form."""
    for number, wish in enumerate(WISHES):
        for item, label, mismatch in chosen(wish):
            fate = int(_order(f"fate {wish.text} {item.item_id}")[:4], 16) % 100
            gold = wish.benchmark or fate < 20
            rated = not gold and 20 <= fate < 42
            yield {
                "pair_id": f"demo-{number + 1:02}-{item.item_id}",
                "query": wish.text,
                "locale": wish.locale,
                **_item_fields(item),
                "label": label if gold else None,
                "mismatch": mismatch or None if gold else None,
                "label_scale": "lore-4",
                "ratings": ratings(label, f"{wish.text} {item.item_id}") if rated else None,
                "benchmark": wish.benchmark,
                "source": "LORE Copilot demo",
                "licence": LICENCE,
                "attribution": "",
            }


def _item_fields(item: DemoItem) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "title": item.title,
        "category": item.category,
        "attributes": item.attributes,
        "skus": item.skus,
        "shop": item.brand,
        "description": "",
        "selling_points": item.selling_points,
        "price": str(item.price),
        "images": item.images,
    }


def ratings(label: str, seed: str) -> list[dict[str, str]]:
    """Two raters who say the truth and, now and then, a third who is one step off."""
    said = [{"rater": "r1", "label": label}, {"rater": "r2", "label": label}]
    draw = int(_order(seed)[:4], 16) % 10
    if draw < 3:
        step = {"L1": "L2", "L2": "L3", "L3": "L4", "L4": "L3"}[label]
        said[1] = {"rater": "r3", "label": step}
    return said


def image_names() -> list[str]:
    return [name for item in items() for name in item.images]


def write(folder: Path) -> None:
    """pairs.jsonl and images/*.png into a folder."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for item in items():
        for view, name in enumerate(item.images):
            drawing.draw(item, view).save(folder / "images" / name, optimize=False)
    with (folder / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for row in rows():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
