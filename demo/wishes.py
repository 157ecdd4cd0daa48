"""The demo's queries and what each asks for, in plain facts. Knows items only by the names of their facts.

A wish like "colour=burgundy" must hold, "material==leather" means nothing but that, "capacity>=750" and "price<=100" are
bounds, "colour!=black" excludes. The order of the wishes is the shopper's: the first that fails names the mismatch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

_ASK = re.compile(r"(?P<name>\w+)(?P<how>!=|>=|<=|==|=)(?P<value>.+)")


class Ask(NamedTuple):
    """One wish about one fact."""

    name: str
    how: str
    value: str


@dataclass(frozen=True)
class Wish:
    """A query and its meaning. `kind` is empty where only a brand is asked; `vague`: people may fairly differ on it."""

    text: str
    kind: str
    asks: tuple[Ask, ...]
    benchmark: bool = False
    vague: bool = False

    @property
    def language(self) -> str:
        return "en" if self.text.isascii() else "zh"


# query | kind | wishes; a leading * marks a benchmark query, a ~ a query that says less than it means
_TABLE = """
burgundy long dress cotton | dress | colour=burgundy length=long material=cotton
red dress | dress | colour=red
little black dress | dress | length=short colour=black
*summer dress | dress | season=summer
long sleeve winter dress | dress | sleeves=long season=winter
short linen dress | dress | length=short material=linen
men's white t-shirt | t-shirt | audience=men colour=white
striped t-shirt | t-shirt | pattern=striped
kids striped t-shirt | t-shirt | audience=kids pattern=striped
*women's white sneakers | sneakers | audience=women colour=white
leather sneakers men | sneakers | material=leather audience=men
sneakers not black | sneakers | colour!=black
wellies for kids | rain boots | audience=kids
beanie without pompom | beanie | pompom=no
red mug | mug | colour=red
*set of 4 mugs | mug | pieces=4
glass mug | mug | material=glass
coffee mug at least 350 ml | mug | capacity>=350
white ceramic teapot | teapot | colour=white material=ceramic
tea set with 4 cups | tea set | pieces=5
500 ml water bottle | bottle | capacity=500
insulated water bottle at least 750 ml | bottle | insulated=yes capacity>=750
water bottle without straw | bottle | straw=no
velvet cushion yellow | cushion | material=velvet colour=yellow
round cushion | cushion | form=round
cushion 50 cm striped | cushion | size=50 pattern=striped
desk lamp without cord | desk lamp | cord=no
dimmable desk lamp under 55 | desk lamp | dimmable=yes price<=55
wooden chair without armrests | chair | material=wood arms=no
red velvet chair | chair | colour=red material=velvet
waterproof backpack | backpack | waterproof=yes
backpack 20 l or more | backpack | capacity>=20
wireless headphones under 100 | headphones | connection=wireless price<=100
quillon q7 | phone | brand=Quillon model=Q7
quillon q7 phone case | phone case | model=Q7
genuine leather phone case | phone case | material==leather
*journal 2026 | journal | year=2026
talvik desk lamp | desk lamp | brand=Talvik
~quillon | | brand=Quillon
~gift for a tea lover | tea set |
酒红色长款连衣裙 | dress | colour=burgundy length=long
*小黑裙 | dress | length=short colour=black
车厘子色 连衣裙 | dress | colour=burgundy
白色T恤 女 | t-shirt | colour=white audience=women
42码 红色运动鞋 男 | sneakers | size=42 colour=red audience=men
*儿童雨靴 | rain boots | audience=kids
不带毛球的毛线帽 | beanie | pompom=no
情侣对杯 马克杯 | mug | pieces=2
酒红色陶瓷马克杯 | mug | colour=burgundy material=ceramic
一壶六杯茶具 | tea set | pieces=7
保温杯 1000ml | bottle | insulated=yes capacity=1000
奶茶色抱枕 | cushion | colour=beige
可调光台灯 不要黑色 | desk lamp | dimmable=yes colour!=black
实木椅子 500元以内 | chair | material=wood price<=500
小学生书包 蓝色 | backpack | audience=kids colour=blue
防水双肩包 | backpack | waterproof=yes
头戴式无线耳机 白色 | headphones | connection=wireless colour=white
墨知M3 手机 | phone | brand=墨知 model=M3
M3手机壳 真皮 | phone case | model=M3 material==leather
2026年手账本 | journal | year=2026
"""


def _wish(line: str) -> Wish:
    text, kind, asked = (piece.strip() for piece in line.split("|"))
    asks = [_ASK.fullmatch(one) for one in asked.split()]
    found = tuple(Ask(ask["name"], ask["how"], ask["value"]) for ask in asks if ask)
    return Wish(text.lstrip("*~"), kind, found, benchmark=text[0] == "*", vague=text[0] == "~")


WISHES: tuple[Wish, ...] = tuple(_wish(line) for line in _TABLE.strip().splitlines())
