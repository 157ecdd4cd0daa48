"""The demo's items, made from one table: what each is, in one line. Invented goods of invented brands.

`facts` holds what is true of an item in plain English words; its wording for a shopper is in demo.wording, its picture
in demo.shapes. Nothing here knows queries or labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Colour(NamedTuple):
    """A named colour: how it is drawn, its Chinese name, and the family within which shades are near each other."""

    rgb: tuple[int, int, int]
    zh: str
    family: str


COLOURS: Mapping[str, Colour] = {
    "red": Colour((202, 52, 46), "红色", "red"),
    "burgundy": Colour((116, 28, 48), "酒红色", "red"),
    "pink": Colour((233, 160, 178), "粉色", "pink"),
    "yellow": Colour((234, 190, 66), "黄色", "yellow"),
    "green": Colour((70, 130, 90), "绿色", "green"),
    "teal": Colour((42, 128, 134), "青色", "blue"),
    "blue": Colour((62, 110, 184), "蓝色", "blue"),
    "navy": Colour((36, 50, 94), "藏青色", "blue"),
    "brown": Colour((130, 88, 58), "棕色", "brown"),
    "white": Colour((246, 244, 239), "白色", "beige"),
    "beige": Colour((216, 198, 166), "米色", "beige"),
    "grey": Colour((138, 142, 148), "灰色", "grey"),
    "black": Colour((44, 44, 49), "黑色", "black"),
}


class Kind(NamedTuple):
    """A kind of thing: its name in both languages and its category path. `near`: kinds a shopper might take instead."""

    en: str
    zh: str
    category: str
    category_zh: str
    near: tuple[str, ...] = ()
    accessory_of: str = ""
    views: int = 1


KINDS: Mapping[str, Kind] = {
    "dress": Kind("dress", "连衣裙", "Clothing > Women > Dresses", "服装 > 女装 > 连衣裙", views=2),
    "t-shirt": Kind("t-shirt", "T恤", "Clothing > Tops > T-shirts", "服装 > 上装 > T恤"),
    "sneakers": Kind("sneakers", "运动鞋", "Shoes > Sneakers", "鞋靴 > 运动鞋", ("rain boots",), views=2),
    "rain boots": Kind("rain boots", "雨靴", "Shoes > Boots > Rain boots", "鞋靴 > 靴子 > 雨靴", ("sneakers",)),
    "beanie": Kind("beanie hat", "毛线帽", "Accessories > Hats > Beanies", "配饰 > 帽子 > 毛线帽"),
    "mug": Kind("mug", "马克杯", "Kitchen > Drinkware > Mugs", "厨房 > 杯具 > 马克杯", ("bottle",)),
    "teapot": Kind("teapot", "茶壶", "Kitchen > Tea > Teapots", "厨房 > 茶具 > 茶壶", ("tea set",)),
    "tea set": Kind("tea set", "茶具套装", "Kitchen > Tea > Tea sets", "厨房 > 茶具 > 茶具套装", ("teapot",)),
    "bottle": Kind("water bottle", "水杯", "Kitchen > Drinkware > Bottles", "厨房 > 杯具 > 水杯", ("mug",)),
    "cushion": Kind("cushion", "抱枕", "Home > Textiles > Cushions", "家居 > 布艺 > 抱枕"),
    "desk lamp": Kind("desk lamp", "台灯", "Home > Lighting > Desk lamps", "家居 > 灯具 > 台灯", ("floor lamp",)),
    "floor lamp": Kind("floor lamp", "落地灯", "Home > Lighting > Floor lamps", "家居 > 灯具 > 落地灯", ("desk lamp",)),
    "chair": Kind("chair", "椅子", "Furniture > Seating > Chairs", "家具 > 坐具 > 椅子"),
    "backpack": Kind("backpack", "双肩包", "Bags > Backpacks", "箱包 > 双肩包", views=2),
    "headphones": Kind("headphones", "头戴式耳机", "Electronics > Audio > Headphones", "数码 > 影音 > 头戴式耳机", ("earbuds",)),
    "earbuds": Kind("earbuds", "入耳式耳机", "Electronics > Audio > Earbuds", "数码 > 影音 > 入耳式耳机", ("headphones",)),
    "phone": Kind("smartphone", "手机", "Electronics > Phones > Smartphones", "数码 > 手机 > 智能手机", views=2),
    "phone case": Kind("phone case", "手机壳", "Electronics > Phone accessories > Cases", "数码 > 手机配件 > 手机壳", accessory_of="phone"),
    "journal": Kind("journal", "手账本", "Stationery > Journals", "文具 > 本册 > 手账本"),
}  # fmt: skip

SHOPS: Mapping[str, str] = {
    "Aldermoor": "Aldermoor Official Store",
    "Talvik": "Talvik Home",
    "Brindlewick": "Brindlewick & Daughters",
    "Quillon": "Quillon Outlet",
    "栗屿": "栗屿服饰旗舰店",
    "青汀": "青汀家居旗舰店",
    "墨知": "墨知数码文具店",
}

# kind: brand colour material price, then further facts
_TABLE = """
dress: Aldermoor burgundy cotton 89 audience=women length=long season=autumn
dress: Aldermoor red cotton 85 audience=women length=long season=summer
dress: Aldermoor blue cotton 59 audience=women length=short pattern=checked season=summer
dress: Quillon black polyester 64 audience=women length=short
dress: Brindlewick burgundy linen 72 audience=women length=short season=summer
dress: Brindlewick navy wool 118 audience=women length=long sleeves=long season=winter
dress: 栗屿 red cotton 139 audience=women length=long season=summer
dress: 栗屿 navy wool 268 audience=women length=long sleeves=long season=winter
dress: 栗屿 yellow linen 129 audience=women length=short pattern=floral season=summer
dress: 栗屿 burgundy velvet 259 audience=women length=long sleeves=long season=winter
dress: 栗屿 black cotton 119 audience=women length=short
t-shirt: Quillon white cotton 19 audience=men pattern=plain
t-shirt: Quillon navy cotton 24 audience=men pattern=striped
t-shirt: Aldermoor red cotton 22 audience=women pattern=plain
t-shirt: Brindlewick blue cotton 16 audience=kids pattern=striped
t-shirt: Aldermoor white cotton 29 audience=women sleeves=long pattern=plain
t-shirt: Aldermoor green linen 34 audience=women pattern=checked
t-shirt: 栗屿 white cotton 59 audience=women pattern=plain
t-shirt: 栗屿 green cotton 49 audience=kids pattern=dotted
t-shirt: 栗屿 black cotton 69 audience=men pattern=plain
t-shirt: 栗屿 navy cotton 79 audience=women pattern=striped
sneakers: Quillon white leather 94 audience=women size=38
sneakers: Quillon red canvas 59 audience=women size=39
sneakers: Quillon black leather 99 audience=men size=43
sneakers: Brindlewick blue canvas 45 audience=kids size=31
sneakers: Aldermoor burgundy leather 109 audience=women size=38
sneakers: 栗屿 white canvas 159 audience=women size=38
sneakers: 栗屿 red leather 329 audience=men size=42
sneakers: 栗屿 black canvas 189 audience=men size=42
rain boots: Brindlewick yellow rubber 39 audience=kids size=30 waterproof=yes
rain boots: Aldermoor green rubber 55 audience=women size=39 waterproof=yes
rain boots: Quillon navy rubber 62 audience=men size=43 waterproof=yes
rain boots: 栗屿 red rubber 89 audience=kids size=28 waterproof=yes
beanie: Aldermoor grey wool 24 audience=women pompom=no season=winter
beanie: Aldermoor red wool 26 audience=women pompom=yes season=winter
beanie: Brindlewick navy wool 18 audience=kids pompom=yes season=winter
beanie: Quillon black wool 22 audience=men pompom=no season=winter
beanie: 栗屿 burgundy wool 79 audience=women pompom=no season=winter
beanie: 栗屿 beige wool 69 audience=women pompom=yes season=winter
mug: Talvik red ceramic 12 capacity=300
mug: Talvik blue ceramic 12 capacity=300
mug: Talvik white ceramic 38 capacity=350 pieces=4
mug: Brindlewick white ceramic 52 capacity=350 pieces=6
mug: Aldermoor green glass 15 capacity=400
mug: Talvik teal ceramic 22 capacity=300 pieces=2
mug: 青汀 burgundy ceramic 45 capacity=320
mug: 青汀 black ceramic 79 capacity=350 pieces=2
mug: 青汀 pink ceramic 42 capacity=300
teapot: Talvik white ceramic 34 capacity=900
teapot: Brindlewick green glass 29 capacity=700
teapot: Talvik blue ceramic 36 capacity=650
teapot: 青汀 brown ceramic 128 capacity=600
teapot: 青汀 white ceramic 138 capacity=800
tea set: Talvik blue ceramic 79 pieces=5
tea set: 青汀 white ceramic 299 pieces=7
tea set: 青汀 brown ceramic 169 pieces=3
bottle: Quillon blue metal 28 capacity=500 insulated=yes straw=no
bottle: Quillon green metal 34 capacity=750 insulated=yes straw=no
bottle: Aldermoor pink plastic 14 capacity=500 insulated=no straw=yes
bottle: Talvik black metal 26 capacity=480 insulated=yes straw=no
bottle: Brindlewick blue plastic 12 capacity=350 insulated=no straw=yes audience=kids
bottle: Quillon navy metal 39 capacity=1000 insulated=yes straw=yes
bottle: 青汀 white glass 49 capacity=500 insulated=no straw=no
bottle: 墨知 black metal 129 capacity=500 insulated=yes straw=no
bottle: 青汀 teal metal 139 capacity=1000 insulated=yes straw=no
cushion: Aldermoor yellow velvet 25 size=45 form=square pattern=plain
cushion: Aldermoor teal linen 29 size=50 form=square pattern=striped
cushion: Brindlewick grey wool 32 size=45 form=square pattern=plain
cushion: Aldermoor red cotton 22 size=40 form=round pattern=plain
cushion: Brindlewick beige linen 27 size=50 form=square pattern=checked
cushion: 青汀 pink velvet 68 size=45 form=square pattern=plain
cushion: 青汀 beige linen 59 size=45 form=square pattern=striped
cushion: 青汀 navy cotton 65 size=40 form=round pattern=plain
desk lamp: Talvik white metal 59 cord=no dimmable=yes
desk lamp: Talvik black metal 45 cord=yes dimmable=no
desk lamp: Brindlewick brown wood 64 cord=yes dimmable=no
desk lamp: Aldermoor green metal 49 cord=yes dimmable=yes
desk lamp: 墨知 white metal 159 cord=yes dimmable=yes
desk lamp: 墨知 pink plastic 89 cord=no dimmable=no
floor lamp: Talvik black metal 119 cord=yes dimmable=yes
floor lamp: Brindlewick white wood 139 cord=yes dimmable=no
chair: Brindlewick brown wood 120 arms=no
chair: Brindlewick black wood 135 arms=yes
chair: Aldermoor red velvet 189 arms=no
chair: Talvik grey plastic 69 arms=no
chair: 青汀 brown wood 399 arms=no
chair: 青汀 green velvet 559 arms=yes
backpack: Quillon black polyester 84 capacity=30 waterproof=yes
backpack: Quillon navy canvas 59 capacity=20 waterproof=no
backpack: Brindlewick red polyester 35 capacity=12 audience=kids
backpack: Brindlewick brown leather 149 capacity=18 audience=women
backpack: 墨知 blue canvas 129 capacity=15 audience=kids
backpack: 墨知 black polyester 239 capacity=22 waterproof=yes
headphones: Quillon black plastic 129 connection=wireless
headphones: Quillon white plastic 39 connection=wired
headphones: Talvik blue plastic 89 connection=wireless
headphones: Talvik red plastic 106 connection=wireless
headphones: 墨知 white plastic 299 connection=wireless
headphones: 墨知 pink plastic 95 connection=wired
earbuds: Quillon black plastic 79 connection=wireless
earbuds: 墨知 white plastic 199 connection=wireless
phone: Quillon black glass 499 model=Q7 storage=128
phone: Quillon blue glass 599 model=Q7 storage=256
phone: Quillon red glass 349 model=Q6 storage=128
phone: 墨知 green glass 2999 model=M3 storage=256
phone case: Aldermoor black leather 29 model=Q7
phone case: Talvik red silicone 14 model=Q7
phone case: Talvik blue silicone 14 model=Q6
phone case: Brindlewick brown faux-leather 18 model=Q7
phone case: 墨知 pink silicone 39 model=M3
phone case: 墨知 green leather 99 model=M3
journal: Brindlewick red paper 14 pages=120 year=2026
journal: Brindlewick black leather 32 pages=200
journal: Aldermoor green paper 12 pages=120 year=2025
journal: Brindlewick brown faux-leather 22 pages=160 year=2026
journal: 墨知 brown leather 88 pages=160
journal: 墨知 yellow paper 39 pages=120 year=2026
"""


@dataclass(frozen=True)
class DemoItem:
    """One item. `facts` has brand, colour, material and price as well, under their plain names."""

    item_id: str
    kind: str
    facts: Mapping[str, str]

    @property
    def language(self) -> str:
        return "en" if self.facts["brand"].isascii() else "zh"

    @property
    def colour(self) -> str:
        return self.facts["colour"]

    @property
    def material(self) -> str:
        return self.facts["material"]

    @property
    def pieces(self) -> int:
        return int(self.facts.get("pieces", "1"))

    def has(self, name: str) -> bool:
        return self.facts.get(name) == "yes"

    @property
    def images(self) -> list[str]:
        """Two views of what has a back worth seeing."""
        return [f"{self.item_id}-{view + 1}.png" for view in range(KINDS[self.kind].views)]


@lru_cache(maxsize=1)
def items() -> tuple[DemoItem, ...]:
    """All items, in a fixed order."""
    return tuple(_item(number, line) for number, line in enumerate(_TABLE.strip().splitlines(), 1))


def _item(number: int, line: str) -> DemoItem:
    kind, said = line.split(": ", 1)
    words = said.split()
    plain = dict(zip(("brand", "colour", "material", "price"), words, strict=False))
    further = dict(word.split("=") for word in words[4:])
    plain["material"] = plain["material"].replace("-", " ")
    return DemoItem(f"demo-{number:03}", kind, {**plain, **further})
