"""A phrase of a query, what the wanted thing is for, and which phrase is the head: the kind of thing wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from relevance.dimensions import Dimension
from relevance.lexicon import Lexicon
from relevance.things import ThingWords
from relevance.tokens import Token, singular

WITH = frozenset({"with", "without", "that", "under", "no", "not", "by", "and"})


@dataclass(frozen=True)
class QueryPhrase:
    """A literal piece of a query that means one thing; `start` counts in the folded query."""

    start: int
    text: str
    dimension: Dimension
    value: str
    family: str = ""
    negated: bool = False
    word: bool = False
    role: str = ""
    accessory: bool = False
    thing: bool = False  # may be the head
    unknown: bool = False  # to the lexicon
    after_for: bool = False
    head: bool = False


_WANTED_ITSELF = frozenset({Dimension.AUDIENCE, Dimension.COLOUR, Dimension.PRICE, Dimension.SET_SINGLE, Dimension.SEASON,
                            Dimension.SPECIFICATION, Dimension.MATERIAL, Dimension.STYLE_DETAILS})  # fmt: skip


def with_roles(found: list[QueryPhrase], words: Sequence[Token], lexicon: Lexicon) -> list[QueryPhrase]:
    """What stands after a "for", up to the next "with", is what the thing is for; a name of people is not."""
    made: list[QueryPhrase] = []
    for one in found:
        before = next((word for word in reversed(words) if word.start < one.start and _joins(word, lexicon)), None)
        people = before is not None and any(
            other.dimension is Dimension.AUDIENCE and other.start > before.start for other in made
        )
        joint = "" if before is None or people else before.text
        if joint in lexicon.for_words and not one.negated and (one.dimension not in _WANTED_ITSELF or _is_plain(one)):
            dimension = Dimension.CATEGORY if one.thing or one.word or _is_plain(one) else one.dimension
            made.append(replace(one, role="for", thing=False, dimension=dimension))
        elif joint == "with" and one.thing and any(other.thing for other in made):
            made.append(replace(one, thing=False, dimension=Dimension.STYLE_DETAILS))
        else:
            made.append(replace(one, after_for=joint in lexicon.for_words))
    return made


def _is_plain(one: QueryPhrase) -> bool:
    return one.unknown and one.dimension in {Dimension.STYLE_DETAILS, Dimension.FUNCTION}


def _joins(word: Token, lexicon: Lexicon) -> bool:
    return word.text in lexicon.for_words or word.text in WITH


def with_head(found: list[QueryPhrase]) -> list[QueryPhrase]:
    """One head: the last kind of thing that is not what another is for; without one, a model, then the last plain word."""
    wished = [n for n, one in enumerate(found) if not one.negated and not one.role]
    heads = [n for n in wished if found[n].thing]
    heads = [n for n in heads if not any(one.role or one.after_for for one in found[:n])] or heads
    if not heads and (plain := [n for n in wished if _may_be_a_thing(found[n]) and not _of_a_maker(n, found)]):
        heads = plain
        found = [replace(one, dimension=Dimension.CATEGORY) if n == plain[-1] else one for n, one in enumerate(found)]
    heads = heads or [n for n in wished if found[n].dimension is Dimension.MODEL]
    if not heads and len(found) == 1 and found[0].dimension is Dimension.SPECIFICATION:
        heads = wished  # "ssd"
    if not heads:
        return found
    head = heads[-1]
    made = [replace(one, head=n == head) for n, one in enumerate(found)]
    return [_fitted(one, made[head], made) if n < head else one for n, one in enumerate(made)]


def _of_a_maker(n: int, found: Sequence[QueryPhrase]) -> bool:
    """A series or model behind its maker: "wilson evolution"."""
    of_things = singular(found[n].value.split()[-1]) in ThingWords.shipped().names
    return (
        not of_things
        and found[n].dimension is Dimension.MODEL
        and any(one.dimension is Dimension.BRAND for one in found[:n])
    )


def _may_be_a_thing(one: QueryPhrase) -> bool:
    """Words that no lexicon knows, and no name or number."""
    plain = one.dimension in {
        Dimension.CATEGORY,
        Dimension.FUNCTION,
        Dimension.IP_PERSON,
        Dimension.STYLE_DETAILS,
        Dimension.MODEL,
    }
    known = one.dimension is Dimension.CATEGORY
    return plain and (one.unknown or known) and not any(sign.isdigit() for sign in one.value)


_CARRIED = frozenset({Dimension.MODEL, Dimension.YEAR, Dimension.BRAND})


def _fitted(one: QueryPhrase, head: QueryPhrase, found: Sequence[QueryPhrase]) -> QueryPhrase:
    """Before an accessory stands what it fits: "iphone 7 case"; before a part of a car that car. The maker of that too."""
    if one.negated or one.role or one.dimension not in {*_CARRIED, Dimension.CATEGORY}:
        return one
    before = [other for other in found if other.start < head.start and other.dimension is Dimension.MODEL]
    cars = any(other.family == "cars" for other in before) and head.dimension is Dimension.CATEGORY
    fits = one.dimension is Dimension.MODEL or (one.dimension is Dimension.BRAND and bool(before)) or one.thing
    return replace(one, role="for") if (head.accessory and fits) or (cars and one.dimension in _CARRIED) else one
