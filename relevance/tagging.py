"""The words of an English query tagged with what they are: a linear chain learnt from QueryNER's train part.

The weights lie in `relevance/tagger` beside their licence and a card that says where they come from; they are made by
`python manage.py learn_tagger`. They know 17 types of span (core_product_type, creator, modifier ...); which dimension a
span asks about is said in relevance.constraints. What a catalogue names helps: the lexicon's kinds are features.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import pycrfsuite

from relevance.lexicon import Lexicon
from relevance.things import ThingWords
from relevance.tokens import Token, singular

FOLDER = Path(__file__).parent / "tagger"
WEIGHTS = FOLDER / "queryner.crfsuite"
MAX_WORDS = 40  # a longer query is read to here; nobody types one
LONGEST_WORD = 40
CORE, MAKER = "core_product_type", "creator"
SURE = 0.6  # of an unknown maker; measured on the train part with weights learnt from the rest
INSTEAD = ("product_name", "modifier", "content", "material", "shape")
_ONE_QUERY = Lock()
JOINTS = frozenset(
    {"for", "with", "without", "of", "in", "by", "on", "and", "to", "from", "under", "no", "not", "that"}
)
_SMALL, _DIGIT, _REPEATED = re.compile("[a-z]"), re.compile("[0-9]"), re.compile(r"(.)\1+")


class TaggedSpan(NamedTuple):
    """Words start to end (not included) and their type."""

    start: int
    end: int
    type: str


def tagged(words: Sequence[str], lexicon: Lexicon) -> list[TaggedSpan]:
    """The typed spans of a query's folded words.

    An unknown maker before a kind of thing that the tagger is unsure of is what it holds next likely; a name that stands
    alone stays one.
    """
    # Without this another thread's query would answer how sure the tagger is.
    with _ONE_QUERY:
        found = spans(tags(words, lexicon))
        things = [span.start for span in found if span.type == CORE]
        return [
            _sure(span) if span.type == MAKER and things and not _named(span, words, lexicon) else span
            for span in found
        ]


def _named(span: TaggedSpan, words: Sequence[str], lexicon: Lexicon) -> bool:
    known = (lexicon.meaning(" ".join(words[span.start : end])) for end in range(span.start + 1, span.end + 1))
    return any(entry is not None and entry.kind == "brand" for entry in known)


def _sure(span: TaggedSpan) -> TaggedSpan:
    """An unknown maker below `SURE` is one in less than a third of the cases."""
    if min(_likely(MAKER, at) for at in range(span.start, span.end)) >= SURE:
        return span
    return span._replace(
        type=max(INSTEAD, key=lambda kind: sum(_likely(kind, at) for at in range(span.start, span.end)))
    )


def _likely(kind: str, at: int) -> float:
    tagger = _tagger()
    return float(tagger.marginal(f"B-{kind}", at) + tagger.marginal(f"I-{kind}", at))


def tags(words: Sequence[str], lexicon: Lexicon) -> list[str]:
    found: list[str] = _tagger().tag(features(words, lexicon)) if words else []
    return [*found, *["O"] * (len(words) - len(found))]


def spans(found: Sequence[str]) -> list[TaggedSpan]:
    """BIO tags as spans."""
    made: list[TaggedSpan] = []
    for at, tag in enumerate(found):
        if tag.startswith("I-") and made and made[-1].end == at and made[-1].type == tag[2:]:
            made[-1] = made[-1]._replace(end=at + 1)
        elif tag != "O":
            made.append(TaggedSpan(at, at + 1, tag[2:]))
    return made


@lru_cache(maxsize=1)
def _tagger() -> Any:
    opened = pycrfsuite.Tagger()
    opened.open(str(WEIGHTS))
    return opened


class TaggedWord(NamedTuple):
    text: str
    base: str
    shape: str
    kind: str
    thing: str


def features(words: Sequence[str], lexicon: Lexicon) -> list[list[str]]:
    """What the tagger looks at, word by word: letters, shape, place, neighbours, and the kinds that the lexicon knows."""
    cut = [word[:LONGEST_WORD] for word in words[:MAX_WORDS]]
    known = zip(cut, _kinds(cut, lexicon), _things(cut), strict=True)
    read = [TaggedWord(word, singular(word), _shape(word), kind, thing) for word, kind, thing in known]
    return [[*_own(read[at]), *_place(read, at), *_beside(read, at)] for at in range(len(read))]


def _kinds(words: Sequence[str], lexicon: Lexicon) -> list[str]:
    """For each word the kind of the longest term that it is part of, and whether that has several words."""
    tokens, kinds, at = tuple(Token(word, 0, 0) for word in words), [""] * len(words), 0
    while at < len(tokens):
        known = lexicon.longest(tokens, at)
        if known is not None:
            entry, length = known
            kinds[at : at + length] = [f"{entry.kind}{'+' if length > 1 else ''}"] * length
            at += length
        else:
            at += 1
    return kinds


def _things(words: Sequence[str]) -> list[str]:
    """Which words name a kind of thing (relevance.things), alone or as the end or the front of a longer name."""
    known, things = ThingWords.shipped(), [""] * len(words)
    for start, word in enumerate(words):
        if singular(word) in known.names:
            things[start] = things[start] or "t"
        for length in range(min(known.longest.get(word, 1), len(words) - start), 1, -1):
            last = start + length - 1
            if " ".join([*words[start:last], singular(words[last])]) in known.names:
                things[start : last + 1] = [*["front"] * (length - 1), "end"]
                break
    return things


def _shape(word: str) -> str:
    return _REPEATED.sub(r"\1\1", _DIGIT.sub("d", _SMALL.sub("x", word)))


def _own(word: TaggedWord) -> Iterator[str]:
    yield from ("bias", f"w={word.text}", f"g={word.base}", f"sh={word.shape}", f"l={min(len(word.text), 8)}")
    if word.kind:
        yield f"k={word.kind}"
    if word.thing:
        yield f"t={word.thing}"
    for length in (2, 3, 4):
        if len(word.text) > length:
            yield f"p={word.text[:length]}"
            yield f"s={word.text[-length:]}"


def _place(read: Sequence[TaggedWord], at: int) -> Iterator[str]:
    """From the front, from the end, and after and before which joint ("for", "with")."""
    before = next((one.text for one in reversed(read[:at]) if one.text in JOINTS), "-")
    after = next((n for n in range(at + 1, len(read)) if read[n].text in JOINTS), len(read))
    yield from (f"i={min(at, 3)}", f"e={min(len(read) - 1 - at, 3)}", f"n={min(len(read), 8)}")
    yield f"ie={min(at, 3)},{min(len(read) - 1 - at, 3)}"
    yield from (f"a={before}", f"a={before},{read[at].kind}", f"pe={min(after - 1 - at, 3)}")
    yield f"b={read[after].text if after < len(read) else '-'}"


def _beside(read: Sequence[TaggedWord], at: int) -> Iterator[str]:
    for step in (-2, -1, 1, 2):
        other = read[at + step] if 0 <= at + step < len(read) else None
        yield f"{step}={other.base if other else '#'}"
        if other and other.kind:
            yield f"{step}k={other.kind}"
        if other and abs(step) == 1:
            yield f"{step}t={other.thing},{read[at].thing}"
        if other and abs(step) == 1:
            yield from (f"{step}sh={other.shape}", f"{step}s={other.text[-3:]}", f"{step}s={other.text[-2:]}")
            first, second = (other, read[at]) if step < 0 else (read[at], other)
            yield f"{step}|={first.base}|{second.base}"
            yield f"{step}k|={first.kind}|{second.kind}"
