"""An item read once with a lexicon: per source its words, the terms it names and its quantities.

Caps: MAX_ATTRIBUTES attributes, MAX_SKUS variants, MAX_WORDS and MAX_CHARACTERS of a source and the text caps of
relevance.tokens; what lies beyond is no evidence.
"""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from relevance.attributes import is_about
from relevance.facts import ItemFacts, fold
from relevance.heads import accessory_named
from relevance.lexicon import KIND_OF_ATTRIBUTE, Entry, Lexicon
from relevance.tokens import MAX_TEXT, Token, parts, singular, tokens
from relevance.units import Quantity, quantities

MAX_ATTRIBUTES = 200
MAX_SKUS = 40
MAX_WORDS = 1500  # of one source
MAX_CHARACTERS = 12_000  # of one source
LONGEST_REMEMBERED, REMEMBERED = 80, 32_768  # characters of a piece, and pieces, that are remembered
_CACHE = 4096
SHORT_NAME = 3  # words of an attribute's name of which each is denied by a no: of a longer one only the whole is
PLACES = 12  # of one word that are remembered
_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_NO = frozenset({"no", "none", "false", "否", "无", "没有"})  # attribute values that say the thing is not there


# Some catalogues write the ends of lines out; without it "915\n- Stylus" would be shown so, with a word "n" in it.
_ESCAPED = re.compile(r"\\[nrt](?![a-z])")


class Named(NamedTuple):
    """A term found in a text: its meaning, the literal piece, where it stood (attribute name or SKU code)."""

    entry: Entry
    literal: str
    where: str
    position: int


class Measured(NamedTuple):
    quantity: Quantity
    where: str


class TextPiece(NamedTuple):
    """A text as it was read: a title, an attribute's value. `words` are its tokens, those of compounds apart."""

    where: str
    text: str
    words: tuple[Token, ...]


class WordPlace(NamedTuple):
    """Where words stand: which piece, from which of its words."""

    piece: TextPiece
    at: int


@dataclass(frozen=True)
class Text:
    """One source of an item, read."""

    pieces: tuple[TextPiece, ...]
    places: Mapping[str, Sequence[WordPlace]]  # a word, or its singular -> where it stands
    named: tuple[Named, ...]
    measured: tuple[Measured, ...]
    chinese: str
    denied: frozenset[str]  # words the text only says are not there: "no gluten", "cord free", "wheels: No"

    @property
    def words(self) -> frozenset[str]:
        return frozenset(self.places)

    @property
    def empty(self) -> bool:
        return not self.places

    @cached_property
    def joined(self) -> Mapping[str, WordPlace]:
        """Two neighbouring words as one: "t mobile" and "t-mobile" hold "tmobile"."""
        return {
            first.text + second.text: WordPlace(piece, at)
            for piece in reversed(self.pieces)
            for at, (first, second) in enumerate(itertools.pairwise(piece.words))
            if second.start - first.end <= 1
        }


@dataclass(frozen=True)
class Reading:
    title: Text
    cpv: Text
    sku: Text
    caption: Text
    price: float | None
    brand: str  # as its attribute says it, folded
    item: ItemFacts
    lexicon: Lexicon

    @cached_property
    def described(self) -> Text:
        """The description and the selling points, read only where nothing else answers."""
        said = [
            ("description", self.item.description),
            *(("selling point", one) for one in self.item.selling_points[:20]),
        ]
        return read_text([one for one in said if one[1]], self.lexicon)

    @cached_property
    def accessory(self) -> str:
        """The accessory that the item itself is, as its title says it."""
        return accessory_named(self.item.title, self.brand)


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
    cpv = [("category", item.category)] if item.category else []
    cpv += list(item.cpv[:MAX_ATTRIBUTES])
    skus = [
        (sku.code, f"{sku.name} {value}".strip())
        for sku in item.skus[:MAX_SKUS]
        for value in ([value for _, value in sku.attributes[:10]] or [sku.code])
    ]
    pictures = [("", item.caption), *(("", line) for line in item.picture_words.splitlines())]
    return Reading(
        read_text([("", item.title)], lexicon),
        read_text(cpv, lexicon),
        read_text(skus, lexicon),
        read_text([one for one in pictures if one[1]], lexicon),
        _price(item),
        next((fold(value[:80]) for name, value in item.cpv[:MAX_ATTRIBUTES] if is_about(name, "brand")), ""),
        item,
        lexicon,
    )


class ReadPiece(NamedTuple):
    """One piece of a source, read: its words, the terms and numbers in it, and what it says is there or is not."""

    piece: TextPiece
    forms: tuple[tuple[str, WordPlace], ...]  # each word and its singular, and where it stands
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
        read_part = text[: min(characters, MAX_TEXT)]
        pieces.append(_piece(where, read_part, lexicon))
        words -= len(pieces[-1].piece.words)
        characters -= len(read_part)
    places: dict[str, list[WordPlace]] = {}
    for read in pieces:
        for form, place in read.forms:
            known = places.get(form)
            if known is None:
                places[form] = [place]
            elif len(known) < PLACES:
                known.append(place)
    denied = frozenset[str]().union(*(read.denied for read in pieces))
    return Text(
        tuple(read.piece for read in pieces),
        places,
        tuple(one for read in pieces for one in read.named),
        tuple(one for read in pieces for one in read.measured),
        " ".join(read.chinese for read in pieces if read.chinese),
        denied - frozenset[str]().union(*(read.said for read in pieces)) if denied else denied,
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
    text = _ESCAPED.sub(" ", text)
    found = _cut(text, lexicon)
    refused = _refused(where, found, lexicon)
    words = tuple(part for token in found for part in _parts(token))
    piece = TextPiece(where, text, words)
    forms = tuple(_with_places(piece, refused))
    absent = _forms(token for token, is_absent in _absences(refused, found, lexicon) if is_absent)
    there = (token for token, is_absent in _absences(refused, found, lexicon) if not is_absent)
    return ReadPiece(
        piece,
        forms,
        tuple(_terms(found, lexicon, where)),
        tuple(Measured(one, where) for one in quantities(f"{text} {_unit_in(where)}".strip())),
        "" if text.isascii() else fold(text[:400]),
        absent,
        _forms(there) if absent else frozenset(form for form, _ in forms),
    )


def _forms(found: Iterable[Token]) -> frozenset[str]:
    texts = [token.text for token in found]
    return frozenset([*texts, *map(singular, texts), *(text.replace("-", "") for text in texts)])


def _parts(token: Token) -> Iterator[Token]:
    if token.text.isalnum():
        yield token
        return
    at = token.start
    for part in parts(token.text):
        start = at + token.text[at - token.start :].index(part)
        yield Token(part, start, start + len(part))
        at = start + len(part)


def _with_places(piece: TextPiece, refused: Iterable[Token]) -> Iterator[tuple[str, WordPlace]]:
    for at, token in enumerate(piece.words):
        place = WordPlace(piece, at)
        yield token.text, place
        if (one := singular(token.text)) != token.text:
            yield one, place
        if "-" in token.text or "'" in token.text:
            yield token.text.replace("-", "").removesuffix("'s"), place
    for token in refused:
        yield token.text, WordPlace(piece, 0)
        yield singular(token.text), WordPlace(piece, 0)


def _refused(where: str, found: tuple[Token, ...], lexicon: Lexicon) -> tuple[Token, ...]:
    """The words of an attribute's name when its value is a mere no."""
    mere_no = bool(where) and len(found) == 1 and found[0].text in lexicon.negations | _NO
    named = _cut(where, lexicon) if mere_no else ()
    return named if len(named) <= SHORT_NAME else ()


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
    stated = (value for name, value in item.cpv[:MAX_ATTRIBUTES] if fold(name[:60]) in {"price", "价格"})
    found = _AMOUNT.search(item.price[:40] or next(stated, "")[:40])
    return float(found.group().replace(",", "")) if found else None
