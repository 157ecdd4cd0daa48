"""The words that name a colour, a brand, a kind of thing ...: those shipped, and those learnt from a catalogue.

A small lexicon is shipped in English and Chinese, both with the same values, so that a Chinese query meets an English
item. The rest is learnt from a catalogue's own attribute values and categories, never from labels. Where two meanings
compete for a word the shipped one wins, then the first of `KINDS`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from relevance.dimensions import Dimension
from relevance.facts import ItemFacts, fold
from relevance.tokens import Token, singular, tokens

FOLDER = Path(__file__).parent / "lexicons"
LONGEST_TERM = 4  # words
LONGEST_LEARNT = 40  # characters: longer attribute values are sentences, not names
KINDS = ("category", "accessory", "brand", "colour", "material", "audience", "season", "size",
         "style_details", "aesthetic_style", "specification", "function", "special_attribute", "set_single",
         "model", "vehicle", "ip_person", "store")  # fmt: skip
# Names that catalogues give their attributes, by what they hold.
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "brand": frozenset({"brand", "brand name", "manufacturer", "品牌"}),
    "colour": frozenset({"colour", "color", "product colour", "product color", "colours", "颜色", "主色"}),
    "material": frozenset({"material", "materials", "fabric", "composition", "材质", "面料"}),
    "audience": frozenset({"audience", "gender", "department", "target", "适用人群", "人群", "性别"}),
    "season": frozenset({"season", "季节", "适用季节"}),
    "size": frozenset({"size", "尺码", "尺寸"}),
    "category": frozenset({"type", "product type", "category", "类型", "品类"}),
}
KIND_OF_ATTRIBUTE = {name: kind for kind, names in ATTRIBUTES.items() for name in names}


class Entry(NamedTuple):
    """What a term means. Values of one non-empty family are near each other."""

    kind: str
    value: str
    family: str


@dataclass(frozen=True)
class Lexicon:
    """Folded term -> meaning. Immutable: learning gives a new one."""

    terms: Mapping[str, Entry]
    negations: frozenset[str]
    negating_suffixes: frozenset[str]
    stop: frozenset[str]
    for_words: frozenset[str]
    _cjk_lengths: tuple[int, ...] = field(default=(), compare=False)

    @classmethod
    @lru_cache(maxsize=1)
    def shipped(cls) -> Lexicon:
        return _read(sorted(FOLDER.glob("*.yaml")))

    def learn(self, items: Iterable[ItemFacts]) -> Lexicon:
        """This lexicon and what the items' own attributes and categories name. The order of items does not matter."""
        learnt: Counter[tuple[str, str]] = Counter()
        for item in items:
            learnt.update(_named(item))
        terms = dict(self.terms)
        for kind in ("brand", "colour", "material", "category"):
            for (of_kind, term), count in sorted(learnt.items()):
                if of_kind == kind and term not in terms and _worth_learning(kind, term, count):
                    terms[term] = Entry(kind, *_value_and_family(self, kind, term))
        return _with_terms(self, terms)

    @cached_property
    def digest(self) -> str:
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {
            "terms": {term: list(entry) for term, entry in sorted(self.terms.items())},
            "negations": sorted(self.negations),
            "negating_suffixes": sorted(self.negating_suffixes),
            "stop": sorted(self.stop),
            "for_words": sorted(self.for_words),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Lexicon:
        bare = cls(
            {},
            frozenset(data["negations"]),
            frozenset(data["negating_suffixes"]),
            frozenset(data["stop"]),
            frozenset(data["for_words"]),
        )
        return _with_terms(bare, {term: Entry(*entry) for term, entry in data["terms"].items()})

    def longest(self, words: tuple[Token, ...], at: int) -> tuple[Entry, int] | None:
        """The meaning of the longest term that begins at a token, and how many tokens it takes."""
        first = words[at].text
        for length in range(min(self._longest_by_first.get(first, 1), len(words) - at), 1, -1):
            entry = self.meaning(" ".join(token.text for token in words[at : at + length]))
            if entry is not None:
                return entry, length
        entry = self.meaning(first)
        return None if entry is None else (entry, 1)

    def meaning(self, term: str) -> Entry | None:
        return self.terms.get(term) or self.terms.get(singular(term))

    def split_chinese(self, run: str) -> list[str]:
        """A run of Chinese cut into the longest known words; what is unknown stays together."""
        pieces: list[str] = []
        unknown, at = "", 0
        while at < len(run):
            word = next((run[at : at + n] for n in self._cjk_lengths if run[at : at + n] in self._chinese), "")
            if word:
                pieces += [unknown, word] if unknown else [word]
                unknown = ""
                at += len(word)
            else:
                unknown += run[at]
                at += 1
        return [*pieces, unknown] if unknown else pieces

    @cached_property
    def chinese_terms(self) -> frozenset[str]:
        return frozenset(word for word in self._chinese | self.for_words if not word.isascii())

    @cached_property
    def longest_chinese(self) -> int:
        return max(self._cjk_lengths, default=1)

    @cached_property
    def _longest_by_first(self) -> Mapping[str, int]:
        """First word of a term of several words -> how many words the longest such term has."""
        longest: dict[str, int] = {}
        for term in self.terms:
            words = term.split(" ")
            if len(words) > 1:
                longest[words[0]] = min(max(longest.get(words[0], 0), len(words)), LONGEST_TERM)
        return longest

    @cached_property
    def spellable(self) -> tuple[str, ...]:
        """Single English words that name a brand or a kind of thing: what a misspelt word may have meant."""
        kinds = {"brand", "category", "colour", "material"}
        return tuple(
            term
            for term, entry in self.terms.items()
            if entry.kind in kinds and len(term) > 4 and term.isalpha() and term.isascii()
        )

    @cached_property
    def _chinese(self) -> frozenset[str]:
        return frozenset(self.terms) | self.negations | self.stop


def _with_terms(base: Lexicon, terms: Mapping[str, Entry]) -> Lexicon:
    known = {*terms, *base.negations, *base.stop}
    lengths = tuple(sorted({len(term) for term in known if not term.isascii()}, reverse=True))
    return Lexicon(terms, base.negations, base.negating_suffixes, base.stop, base.for_words, lengths)


def _read(paths: Iterable[Path]) -> Lexicon:
    terms: dict[str, Entry] = {}
    lists: dict[str, set[str]] = {"negation": set(), "suffix_negation": set(), "stop": set(), "for_words": set()}
    for path in paths:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, words in lists.items():
            words.update(fold(word) for word in data.get(name, ()))
        for kind in KINDS:
            for word, entry in _entries(kind, data.get(kind, {})):
                terms.setdefault(fold(word), entry)
    bare = Lexicon(
        {},
        frozenset(lists["negation"]),
        frozenset(lists["suffix_negation"]),
        frozenset(lists["stop"]),
        frozenset(lists["for_words"]),
    )
    return _with_terms(bare, terms)


def _entries(kind: str, found: Mapping[str, Any] | list[str]) -> Iterator[tuple[str, Entry]]:
    """Every word of a kind with what it means; in a mere list, and under `each`, a word is its own value."""
    if isinstance(found, list):
        yield from ((word, Entry(kind, fold(word), "cars" if kind == "vehicle" else "")) for word in found)
        return
    for family, words in found.get("each", {}).items():
        yield from ((word, Entry(kind, fold(word), family)) for word in words)
    for value, entry in found.items():
        if value == "each":
            continue
        for word in [value, *entry["words"]] if value.isascii() else entry["words"]:
            yield word, Entry(kind, value, entry["family"])


def _named(item: ItemFacts) -> Iterable[tuple[str, str]]:
    """(kind, term) of every attribute value and category that names something."""
    for name, value in item.cpv:
        kind = KIND_OF_ATTRIBUTE.get(fold(name))
        if kind in {"brand", "colour", "material"} and 1 < len(value) <= LONGEST_LEARNT:
            parts = value.replace("/", ",").replace(";", ",").split(",") if kind != "brand" else [value]
            yield from ((kind, fold(part)) for part in parts if len(fold(part)) > 1)
    segments = item.category.replace("›", ">").replace("/", ">").split(">")
    last = fold(segments[-1]) if item.category else ""
    if 2 < len(last) <= LONGEST_LEARNT:
        yield "category", last
        yield "category", singular(last)


def _worth_learning(kind: str, term: str, count: int) -> bool:
    """Numbers and lone letters name nothing; a brand seen once may be a typing error but is harmless."""
    return not term.replace(" ", "").replace(".", "").isdigit() and len(tokens(term)) <= LONGEST_TERM


def _value_and_family(known: Lexicon, kind: str, term: str) -> tuple[str, str]:
    """A learnt term that contains a known one of its kind joins its family: "dusty pink" is a pink."""
    words = tuple(tokens(term))
    for at in range(len(words) - 1, -1, -1):
        found = known.longest(words, at)
        if found and found[0].kind == kind:
            return (term if kind == "colour" else found[0].value), found[0].family
    return term, ""


DIMENSION_OF_KIND: Mapping[str, Dimension] = {
    **{kind: Dimension(kind) for kind in KINDS if kind not in {"accessory", "size", "vehicle"}},
    "accessory": Dimension.MAIN_ACCESSORY,
    "size": Dimension.SPECIFICATION,
    "vehicle": Dimension.MODEL,
}
