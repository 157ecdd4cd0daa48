"""An English query cut into phrases: what the tagger says, put right by what the lexicon and the catalogue know.

The tagger finds spans and their types. A term of several words that the lexicon knows stays whole; a colour, a material,
an audience or a brand inside a kind of thing is a wish of its own. Then one phrase becomes the head, and what the wanted
thing is for gets its role.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from rapidfuzz import fuzz, process

from relevance.dimensions import Dimension
from relevance.lexicon import DIMENSION_OF_KIND, Entry, Lexicon
from relevance.query_phrases import WITH, QueryPhrase, with_head, with_roles
from relevance.tagging import CORE, MAKER, TaggedSpan, tagged
from relevance.things import ThingWords
from relevance.tokens import Token, singular, tokens_of_folded

SPELLING = 88  # similarity in percent from which an unknown word of five letters or more is read as a known one
_MODEL = re.compile(r"(?=.*\d)(?=.*[a-z])[a-z0-9][a-z0-9./+-]+|\d{2,}")
_CODE = re.compile(r"(?=.*\d)(?=.*[a-z])[a-z0-9][a-z0-9./+-]{2,}")
_DOES = re.compile(r"(?:able|ible|proof|resistant|free|ing|ed up|blocking)$|^(?:anti|non|self|multi|auto)[ -]?")
_YEAR = re.compile(r"0\d|[89]0s|(19|20)\d\d")
# What a name of a model or series is followed by: "iphone 7 plus", "galaxy note 10".
_OF_MODEL = re.compile(
    r"\d{1,4}[a-z]{0,2}|x|xr|xs|se|pro|max|plus|mini|ultra|air|lite|series|gen|fe|note|tab|i|ii|iii|iv|[a-z]\d{1,2}"
)
# What a type of span asks about where the lexicon does not say.
DIMENSION_OF_TYPE: Mapping[str, Dimension] = {
    CORE: Dimension.CATEGORY,
    "creator": Dimension.BRAND,
    "product_name": Dimension.MODEL,
    "product_number": Dimension.MODEL,
    "modifier": Dimension.STYLE_DETAILS,
    "content": Dimension.IP_PERSON,
    "color": Dimension.COLOUR,
    "material": Dimension.MATERIAL,
    "shape": Dimension.STYLE_DETAILS,
    "UoM": Dimension.SPECIFICATION,
    "quantity": Dimension.SET_SINGLE,
    "department": Dimension.AUDIENCE,
    "occasion": Dimension.SPECIAL,
    "condition": Dimension.SPECIAL,
    "origin": Dimension.SPECIAL,
    "price": Dimension.PRICE,
    "time": Dimension.YEAR,
    "": Dimension.CATEGORY,
}
# Kinds that are a wish of their own within the name of a thing: "wooden boxes", "baby sneakers".
_APART = frozenset({"colour", "material", "audience", "brand", "size", "season", "model", "vehicle", "ip_person"})
_KEEP_CORE = frozenset({"material", "function", "special_attribute", "style_details", "set_single", "season",
                        "aesthetic_style"})  # fmt: skip
_BEHIND_A_THING = frozenset({"size", "set_single", "audience", "season", "specification"})
_APART_IN_FRONT = _APART | {"specification", "function", "aesthetic_style"}
_THINGS = frozenset({"category", "accessory"})


def phrases(folded: str, rest: str, lexicon: Lexicon) -> list[QueryPhrase]:
    """`rest`: the folded query with its quantities blanked out; they are in no phrase."""
    words = tokens_of_folded(folded)
    free = [rest[one.start : one.end] == one.text for one in words]
    spans = _covered(tagged([one.text for one in words], lexicon), len(words))
    named = _with_a_thing(list(_cut_at_joints(spans, words, lexicon)), words, lexicon)
    cut = _apart(_whole_terms(named, words, lexicon), free)
    found = [phrase for span in cut for phrase in _read(span, words, folded, lexicon)]
    return with_head(with_roles(found, words, lexicon))


def _covered(spans: Iterable[TaggedSpan], length: int) -> Iterator[TaggedSpan]:
    """The spans, and each word between them as a span without a type."""
    at = 0
    for span in spans:
        yield from (TaggedSpan(n, n + 1, "") for n in range(at, span.start))
        yield span
        at = span.end
    yield from (TaggedSpan(n, n + 1, "") for n in range(at, length))


def _cut_at_joints(spans: Iterable[TaggedSpan], words: Sequence[Token], lexicon: Lexicon) -> Iterator[TaggedSpan]:
    """Nobody wants "bread without gluten": what stands before and behind such a word are two wishes."""
    joints = lexicon.negations | lexicon.for_words | {"with", "under"}
    for span in spans:
        start = span.start
        for at in range(span.start + 1, span.end):
            if words[at].text in joints:
                yield span._replace(start=start, end=at)
                start = at
        yield span._replace(start=start)


def _with_a_thing(spans: list[TaggedSpan], words: Sequence[Token], lexicon: Lexicon) -> list[TaggedSpan]:
    """Where the tagger sees no kind of thing, a maker that ends in one ("acme watch bands") has it cut off."""
    if any(span.type == CORE for span in spans):
        return spans
    for span in spans:
        start = span.end
        while start > span.start + 1 and singular(words[start - 1].text) in ThingWords.shipped().names:
            start -= 1
        known = lexicon.longest(tuple(words[: span.end]), span.start)
        whole = known is not None and known[1] == span.end - span.start
        if span.type == MAKER and start < span.end and not whole:
            return _replaced(spans, TaggedSpan(start, span.end, CORE))
    return spans


def _whole_terms(spans: Iterable[TaggedSpan], words: Sequence[Token], lexicon: Lexicon) -> list[TaggedSpan]:
    """Spans that never cut a term of several words which the lexicon knows; a model's name takes what follows it."""
    cut = list(spans)
    for start, end, entry in _terms(words, lexicon):
        if any(span.start <= start and end <= span.end for span in cut):
            continue
        last = next(span for span in cut if span.start < end <= span.end)
        kind = last.type if entry.kind in _THINGS else _TYPE_OF_KIND.get(entry.kind, last.type)
        cut = _replaced(cut, TaggedSpan(start, end, kind))
    return cut


_TYPE_OF_KIND = {"model": "product_name", "brand": "creator", "ip_person": "content", "vehicle": "product_name"}


def _terms(words: Sequence[Token], lexicon: Lexicon) -> Iterator[tuple[int, int, Entry]]:
    at = 0
    while at < len(words):
        known = lexicon.longest(tuple(words), at)
        if known is None:
            at += 1
            continue
        entry, length = known
        end = at + length
        if entry.kind == "model":
            while end < len(words) and _OF_MODEL.fullmatch(words[end].text):
                end += 1
        if end - at > 1:
            yield at, end, entry
        at = end


def _replaced(spans: Sequence[TaggedSpan], new: TaggedSpan) -> list[TaggedSpan]:
    """The spans with a new one laid over them; what it covers in part is shortened."""
    kept: list[TaggedSpan] = []
    for span in spans:
        kept += [
            span._replace(start=start, end=end)
            for start, end in ((span.start, min(span.end, new.start)), (max(span.start, new.end), span.end))
            if start < end
        ]
    return sorted([*kept, new])


def _apart(spans: Iterable[TaggedSpan], free: Sequence[bool]) -> Iterator[TaggedSpan]:
    """The spans without the words of quantities, which cut them."""
    for span in spans:
        start = span.start
        for at in range(span.start, span.end + 1):
            if at == span.end or not free[at]:
                if start < at:
                    yield span._replace(start=start, end=at)
                start = at + 1


def _read(span: TaggedSpan, words: Sequence[Token], folded: str, lexicon: Lexicon) -> Iterator[QueryPhrase]:
    start, end = span.start, span.end
    joints = lexicon.stop | lexicon.negations | lexicon.for_words | WITH
    while start < end and words[start].text in joints and lexicon.longest(tuple(words[:end]), start) is None:
        start += 1
    while start < end and words[end - 1].text in joints | {"'", '"'}:
        end -= 1
    suffix = end - start > 1 and words[end - 1].text in lexicon.negating_suffixes
    alone = end - start == 1 and start > 0 and words[start].text in lexicon.negating_suffixes
    if start == end or alone:
        return
    end -= suffix
    after = end < len(words) and words[end].text in lexicon.negating_suffixes and end == span.end
    negated = suffix or after or _denied(start, words, lexicon)
    for piece in _pieces(TaggedSpan(start, end, span.type), words, lexicon):
        within = words[piece.start : piece.end]
        meant = _meant(" ".join(one.text for one in within), piece.type, lexicon, single=len(within) == 1)
        yield replace(meant, start=within[0].start, text=folded[within[0].start : within[-1].end], negated=negated)


def _denied(start: int, words: Sequence[Token], lexicon: Lexicon) -> bool:
    """A negation stands right before, or only words that mean nothing lie between."""
    at = start - 1
    while at >= 0 and words[at].text in lexicon.stop and words[at].text not in lexicon.negations:
        at -= 1
    return at >= 0 and words[at].text in lexicon.negations


def _pieces(span: TaggedSpan, words: Sequence[Token], lexicon: Lexicon) -> Iterator[TaggedSpan]:
    """A span as its terms and the words between; the whole where it is one term, or names one thing."""
    within = tuple(words[span.start : span.end])
    known = lexicon.longest(within, 0)
    if known is not None and known[1] == len(within):
        yield span
        return
    cut = span.start + _behind(within) if span.type == CORE else span.end
    yield from _terms_apart(span._replace(end=cut), words, lexicon)
    if cut < span.end:
        yield TaggedSpan(cut, span.end, "modifier")


def _terms_apart(span: TaggedSpan, words: Sequence[Token], lexicon: Lexicon) -> Iterator[TaggedSpan]:
    within = tuple(words[span.start : span.end])
    inner = "modifier" if span.type == CORE else span.type  # what is cut off the name of a thing is no thing
    at, rest = 0, span.start
    while at < len(within):
        entry, length = lexicon.longest(within, at) or (None, 1)
        start, end = span.start + at, span.start + at + length
        alone = entry is not None and entry.kind == "set_single" and not _is_thing(within[:at], lexicon)
        if (
            entry is not None
            and length < len(within)
            and not alone
            and _splits(entry, span.type, end == span.end, at == 0, length)
        ):
            if rest < start:
                yield TaggedSpan(rest, start, span.type)
            yield TaggedSpan(start, end, inner)
            rest = end
        at += length
    if rest < span.end:
        yield TaggedSpan(rest, span.end, span.type)


def _behind(within: tuple[Token, ...]) -> int:
    """Where in the name of a thing something else begins: the number of a model."""
    if len(within) > 1 and _CODE.fullmatch(within[-1].text):
        return len(within) - 1
    return len(within)


def _is_thing(within: tuple[Token, ...], lexicon: Lexicon) -> bool:
    """All of it is one thing that the lexicon knows: "chair set", but "manicure set" is a thing of its own."""
    known = lexicon.longest(within, 0) if within else None
    return known is not None and known[0].kind in _THINGS and known[1] == len(within)


def _splits(entry: Entry, kind: str, last: bool, first: bool, length: int) -> bool:  # noqa: FBT001
    if kind == CORE:
        return entry.kind in (_BEHIND_A_THING if last else _APART_IN_FRONT if first else ())
    if kind in {"creator", "product_name", "product_number", "content"}:
        return False
    return (first or last) and (length > 1 or entry.kind in _APART)


def _meant(piece: str, kind: str, lexicon: Lexicon, *, single: bool) -> QueryPhrase:
    entry = lexicon.meaning(piece)
    if entry is None and single and kind in {CORE, "creator", ""}:
        entry = respelt(piece, lexicon)
        # Without this "watch" would be a misspelt Swatch.
        entry = None if entry is not None and entry.kind == "brand" and kind == CORE else entry
    if entry is not None and _agrees(entry, kind):
        thing = entry.kind in _THINGS and kind != ""
        return QueryPhrase(
            0, "", _dimension(entry), entry.value, entry.family, accessory=entry.kind == "accessory", thing=thing
        )
    if single and kind not in {"creator", "color", "material"} and _MODEL.fullmatch(piece):
        return QueryPhrase(0, "", _numbered(piece, kind), piece)
    if (series := lexicon.meaning(" ".join(piece.split()[:-1]))) is not None and series.kind in {"model", "vehicle"}:
        return QueryPhrase(0, "", Dimension.MODEL, piece, series.family)  # "iphone x": a series and which of it
    last = lexicon.meaning(piece.split()[-1])
    accessory = kind == CORE and last is not None and last.kind == "accessory"
    family = last.family if kind == CORE and last is not None and last.kind == "category" else ""
    value = singular(piece) if single else _singular_end(piece)
    return QueryPhrase(
        0, "", _plain(piece, kind), value, family if not single else "", word=single, accessory=accessory,
        thing=kind == CORE, unknown=True,
    )  # fmt: skip


def _plain(piece: str, kind: str) -> Dimension:
    """What a modifier that no lexicon knows asks about, by how it ends: what a thing does, or how it looks."""
    return Dimension.FUNCTION if kind == "modifier" and _DOES.search(piece) else DIMENSION_OF_TYPE[kind]


def _numbered(piece: str, kind: str) -> Dimension:
    if kind == "time" or _YEAR.fullmatch(piece):
        return Dimension.YEAR
    return Dimension.SPECIFICATION if kind in {"UoM", "quantity"} else Dimension.MODEL


def _agrees(entry: Entry, kind: str) -> bool:
    """Whether a term means here what the lexicon says."""
    if kind == "creator":
        return entry.kind in {"brand", "model", "vehicle", "category", "accessory"}
    if kind in {"material", "color", "shape", "UoM", "department"} and entry.kind in _THINGS:
        return False
    return not (kind == CORE and entry.kind in _KEEP_CORE)


def _dimension(entry: Entry) -> Dimension:
    return Dimension.CATEGORY if entry.kind == "accessory" else DIMENSION_OF_KIND[entry.kind]


def _singular_end(piece: str) -> str:
    before, _, last = piece.rpartition(" ")
    return f"{before} {singular(last)}"


@lru_cache(maxsize=8192)
def _near(piece: str, spellable: tuple[str, ...]) -> str | None:
    near = process.extractOne(piece, spellable, scorer=fuzz.ratio, score_cutoff=SPELLING)
    return near[0] if near and abs(len(near[0]) - len(piece)) <= 2 else None


def respelt(piece: str, lexicon: Lexicon) -> Entry | None:
    """A misspelt brand or kind of thing; short words are too easily mistaken."""
    if len(piece) < 5 or not piece.isascii() or not piece.isalpha():
        return None
    near = _near(piece, lexicon.spellable)
    return lexicon.terms[near] if near else None
