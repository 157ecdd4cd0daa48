"""Where the words of a wish stand in a text that was read, and how much of the text is shown around them.

Words are found as they are, else inflected ("waisted", "waist"), else written as one word or as two ("t-mobile").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from relevance.constraints import Constraint
from relevance.facts import fold
from relevance.reading import Text, WordPlace
from relevance.tokens import inflections, parts, read_folded, singular, stem, tokens

SHOWN = 80  # characters of a value that are shown


@lru_cache(maxsize=8192)
def asked_words(text: str) -> tuple[str, ...]:
    """The words of a wish, those of compounds apart."""
    return tuple(part for token in tokens(text) for part in parts(token.text))


def first_place(constraint: Constraint, text: Text) -> WordPlace | None:
    return next(places(constraint, text), None)


def holds_words(literal: str, asked: str) -> bool:
    """The words of a wish stand in what a cell quotes."""
    if not asked.isascii():
        return fold(asked) in fold(literal)
    said = {singular(token.text) for token in tokens(literal)}
    return {singular(word) for word in asked_words(asked)} <= said


def places(constraint: Constraint, text: Text) -> Iterator[WordPlace]:
    """Where the words of a wish stand together, as they are, else inflected, else written as one word or as two."""
    words = asked_words(constraint.text)
    if not words:
        return
    yield from _together(words, (words[0], singular(words[0])), text, _same)
    yield from _together(words, (words[0], *inflections(words[0])), text, _same_stem)
    bare = "".join(words)
    if len(bare) >= 4:
        if len(words) > 1:
            yield from text.places.get(bare, ())
        elif place := text.joined.get(bare):
            yield place


def _same(asked: str, word: str) -> bool:
    return asked == word or singular(asked) == singular(word)


def _same_stem(asked: str, word: str) -> bool:
    return stem(asked) == stem(word)


def _together(
    words: tuple[str, ...], first: Iterable[str], text: Text, same: Callable[[str, str], bool]
) -> Iterator[WordPlace]:
    for place in next((known for form in first if (known := text.places.get(form))), ()):
        found = place.piece.words[place.at : place.at + len(words)]
        if len(found) == len(words) and all(same(a, b.text) for a, b in zip(words, found, strict=True)):
            yield place


def says(word: str, text: Text) -> bool:
    """A word stands there, inflected or not."""
    return word in text.places or any(form in text.places for form in inflections(word))


def told(place: WordPlace, constraint: Constraint) -> tuple[str, str]:
    return shown(place, len(asked_words(constraint.text))), place.piece.where


def shown(place: WordPlace, length: int) -> str:
    """Of a title the words themselves; of an attribute its value, cut around them where it is long."""
    words = place.piece.words[place.at : place.at + length]
    if not words:  # the words of an attribute's name
        return original(place.piece.text, 0, SHOWN)
    if not place.piece.where:
        return original(place.piece.text, words[0].start, words[-1].end)
    return around(place.piece.text, words[0].start, words[-1].end)


def around(text: str, start: int, end: int) -> str:
    """At most SHOWN characters of a text around the piece that counts, with an ellipsis where it is cut."""
    folded = read_folded(text)
    if len(folded) <= SHOWN:
        return original(text, 0, len(folded))
    spare = max(0, SHOWN - 2 - (end - start))
    first = max(0, min(start - spare // 2, len(folded) - SHOWN + 2))
    last = min(len(folded), first + SHOWN - 2)
    return f"{'…' if first else ''}{original(text, first, last)}{'…' if last < len(folded) else ''}"


def original(text: str, start: int, end: int) -> str:
    """A piece of the folded text in the letters of the text itself, where folding kept their places."""
    plain, folded = " ".join(text[:4000].split()), read_folded(text)
    return (plain if len(plain) == len(folded) else folded)[start:end].strip()
