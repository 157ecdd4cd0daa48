"""What kind of thing a text names: the thing itself, told apart from what only describes it, comes with it or is made for it.

A title names its thing by the last noun of its first phrase that holds one: of "Acme Mouse Wrist Pillow, blue, for home"
the pillow; the mouse describes it, the home is what it is for. Which words name things is told in `things/*.yaml`; a word
that stands there twice may mean either. Nothing is known here of queries; texts are read up to READ characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

from relevance.facts import fold
from relevance.tokens import singular

FOLDER = Path(__file__).parent / "things"
READ = 300  # characters of a text
MOST_WORDS = 80
LONGEST = 5  # words of a name

_WORD = re.compile(
    r"[a-z]+\d[a-z0-9.-]*|\d+[a-z][a-z0-9.-]*|\d+(?:[.,]\d+)*"
    r"|[^\W\d_\u3400-\u9fff]+(?:['-][^\W_]+)*|[\u3400-\u9fff]+"
)
_FOR = frozenset({"for", "fits", "compatible", "replaces", "suitable", "works", "designed", "适用", "用于"})
_WITH = frozenset({"with", "without", "no", "including", "includes", "incl", "featuring", "from", "by", "made"})
_APART = frozenset({"to", "in", "on", "of", "at", "the", "a", "an"})
_BREAK = re.compile(r"[,;:|()\[\]!?。，、；：（）【】]|\s[-~*]\s|-\s|\s-|\.\s")


class Thing(NamedTuple):
    """`family`: things of one are near each other; "" for a part. A line is known by a name of its own."""

    value: str
    family: str
    part: bool
    line: bool


class Mention(NamedTuple):
    """A name of a thing in a text. `zone`: first, later, with, for or spec. `head`: it is the noun of its phrase;
    `named`: it ends a group of words of a phrase that goes on, as long titles string names together."""

    things: tuple[Thing, ...]
    words: str
    zone: str
    head: bool
    named: bool
    start: int
    end: int
    run: int


@dataclass(frozen=True)
class ThingWords:
    """Folded name, in the singular -> what it may mean."""

    names: Mapping[str, tuple[Thing, ...]]
    same: Mapping[str, frozenset[int]]
    apart: frozenset[str]
    weak: frozenset[str]
    open: frozenset[str]

    @classmethod
    @lru_cache(maxsize=1)
    def shipped(cls) -> ThingWords:
        return _read(sorted(FOLDER.glob("*.yaml")))

    @cached_property
    def longest(self) -> Mapping[str, int]:
        """First word of a name -> how many words the longest such name has."""
        found: dict[str, int] = {}
        for name in self.names:
            words = name.split(" ")
            found[words[0]] = max(found.get(words[0], 0), min(len(words), LONGEST))
        return found

    @cached_property
    def chinese(self) -> tuple[int, ...]:
        return tuple(sorted({len(name) for name in self.names if not name.isascii()}, reverse=True))

    def are_same(self, one: str, other: str) -> bool:
        return one == other or bool(self.same.get(one, _NONE) & self.same.get(other, _NONE))

    def are_near(self, one: Iterable[Thing], others: Iterable[Thing]) -> bool:
        return any(
            a.value == b.value or (a.family != "" and a.family == b.family and a.family not in self.apart)
            for a in one
            for b in others
        )


_NONE: frozenset[int] = frozenset()


def _key(name: str) -> str:
    return " ".join(singular(word) for word in fold(name).split())


def _read(paths: Iterable[Path]) -> ThingWords:
    names: dict[str, list[Thing]] = {}
    same: dict[str, set[int]] = {}
    lists: dict[str, set[str]] = {"apart": set(), "weak": set(), "open": set()}
    for path in paths:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, thing in _told(data):
            known = names.setdefault(_key(name), [])
            if thing not in known:
                known.append(thing)
        for number, group in enumerate(data.get("same", ())):
            for name in group:
                same.setdefault(_key(name), set()).add(number)
        for key, words in lists.items():
            words.update(data.get(key, ()) if key == "apart" else map(_key, data.get(key, ())))
    return ThingWords(
        {name: tuple(things) for name, things in names.items()},
        {name: frozenset(numbers) for name, numbers in same.items()},
        frozenset(lists["apart"]),
        frozenset(lists["weak"]),
        frozenset(lists["open"]),
    )


def _told(data: Mapping[str, Mapping[str, Mapping[str, list[str]]]]) -> Iterator[tuple[str, Thing]]:
    for family, things in data["main"].items():
        for value, words in things.items():
            for word in (value, *words):
                yield word, Thing(value, family, part=False, line=False)
    parts: Mapping[str, list[str]] = data["parts"]  # type: ignore[assignment]
    for value, words in parts.items():
        for word in (value, *words):
            yield word, Thing(value, "", part=True, line=False)
    lines: Mapping[str, list[str]] = data["lines"]  # type: ignore[assignment]
    for family, words in lines.items():
        for word in words:
            yield word, Thing(word, family, part=False, line=True)


class _Word(NamedTuple):
    text: str
    start: int
    end: int
    joint: str  # what stands between it and the word before: "" nothing but space, "+" one more, "." another phrase


@lru_cache(maxsize=4096)
def mentions(text: str, brand: str = "") -> tuple[Mention, ...]:
    """The things that a text names, in its order. The words of `brand` name none where the text begins with them."""
    words = _words(fold(text[:READ])[:READ])
    names = list(_named(words, _branded(words, brand)))
    return tuple(_mentioned(names, _places(words, names)))


def _words(folded: str) -> list[_Word]:
    found: list[_Word] = []
    end = 0
    for match in _WORD.finditer(folded):
        between = folded[end : match.start()]
        joint = "." if _BREAK.search(between) else "+" if "/" in between or "&" in between or "+" in between else ""
        found.append(_Word(match.group(), match.start(), match.end(), joint))
        end = match.end()
        if len(found) == MOST_WORDS:
            break
    return found


def _branded(words: list[_Word], brand: str) -> int:
    """How many words at the beginning are the brand's."""
    named = [word.text for word in _words(fold(brand[:60]))]
    return len(named) if named and [word.text for word in words[: len(named)]] == named else 0


class _Name(NamedTuple):
    key: str
    things: tuple[Thing, ...]
    at: int  # of its first word
    length: int  # in words
    start: int
    end: int
    joint: str


def _named(words: list[_Word], at: int) -> Iterator[_Name]:
    """The longest names, from left to right."""
    known = ThingWords.shipped()
    keys = [singular(word.text) for word in words]
    while at < len(words):
        word = words[at]
        if word.text[0] >= "\u3400":
            yield from _chinese(word, at, known)
            at += 1
            continue
        for length in range(min(known.longest.get(keys[at], 0), len(words) - at), 0, -1):
            key = " ".join(keys[at : at + length])
            things = known.names.get(key)
            joined = all(words[n].joint == "" for n in range(at + 1, at + length))
            if things and joined:
                yield _Name(key, things, at, length, word.start, words[at + length - 1].end, word.joint)
                at += length
                break
        else:
            at += 1


def _chinese(word: _Word, at: int, known: ThingWords) -> Iterator[_Name]:
    place = 0
    while place < len(word.text):
        for length in known.chinese:
            key = word.text[place : place + length]
            if len(key) == length and key in known.names:
                start = word.start + place
                yield _Name(key, known.names[key], at, 1, start, start + length, "")
                place += length
                break
        else:
            place += 1


class _Place(NamedTuple):
    """Where a word stands: in which zone, in which phrase, and whether that goes on after it."""

    zone: str
    run: int
    goes_on: bool


def _mentioned(names: list[_Name], places: list[_Place]) -> Iterator[Mention]:
    """Each name with its zone, and whether it is the noun of its phrase."""
    by_run: dict[int, list[_Name]] = {}
    for name in names:
        by_run.setdefault(places[name.at].run, []).append(name)
    first = _first(by_run, places)
    for run, here in by_run.items():
        last = _noun(here, places)
        for n, name in enumerate(here):
            zone = places[name.at].zone
            if zone in _IS and first is not None:
                zone = "first" if run == first.run else "spec" if zone == first.zone == "first" else "later"
            head, named = n == last or _coordinate(here, n, last), _ends_group(here, n)
            yield Mention(name.things, name.key, zone, head, named, name.start, name.end, run)


_IS = frozenset({"first", "later"})


def _first(by_run: Mapping[int, list[_Name]], places: list[_Place]) -> _Place | None:
    """The phrase that names the thing: the first that names more than a product line, unless the first part of the
    title goes on to a part of it ("laptop 65 W adapter")."""
    nouns = [(places[here[0].at], here[_noun(here, places)].things) for here in by_run.values()]
    nouns = [(place, things) for place, things in nouns if place.zone in _IS]
    named = [place for place, things in nouns if not all(thing.line for thing in things)]
    begun = [(place, things) for place, things in nouns if place.zone == "first"]
    parts = [place for place, things in begun if all(thing.part for thing in things)]
    if named and named[0].zone == "first" and parts:
        return parts[0]
    wholes = [
        place for place, things in begun if any(thing.family == "computers" and not thing.line for thing in things)
    ]
    if named and wholes and any(named[0] == place and things[0].family == "pc parts" for place, things in nouns):
        return wholes[0]
    return next(iter([*named, *(place for place, _ in nouns)]), None)


def _noun(here: list[_Name], places: list[_Place]) -> int:
    """The last name of a phrase; a word that often describes is passed over where other words follow it."""
    weak = ThingWords.shipped().weak
    strong = [n for n, name in enumerate(here) if name.key not in weak or not places[name.at + name.length - 1].goes_on]
    return strong[-1] if strong else len(here) - 1


def _ends_group(here: list[_Name], n: int) -> bool:
    """Another word stands between it and the next name of its phrase."""
    return n + 1 == len(here) or here[n + 1].at > here[n].at + here[n].length


def _coordinate(here: list[_Name], n: int, last: int) -> bool:
    """ "printer/scanner": both."""
    return n < last and here[n + 1].joint == "+" and here[n + 1].at == here[n].at + here[n].length


def _places(words: list[_Word], names: list[_Name]) -> list[_Place]:
    found: list[_Place] = []
    lines = {name.at for name in names if any(thing.line for thing in name.things)}
    zone, run, in_line = "first", 0, False
    for n, word in enumerate(words):
        before = run
        if word.joint == ".":
            zone, run = ("for" if zone == "for" and _listed(words, n) else "later"), run + 1
        if word.text in _FOR:
            zone, run = "for", run + 1
        elif (word.text in _WITH or _short_with(words, n) or _within(words, n)) and zone != "for":
            zone, run = "with", run + 1
        elif word.text in _APART or (word.text[0].isdigit() and not in_line):
            run += 1
        in_line = n in lines or (in_line and run == before)
        if found and run == before:
            found[-1] = found[-1]._replace(goes_on=True)
        found.append(_Place(zone, run, goes_on=False))
    return found


def _short_with(words: list[_Word], n: int) -> bool:
    """ "w/ cable", but no width: "36.9 w x 12 d"."""
    return words[n].text == "w" and n + 1 < len(words) and words[n + 1].joint == "+"


def _within(words: list[_Word], n: int) -> bool:
    """ "orchid in planter", but not "2 in 1"."""
    return words[n].text == "in" and n + 1 < len(words) and not words[n + 1].text[0].isdigit()


def _listed(words: list[_Word], n: int) -> bool:
    """ "for iphone 11, galaxy note 10": what follows the comma is of the same list where it soon holds a number."""
    return any(word.text[0].isdigit() for word in words[n : n + 3])
