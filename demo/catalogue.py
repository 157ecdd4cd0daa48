"""Invented items of invented brands, in English and Chinese, made from one compact table.

An item's `look` is what its picture shows; its attributes say the same in words. Nothing here is a real product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Colour(NamedTuple):
    """A named colour: how it is drawn, what it is called in Chinese, and which colours are near it."""

    rgb: tuple[int, int, int]
    zh: str
    family: str


COLOURS: Mapping[str, Colour] = {
    "red": Colour((196, 49, 44), "红色", "red"),
    "burgundy": Colour((112, 26, 46), "酒红色", "red"),
    "pink": Colour((232, 158, 176), "粉色", "pink"),
    "orange": Colour((222, 122, 45), "橙色", "orange"),
    "yellow": Colour((233, 189, 64), "黄色", "yellow"),
    "green": Colour((62, 124, 84), "绿色", "green"),
    "teal": Colour((38, 122, 128), "青色", "blue"),
    "blue": Colour((58, 104, 178), "蓝色", "blue"),
    "navy": Colour((32, 46, 88), "藏青色", "blue"),
    "purple": Colour((118, 82, 152), "紫色", "purple"),
    "brown": Colour((122, 82, 54), "棕色", "brown"),
    "white": Colour((244, 242, 236), "白色", "beige"),
    "beige": Colour((214, 196, 164), "米色", "beige"),
    "grey": Colour((132, 136, 142), "灰色", "grey"),
    "black": Colour((38, 38, 42), "黑色", "black"),
}
MATERIALS_ZH = {
    "cotton": "纯棉", "linen": "亚麻", "polyester": "涤纶", "leather": "真皮", "canvas": "帆布", "ceramic": "陶瓷",
    "glass": "玻璃", "metal": "金属", "wood": "实木", "plastic": "塑料", "silicone": "硅胶", "velvet": "丝绒",
    "wool": "羊毛", "paper": "纸",
}  # fmt: skip
AUDIENCE_ZH = {"women": "女士", "men": "男士", "kids": "儿童"}
BRANDS = ("Lindenhof", "Talvi", "Morrow", "Kestrel", "青禾", "云岫")
SHOPS = {"Lindenhof": "Lindenhof Store", "Talvi": "Talvi", "Morrow": "Morrow & Daughters", "Kestrel": "Kestrel Outfitters",
         "青禾": "青禾旗舰店", "云岫": "云岫家居"}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of thing: its names, its category, what it is made of and what it costs at least."""

    en: str
    zh: str
    category: str
    category_zh: str
    price: int
    code: str


KINDS: Mapping[str, Kind] = {
    "dress": Kind("dress", "连衣裙", "Women > Dresses", "女装 > 连衣裙", 59, "DR"),
    "t-shirt": Kind("t-shirt", "T恤", "Clothing > T-shirts", "服装 > T恤", 19, "TS"),
    "shoes": Kind("sneakers", "运动鞋", "Shoes > Sneakers", "鞋靴 > 运动鞋", 69, "SH"),
    "mug": Kind("mug", "马克杯", "Kitchen > Mugs", "厨房 > 马克杯", 12, "MG"),
    "teapot": Kind("teapot", "茶壶", "Kitchen > Teapots", "厨房 > 茶壶", 34, "TP"),
    "bottle": Kind("water bottle", "水杯", "Kitchen > Bottles", "厨房 > 水杯", 16, "BT"),
    "cushion": Kind("cushion", "抱枕", "Home > Cushions", "家居 > 抱枕", 22, "CU"),
    "lamp": Kind("desk lamp", "台灯", "Home > Lamps", "家居 > 台灯", 48, "LP"),
    "chair": Kind("chair", "椅子", "Furniture > Chairs", "家具 > 椅子", 110, "CH"),
    "backpack": Kind("backpack", "双肩包", "Bags > Backpacks", "箱包 > 双肩包", 54, "BP"),
    "headphones": Kind("headphones", "耳机", "Audio > Headphones", "影音 > 耳机", 79, "HP"),
    "phone case": Kind("phone case", "手机壳", "Accessories > Phone cases", "配件 > 手机壳", 14, "PC"),
    "notebook": Kind("journal", "手账本", "Stationery > Journals", "文具 > 手账", 9, "NB"),
}

# kind: language, brand number, colour, material, extras as "name=value"
_TABLE = """
dress: en 0 burgundy cotton length=long audience=women | en 1 red polyester length=long audience=women | en 0 blue cotton length=short audience=women pattern=checked | en 2 burgundy linen length=short audience=women | zh 4 red cotton length=long audience=women season=summer | zh 5 navy wool length=long audience=women season=winter | zh 4 yellow linen length=short audience=women season=summer pattern=floral
t-shirt: en 3 white cotton audience=men | en 3 black cotton audience=men pattern=striped | en 0 red cotton audience=women | en 2 blue polyester audience=kids pattern=striped | zh 4 white cotton audience=women | zh 5 green cotton audience=kids
shoes: en 3 white leather audience=women size=38 | en 3 red canvas audience=women size=39 | en 3 black leather audience=men size=43 | en 1 blue canvas audience=kids size=31 | zh 4 white canvas audience=women size=38 | zh 5 red leather audience=men size=42
mug: en 1 red ceramic capacity=300 | en 1 blue ceramic capacity=300 | en 1 white ceramic capacity=350 pieces=4 | en 2 white ceramic capacity=350 pieces=6 | en 0 green glass capacity=400 | zh 5 burgundy ceramic capacity=320 | zh 4 black ceramic capacity=350 pieces=2
teapot: en 1 white ceramic capacity=900 | en 2 green glass capacity=700 | zh 5 brown ceramic capacity=600 | zh 5 white ceramic capacity=800 | zh 4 teal ceramic capacity=600
bottle: en 3 blue metal capacity=500 insulated=yes | en 3 green metal capacity=750 insulated=yes | en 2 pink plastic capacity=500 | en 1 black metal capacity=480 insulated=yes | zh 4 white glass capacity=500 | zh 5 black metal capacity=500 insulated=yes
cushion: en 0 yellow velvet size=45 | en 0 teal linen size=50 pattern=striped | en 2 grey wool size=45 | zh 5 pink velvet size=45 | zh 4 beige linen size=45 pattern=checked
lamp: en 1 white metal cord=no dimmable=yes | en 1 black metal cord=yes | en 2 brown wood cord=yes | en 0 green metal cord=yes dimmable=yes | zh 5 white metal cord=yes dimmable=yes | zh 4 pink plastic cord=no
chair: en 2 brown wood | en 2 black wood | en 0 red velvet | en 1 grey plastic | zh 5 brown wood | zh 4 green velvet
backpack: en 3 navy canvas capacity=20 waterproof=yes audience=men | en 3 red polyester capacity=25 audience=kids | en 0 brown leather capacity=18 audience=women | en 1 black polyester capacity=30 waterproof=yes | zh 4 blue canvas capacity=15 audience=kids | zh 5 black polyester capacity=22 waterproof=yes
headphones: en 1 black plastic connection=wireless | en 1 white plastic connection=wired | en 3 blue plastic connection=wireless | en 2 red plastic connection=wired | zh 5 white plastic connection=wireless | zh 4 pink plastic connection=wireless
phone case: en 0 black leather | en 2 red silicone | en 1 blue silicone | zh 4 pink silicone | zh 5 green leather
notebook: en 2 red paper pages=120 year=2026 | en 2 black leather pages=200 | en 0 green paper pages=96 year=2025 | zh 5 brown leather pages=160 | zh 4 yellow paper pages=120 year=2026
"""


@dataclass(frozen=True)
class DemoItem:
    item_id: str
    kind: str
    language: str
    brand: str
    colour: str
    material: str
    extras: Mapping[str, str]
    price: int

    @property
    def pieces(self) -> int:
        return int(self.extras.get("pieces", "1"))

    @property
    def images(self) -> list[str]:
        """Two views of what has a back or an inside worth seeing."""
        views = 2 if self.kind in {"dress", "shoes", "backpack"} else 1
        return [f"{self.item_id}-{view}.png" for view in range(1, views + 1)]

    @property
    def category(self) -> str:
        kind = KINDS[self.kind]
        return kind.category if self.language == "en" else kind.category_zh

    @property
    def title(self) -> str:
        return _title_en(self) if self.language == "en" else _title_zh(self)

    @property
    def attributes(self) -> dict[str, str]:
        return _attributes(self)

    @property
    def selling_points(self) -> list[str]:
        if self.language == "zh":
            return [f"{MATERIALS_ZH[self.material]}材质", "七天无理由退换"]
        return [f"Made of {self.material}", "Thirty days to change your mind"]

    @property
    def skus(self) -> list[dict[str, object]]:
        code = f"{KINDS[self.kind].code}-{self.item_id[-3:]}-{self.colour[:2].upper()}"
        sizes = {"dress": ("S", "M", "L"), "t-shirt": ("S", "M", "L")}.get(self.kind, ("",))
        return [
            {
                "sku": f"{code}-{size}".rstrip("-"),
                "name": size or self.title,
                "attributes": {"colour": self.colour, **({"size": size} if size else {})},
            }
            for size in sizes
        ]


def _title_en(item: DemoItem) -> str:
    extras = item.extras
    words = [item.brand, f"Set of {item.pieces}" if item.pieces > 1 else ""]
    words += [extras.get("audience", "").replace("women", "Women's").replace("kids", "Kids'")]
    words[-1] = "Men's" if extras.get("audience") == "men" else words[-1]
    words += [extras.get("length", ""), extras.get("connection", ""), "waterproof" if "waterproof" in extras else ""]
    words += ["insulated" if "insulated" in extras else "", "cordless" if extras.get("cord") == "no" else ""]
    words += [extras.get("pattern", ""), KINDS[item.kind].en + ("s" if item.pieces > 1 else "")]
    tail = [f"{extras['capacity']} {_capacity_unit(item)}"] if "capacity" in extras else []
    tail += [item.colour, item.material]
    head = " ".join(word for word in words if word)
    return f"{head}, {', '.join(tail)}"


def _title_zh(item: DemoItem) -> str:
    extras = item.extras
    words = [item.brand, {"summer": "夏季", "winter": "冬季"}.get(extras.get("season", ""), "")]
    words += [AUDIENCE_ZH.get(extras.get("audience", ""), ""), COLOURS[item.colour].zh, MATERIALS_ZH[item.material]]
    words += [{"long": "长款", "short": "短款"}.get(extras.get("length", ""), "")]
    words += [{"wireless": "无线", "wired": "有线"}.get(extras.get("connection", ""), "")]
    words += ["防水" if "waterproof" in extras else "", "保温" if "insulated" in extras else ""]
    words += ["无线充电式" if extras.get("cord") == "no" else ""]
    words += [{"striped": "条纹", "checked": "格纹", "floral": "碎花"}.get(extras.get("pattern", ""), "")]
    words += [KINDS[item.kind].zh, f"{item.pieces}件套" if item.pieces > 1 else ""]
    words += [f" {extras['capacity']}{_capacity_unit(item)}" if "capacity" in extras else ""]
    return "".join(words)


def _capacity_unit(item: DemoItem) -> str:
    return "l" if item.kind == "backpack" else "ml"


def _attributes(item: DemoItem) -> dict[str, str]:
    """The same facts under the names a catalogue of that language uses."""
    extras = item.extras
    zh = item.language == "zh"
    names = {"brand": "品牌", "colour": "颜色", "material": "材质", "price": "价格"}
    pairs = {
        "brand": item.brand,
        "colour": COLOURS[item.colour].zh if zh else item.colour,
        "material": MATERIALS_ZH[item.material] if zh else item.material,
        "price": str(item.price),
    }
    answer = {names[name] if zh else name: value for name, value in pairs.items()}
    if "audience" in extras:
        answer["适用人群" if zh else "audience"] = AUDIENCE_ZH[extras["audience"]] if zh else extras["audience"]
    if "capacity" in extras:
        answer["容量" if zh else "capacity"] = f"{extras['capacity']} {_capacity_unit(item)}"
    if item.pieces > 1:
        answer["件数" if zh else "pieces"] = f"{item.pieces} pcs"
    for name, unit in (("size", " cm" if item.kind == "cushion" else ""), ("pages", ""), ("year", "")):
        if name in extras:
            answer[name] = extras[name] + unit
    for name in ("length", "pattern", "season", "connection"):
        if name in extras:
            answer[name] = extras[name]
    if "cord" in extras:
        answer["power"] = "cord" if extras["cord"] == "yes" else "battery"
    if "dimmable" in extras:
        answer["light"] = "dimmable"
    return answer


@lru_cache(maxsize=1)
def items() -> tuple[DemoItem, ...]:
    """All items, in a fixed order."""
    found: list[DemoItem] = []
    for line in _TABLE.strip().splitlines():
        kind, rows = line.split(": ", 1)
        for number, row in enumerate(rows.split(" | ")):
            language, brand, colour, material, *extras = row.split()
            found.append(
                DemoItem(
                    f"demo-{len(found) + 1:03}",
                    kind,
                    language,
                    BRANDS[int(brand)],
                    colour,
                    material,
                    dict(extra.split("=") for extra in extras),
                    KINDS[kind].price + 10 * number + (5 if material in {"leather", "metal"} else 0),
                )
            )
    return tuple(found)
