"""An item read once with a lexicon: per source its words, the terms it names and its quantities.

Caps: MAX_ATTRIBUTES attributes, MAX_SKUS variants, MAX_WORDS and MAX_CHARACTERS of a source and the text caps of
relevance.tokens; what lies beyond is no evidence.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from relevance.facts import ItemFacts, fold
from relevance.lexicon import KIND_OF_ATTRIBUTE, Entry, Lexicon
from relevance.tokens import MAX_TEXT, Token, singular, tokens
from relevance.units import Quantity, quantities

MAX_ATTRIBUTES = 200
MAX_SKUS = 40
MAX_WORDS = 1500  # of one source
MAX_CHARACTERS = 12_000  # of one source
LONGEST_REMEMBERED, REMEMBERED = 80, 32_768  # characters of a piece, and pieces, that are remembered
_CACHE = 4096
_NO = frozenset({"no", "none", "false", "否", "无", "没有"})  # attribute values that say the thing is not there


class Named(NamedTuple):
    """A term found in a text: its meaning, the literal piece, where it stood (attribute name or SKU code)."""

    entry: Entry
    literal: str
    where: str
    position: int


class Measured(NamedTuple):
    quantity: Quantity
    where: str


@dataclass(frozen=True)
class Text:
    """One source of an item, read."""

    words: frozenset[str]
    named: tuple[Named, ...]
    measured: tuple[Measured, ...]
    literals: dict[str, tuple[str, str]]  # word -> the piece it stood in, and where
    chinese: str
    denied: frozenset[str]  # words the text only says are not there: "no gluten", "cord free", "wheels: No"

    @property
    def empty(self) -> bool:
        return not self.words


@dataclass(frozen=True)
class Reading:
    title: Text
    cpv: Text
    sku: Text
    caption: Text
    price: float | None
    accessory: str | None  # the accessory the item itself is, as its title says it
    compounds: tuple[tuple[str, str], ...]  # neighbouring plain words of the title that may form one noun


_readings: OrderedDict[tuple[ItemFacts, str], Reading] = OrderedDict()


def read_item(item: ItemFacts, lexicon: Lexicon) -> Reading:
    """The reading of an item; remembered, since an item comes with many queries."""
    key = (item, lexicon.digest)
    if (known := _readings.get(key)) is not None:
        return known
    made = _read(item, lexicon)
    _readings[key] = made
    if len(_readings) > _CACHE:
        _readings.popitem(last=False)
    return made


def _read(item: ItemFacts, lexicon: Lexicon) -> Reading:
    title = read_text([("", item.title)], lexicon)
    cpv = [("category", item.category)] if item.category else []
    cpv += list(item.cpv[:MAX_ATTRIBUTES])
    skus = [
        (sku.code, f"{sku.name} {value}".strip())
        for sku in item.skus[:MAX_SKUS]
        for value in ([value for _, value in sku.attributes[:10]] or [sku.code])
    ]
    return Reading(
        title,
        read_text(cpv, lexicon),
        read_text(skus, lexicon),
        read_text([("", text) for text in (item.caption, *item.picture_words.splitlines()) if text], lexicon),
        _price(item),
        _accessory(title),
        _compounds(item.title, title, lexicon),
    )


def _compounds(raw: str, title: Text, lexicon: Lexicon) -> tuple[tuple[str, str], ...]:
    """Word pairs with nothing but a space between, the second an unexplained word: "camera lens", not "camera black"."""
    explained = {
        word for one in title.named if one.entry.kind not in {"category", "accessory"} for word in one.literal.split()
    }
    found, folded = tokens(raw), fold(raw[:400])
    pairs = []
    for first, second in itertools.pairwise(found):
        plain = second.text.isalpha() and second.text.isascii() and len(second.text) > 2
        apart = folded[first.end : second.start] != " "
        known = second.text in explained or second.text in lexicon.stop or second.text in lexicon.for_words
        if plain and not apart and not known and not _alike(first.text, second.text, lexicon):
            pairs.append((first.text, second.text))
    return tuple(pairs)


def _alike(first: str, second: str, lexicon: Lexicon) -> bool:
    """Two words for kinds of one family stand side by side without forming a noun: "laptop computer"."""
    one, other = lexicon.meaning(first), lexicon.meaning(second)
    return one is not None and other is not None and one.kind == other.kind == "category" and one.family == other.family


class ReadPiece(NamedTuple):
    """One piece of a source, read: its words, the terms and numbers in it, and what it says is there or is not."""

    size: int
    literals: dict[str, tuple[str, str]]
    named: tuple[Named, ...]
    measured: tuple[Measured, ...]
    chinese: str
    denied: frozenset[str]
    said: frozenset[str]


_pieces: dict[tuple[str, str, str], ReadPiece] = {}


def read_text(parts: Iterable[tuple[str, str]], lexicon: Lexicon) -> Text:
    """Pieces of text with where they stand. A value under a known attribute name is read as that kind first."""
    pieces: list[ReadPiece] = []
    words, characters = MAX_WORDS, MAX_CHARACTERS
    for where, text in parts:
        if words <= 0 or characters <= 0:
            break
        read = text[: min(characters, MAX_TEXT)]
        pieces.append(_piece(where, read, lexicon))
        words -= pieces[-1].size
        characters -= len(read)
    literals: dict[str, tuple[str, str]] = {}
    for piece in reversed(pieces):  # the first place of a word wins
        literals.update(piece.literals)
    denied = frozenset[str]().union(*(piece.denied for piece in pieces))
    return Text(
        frozenset(literals),
        tuple(one for piece in pieces for one in piece.named),
        tuple(one for piece in pieces for one in piece.measured),
        literals,
        " ".join(piece.chinese for piece in pieces if piece.chinese),
        denied - frozenset[str]().union(*(piece.said for piece in pieces)) if denied else denied,
    )


def _piece(where: str, text: str, lexicon: Lexicon) -> ReadPiece:
    """A piece, read; short attribute values are remembered, since a catalogue repeats them."""
    if not where or len(text) > LONGEST_REMEMBERED:
        return _read_piece(where, text, lexicon)
    key = (where, text, lexicon.digest)
    known = _pieces.get(key)
    if known is None:
        if len(_pieces) >= REMEMBERED:
            _pieces.clear()
        known = _pieces[key] = _read_piece(where, text, lexicon)
    return known


def _read_piece(where: str, text: str, lexicon: Lexicon) -> ReadPiece:
    found = _cut(text, lexicon)
    refused = _refused(where, found, lexicon)
    literals: dict[str, tuple[str, str]] = {}
    for token in (*refused, *found):
        for form in (token.text, singular(token.text)):
            literals.setdefault(form, (token.text if not where else text[:80], where))
    absences = list(_absences(refused, found, lexicon))
    return ReadPiece(
        len(found),
        literals,
        tuple(_terms(found, lexicon, where)),
        tuple(Measured(one, where) for one in quantities(f"{text} {_unit_in(where)}".strip())),
        "" if text.isascii() else fold(text[:400]),
        _forms(token for token, absent in absences if absent),
        _forms(token for token, absent in absences if not absent),
    )


def _forms(found: Iterable[Token]) -> frozenset[str]:
    return frozenset(form for token in found for form in (token.text, singular(token.text)))


def _refused(where: str, found: tuple[Token, ...], lexicon: Lexicon) -> tuple[Token, ...]:
    """The words of an attribute's name when its value is a mere no."""
    mere_no = bool(where) and len(found) == 1 and found[0].text in lexicon.negations | _NO
    return _cut(where, lexicon) if mere_no else ()


def _absences(refused: tuple[Token, ...], found: tuple[Token, ...], lexicon: Lexicon) -> Iterator[tuple[Token, bool]]:
    """Every word, and whether the text says there that it is absent."""
    yield from ((token, True) for token in refused)
    for n, token in enumerate(found):
        before = n > 0 and found[n - 1].text in lexicon.negations
        after = n + 1 < len(found) and found[n + 1].text in lexicon.negating_suffixes
        yield token, before or after
        if before and token.text[0] >= "\u3400":
            # An unknown Chinese run begins with what is absent: of "无糖饼干" the sugar, not the biscuit.
            yield from ((Token(token.text[:length], token.start, token.start + length), True) for length in (1, 2))


def _unit_in(where: str) -> str:
    """ "width (cm)": the unit of an attribute may stand in its name."""
    return where[where.index("(") + 1 : where.index(")")] if "(" in where and ")" in where else ""


def _cut(text: str, lexicon: Lexicon) -> tuple[Token, ...]:
    found = tokens(text)
    if text.isascii():
        return found
    cut: list[Token] = []
    for token in found:
        if token.text[0] < "\u3400":
            cut.append(token)
        else:
            cut += [Token(piece, token.start, token.end) for piece in lexicon.split_chinese(token.text)]
    return tuple(cut)


def _terms(found: tuple[Token, ...], lexicon: Lexicon, where: str) -> list[Named]:
    named: list[Named] = []
    kind = KIND_OF_ATTRIBUTE.get(fold(where)) if where else None
    at = 0
    while at < len(found):
        known = lexicon.longest(found, at)
        if known is None:
            at += 1
            continue
        entry, length = known
        literal = " ".join(token.text for token in found[at : at + length])
        named.append(Named(entry, literal, where, at))
        if kind == "brand" and entry.kind != "brand":
            named.append(Named(Entry("brand", literal, ""), literal, where, at))
        at += length
    return named


def _price(item: ItemFacts) -> float | None:
    for name, value in item.cpv[:MAX_ATTRIBUTES]:
        if fold(name) in {"price", "价格"}:
            try:
                return float(value)
            except ValueError:
                return None
    return None


def _accessory(title: Text) -> str | None:
    """The title names an accessory, and no main product after it: "toner cartridge", "case for a phone"."""
    kinds = [one for one in title.named if one.entry.kind in {"category", "accessory"}]
    accessories = [one for one in kinds if one.entry.kind == "accessory"]
    if not accessories:
        return None
    mains = [one for one in kinds if one.entry.kind == "category"]
    first = accessories[0]
    if not mains or first.position < mains[0].position or accessories[-1].position == kinds[-1].position:
        return first.literal
    return None
