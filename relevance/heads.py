"""Whether an item is the kind of thing that is asked for: match, near, conflict or silent, with the words that say so.

The name of the thing itself decides (relevance.things): what only describes another thing, is made for the asked one or
comes with it is not the asked one. Another kind of thing is a conflict only where both kinds are known; things of one
family are near. A product line ("iphone") is of its family and nothing more is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from relevance.facts import fold
from relevance.things import Mention, Thing, ThingWords, mentions
from relevance.tokens import singular, tokens


class KindVerdict(NamedTuple):
    """`words`: the piece of the folded text from `start` to `end`; verdict "" where nothing is said."""

    verdict: str
    start: int = 0
    end: int = 0


SILENT = KindVerdict("")
STRUNG = 24  # characters from one name to another from which on a phrase strings names together


@dataclass(frozen=True)
class AskedKind:
    """What a wish asks for: its noun, what that may mean, and the words before it."""

    noun: str
    things: tuple[Thing, ...]
    before: tuple[str, ...]

    @property
    def line(self) -> bool:
        return bool(self.things) and all(thing.line for thing in self.things)

    @property
    def part(self) -> bool:
        return any(thing.part for thing in self.things)


@lru_cache(maxsize=8192)
def asked_kind(text: str, value: str = "") -> AskedKind:
    """The longest name that a wish ends with. A word that is no known name stands for itself, or for what `value` names."""
    words = tuple(singular(token.text) for token in tokens(text))
    found = [one for one in mentions(text) if one.zone not in {"for", "with"}]
    last = found[-1] if found and found[-1].end == len(fold(text)) else None
    if last is not None:
        return AskedKind(last.words, last.things, words[: len(words) - len(last.words.split())])
    if line := next((one for one in found if any(thing.line for thing in one.things)), None):
        return AskedKind(line.words, line.things, ())  # "iphone 7": what stands behind the line is its model
    if value and value != text:
        return asked_kind(value)
    if noun := next((one for one in reversed(found) if one.head), None):
        more = tuple(word for word in words if word not in noun.words.split())
        return AskedKind(noun.words, noun.things, more)  # "rug plum": the noun does not always stand last
    return AskedKind(words[-1] if words else "", (), words[:-1])


def is_of_kind(asked: AskedKind, text: str, brand: str = "") -> KindVerdict:
    """Whether a title, or the name of a category, names the asked kind of thing."""
    named = mentions(text, brand)
    mine = [one for one in named if _is(asked, one)]
    if found := next((one for one in mine if one.head and one.zone == "first"), None):
        return KindVerdict("match", found.start, found.end)
    main = _main(named)
    if main is None:
        return SILENT
    kin = ThingWords.shipped().are_near(asked.things, main.things)
    if found := next((one for one in mine if one.run == main.run), None):
        return _beside_another(asked, found, main, kin=kin)
    beside = next((one for one in mine if one.zone in {"later", "with"}), None)
    if beside is not None and (asked.part or not _part(main)):
        return KindVerdict("near", beside.start, beside.end)
    if asked.line and not mine and (other := _another_line(asked, named)) is not None:
        return KindVerdict("conflict", other.start, other.end)
    if kin or asked.noun.endswith(f" {main.words}"):
        return KindVerdict("near", main.start, main.end)
    if asked.things and main.words not in ThingWords.shipped().open:
        return _with_what_it_is_for(mine, main)
    return SILENT


def _with_what_it_is_for(mine: list[Mention], main: Mention) -> KindVerdict:
    """Another thing, told with the asked one where it stands close by: "sleeve for laptop"."""
    close = next((one for one in mine if one.run == main.run + 1 and one.zone == "for"), main)
    return KindVerdict("conflict", main.start, close.end)


def _beside_another(asked: AskedKind, found: Mention, main: Mention, *, kin: bool) -> KindVerdict:
    """A name that stands before another in one phrase: "Chromebook notebook" is both, a "mouse pillow" is a pillow.

    In a long phrase names are strung together, each of the thing itself; a part is never what stands before it.
    """
    start, end = min(found.start, main.start), max(found.end, main.end)
    if kin:
        return KindVerdict("match", found.start, found.end)
    if found.named and not _part(main):
        return KindVerdict("match" if end - start > STRUNG else "near", found.start, found.end)
    return KindVerdict("conflict", start, end)


def _main(named: tuple[Mention, ...]) -> Mention | None:
    """The name of the thing itself."""
    return next((one for one in reversed(named) if one.head and one.zone == "first"), None)


def _another_line(asked: AskedKind, named: tuple[Mention, ...]) -> Mention | None:
    """A product line of the same family: an Xbox for a PlayStation."""
    lines = (one for one in named if one.zone in {"first", "later", "spec"} and all(thing.line for thing in one.things))
    return next((one for one in lines if ThingWords.shipped().are_near(asked.things, one.things)), None)


def _is(asked: AskedKind, one: Mention) -> bool:
    """The same name, the same thing by another word, or a name that ends with it: "office chair" is a chair."""
    known = ThingWords.shipped()
    if known.are_same(asked.noun, one.words) or (asked.noun and one.words.endswith(f" {asked.noun}")):
        return True
    if asked.line and one.words.startswith(f"{asked.noun} "):
        return True  # an Xbox One is an Xbox
    if asked.noun.isascii() and one.words.isascii():
        return False
    values = {thing.value for thing in asked.things}  # across languages the meaning is all there is to compare
    return one.words.endswith(asked.noun) or any(thing.value in values for thing in one.things)


def _part(one: Mention) -> bool:
    return any(thing.part for thing in one.things)


def accessory_named(title: str, brand: str = "") -> str:
    """The accessory, spare or consumable that a title names as the thing itself; empty where it is a main product."""
    main = _main(mentions(title, brand))
    return main.words if main is not None and _part(main) else ""


def names_a_thing(title: str, brand: str = "") -> bool:
    return _main(mentions(title, brand)) is not None
