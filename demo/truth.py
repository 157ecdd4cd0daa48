"""Which label is true of a query and an item, from the facts alone, as the standard of the starter rules has it.

`sure` says whether careful people would agree; only what is sure becomes gold. Knows no pictures and no wording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from demo.catalogue import COLOURS, KINDS, DemoItem
from demo.wishes import Ask, Wish

TOLERANCE = 0.1
DIMENSIONS: Mapping[str, str] = {
    "brand": "brand", "model": "model", "audience": "audience", "capacity": "specification", "size": "specification",
    "storage": "specification", "pages": "specification", "price": "price", "material": "material", "colour": "colour",
    "length": "style_details", "sleeves": "style_details", "pattern": "style_details", "form": "style_details",
    "pompom": "style_details", "arms": "style_details", "straw": "style_details", "season": "season", "year": "year",
    "pieces": "set_single", "insulated": "function", "waterproof": "function", "dimmable": "function",
    "connection": "function", "cord": "function",
}  # fmt: skip
_FABRICS = frozenset({"cotton", "linen"})


class Truth(NamedTuple):
    """A label; an L2 names the mismatched dimension."""

    label: str
    mismatch: str = ""
    sure: bool = True


class Found(NamedTuple):
    """How one wish fares: match, near, conflict or silent."""

    verdict: str
    sure: bool = True


def truth(wish: Wish, item: DemoItem) -> Truth:
    """The kind decides first, then the first wish that fails, then what is only nearly met."""
    apart = _other_kind(wish, item)
    found = [(ask, fate(ask, item)) for ask in wish.asks]
    failed = [(ask, one) for ask, one in found if one.verdict == "conflict"]
    if apart.label in {"L1", "L2"}:
        return apart
    if failed:
        ask, first = failed[0]
        sure = first.sure and len(failed) == 1 and apart.label == "L4" and not wish.vague
        return Truth("L2", DIMENSIONS[ask.name], sure)
    half = [one for _, one in found if one.verdict in {"near", "silent"}]
    if half or apart.label == "L3":
        return Truth("L3", "", sure=len(half) == 1 and half[0].sure and apart.label == "L4" and not wish.vague)
    return Truth("L4", "", sure=not wish.vague)


def _other_kind(wish: Wish, item: DemoItem) -> Truth:
    """L4 for the kind asked for; a neighbouring kind is at best related; a main item and its accessory are no match."""
    if not wish.kind or wish.kind == item.kind:
        return Truth("L4")
    if KINDS[item.kind].accessory_of == wish.kind:
        fits = all(item.facts["model"] == ask.value for ask in wish.asks if ask.name == "model")
        return Truth("L2", "main_accessory", sure=fits and not wish.vague)
    if KINDS[wish.kind].accessory_of == item.kind:
        return Truth("L2", "main_accessory", sure=False)
    return Truth("L3", "", sure=False) if item.kind in KINDS[wish.kind].near else Truth("L1", "", sure=not wish.vague)


def fate(ask: Ask, item: DemoItem) -> Found:
    has = item.facts.get(ask.name, "1" if ask.name == "pieces" else "")
    if ask.how == "!=":
        return Found("conflict" if has == ask.value else "match")
    if not has:
        return _silent(ask)
    if ask.how in {"<=", ">="} or ask.name in {"capacity", "storage", "pages"}:
        return _measured(ask, float(has))
    if has == ask.value:
        return Found("match")
    return _other_value(ask, has)


def _silent(ask: Ask) -> Found:
    """A dress that names no sleeves has none; what does not name a function or a season leaves it open."""
    return Found("conflict") if ask.name == "sleeves" else Found("silent", sure=False)


def _measured(ask: Ask, has: float) -> Found:
    wanted = float(ask.value)
    met = {"<=": has <= wanted, ">=": has >= wanted, "=": has == wanted}[ask.how]
    near = abs(has - wanted) <= TOLERANCE * wanted
    return Found("match" if met else "near" if near else "conflict")


def _other_value(ask: Ask, has: str) -> Found:
    """Another value of the same fact: near within a family, else a conflict."""
    if ask.name == "colour":
        return Found("near" if COLOURS[has].family == COLOURS[ask.value].family else "conflict")
    if ask.name == "material":
        alike = {has, ask.value} == {"leather", "faux leather"} and ask.how == "="
        return Found("near" if {has, ask.value} == _FABRICS else "conflict", sure=not alike)
    if ask.name == "pieces":
        return Found("near", sure="1" not in {has, ask.value})
    if ask.name == "pattern" and "plain" not in {has, ask.value}:
        return Found("near")
    if ask.name == "season":
        return Found("conflict", sure="autumn" not in {has, ask.value})
    return Found("conflict")
