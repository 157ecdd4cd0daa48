"""A Chinese query cut into phrases: by a dictionary, the lexicon and the catalogue's own words.

A run is cut into its likeliest words; a term of the lexicon is always one. Terms that say a colour, an audience, a style
... stand for themselves. What lies between is the name of a thing, whole ("轮胎充气筒"), or, in front and in no
dictionary, a maker ("卓丽音箱"). The head is the last thing named that is not what another is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from relevance.dimensions import Dimension
from relevance.lexicon import DIMENSION_OF_KIND, Entry, Lexicon
from relevance.query_phrases import QueryPhrase
from relevance.segmenting import likeliest_words, place_names, proper_names, verbs
from relevance.tokens import Token, is_chinese, singular, tokens_of_folded

_THINGS = frozenset({"category", "accessory"})
_GLUED = frozenset({"function", "special_attribute", "style_details", "aesthetic_style"})
_MODEL = re.compile(r"(?=.*\d)[a-z0-9][a-z0-9./+-]+|[a-z]\d*")
_MEASURED = re.compile(
    r"(?<![a-z0-9.])\d{1,4}(?:\.\d{1,2})?(?:档|挡|层|孔|芯|口|格|抽|门|速|目|度|号|级|股|匹|缸|位|路|联|节|线|排|卷)"
)
_AGE = re.compile(r"[一二三四五六七八九十两]{1,3}(?:岁半?|周岁|个月)")
_BEHIND = frozenset({"专用", "通用", "用"})  # stand behind what a thing is for
# Signs that say what a longer word is: 海洋味 is a flavour, 心型 a shape.
_ENDS = (
    (re.compile(r".+[味香]型?"), Dimension.SPECIAL),
    (re.compile(r".+[色]"), Dimension.COLOUR),
    (re.compile(r".+[形型状纹领袖]"), Dimension.STYLE_DETAILS),
    (re.compile(r".+风格?"), Dimension.AESTHETIC_STYLE),
)
# The last sign of what a maker makes: a word that ends so is a thing and no name.
_THING_ENDS = frozenset(
    "器机灯鞋衣裤裙帽包袋箱盒瓶杯壶锅碗盘刀刷架柜桌椅床垫枕被毯帘巾布纸笔本书卡线管阀泵轮胎车表链镜膜套壳罩贴粉膏霜露液水油酱茶酒糖饼糕面米"
    "肉鱼虾蟹果仁豆菜片丸囊章板砖门锁窗梯绳网钩钉钻钳锤锯尺秤炉扇池座关球拍棋牌琴鼓号剂胶漆皮带扣环戒坠伞棒筒桶盆缸塔树花草苗种土肥药贴件具品饰料服装衫袜靴筷勺叉嘴头盖塞圈"
)


_CARRIED = frozenset({Dimension.BRAND, Dimension.MODEL, Dimension.YEAR})


class ChinesePiece(NamedTuple):
    start: int
    text: str
    entry: Entry | None
    known: bool  # in the dictionary or the lexicon


def phrases(folded: str, rest: str, lexicon: Lexicon) -> list[QueryPhrase]:
    """`rest`: the folded query with its quantities blanked out; they are in no phrase."""
    measured = [*_matches(_MEASURED, rest, Dimension.SPECIFICATION), *_matches(_AGE, rest, Dimension.AUDIENCE)]
    plain = _AGE.sub(_blank, _MEASURED.sub(_blank, rest))
    found = _of_run(_run(tokens_of_folded(plain), lexicon), lexicon)
    return _with_head(sorted([*found, *measured], key=lambda one: one.start))


def _matches(pattern: re.Pattern[str], text: str, dimension: Dimension) -> list[QueryPhrase]:
    return [
        QueryPhrase(m.start(), m.group(), dimension, m.group(), word=True) for m in islice(pattern.finditer(text), 20)
    ]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _run(tokens: Iterable[Token], lexicon: Lexicon) -> list[ChinesePiece]:
    """The pieces in their order; an empty one where something stands between two tokens."""
    run: list[ChinesePiece] = []
    end = -1
    for token in tokens:
        if run and token.start != end:
            run.append(ChinesePiece(end, "", None, known=True))
        run += _pieces(token, lexicon)
        end = token.end
    return run


def _pieces(token: Token, lexicon: Lexicon) -> Iterator[ChinesePiece]:
    if not is_chinese(token.text):
        entry = lexicon.meaning(token.text)
        yield ChinesePiece(token.start, token.text, entry, known=entry is not None)
        return
    start = token.start
    found: list[ChinesePiece] = []
    for word, in_dictionary in likeliest_words(token.text, lexicon.chinese_terms, lexicon.longest_chinese):
        for part in _without_negation(word, lexicon):
            entry = lexicon.terms.get(part)
            found.append(ChinesePiece(start, part, entry, known=in_dictionary or entry is not None))
            start += len(part)
    yield from _joined(found, lexicon)


def _without_negation(word: str, lexicon: Lexicon) -> Iterator[str]:
    """无糖 says two things; 无锡 is a place."""
    denies = len(word) > 1 and word[0] in lexicon.negations and word not in lexicon.chinese_terms
    if denies and word not in place_names() and word not in proper_names():
        yield from (word[0], word[1:])
    else:
        yield word


def _joined(found: list[ChinesePiece], lexicon: Lexicon) -> Iterator[ChinesePiece]:
    """海洋 and 味 say a flavour, 充气 and 筒 a thing, 新 and the name of a series a series."""
    at = 0
    while at < len(found):
        piece = found[at]
        after = found[at + 1] if at + 1 < len(found) else None
        signs = at + 2 < len(found) and len(found[at + 2].text) == 1 and len(piece.text) > 1
        if after is not None and not (signs and after.text in _THING_ENDS) and _belong_together(piece, after, lexicon):
            kind = after.entry if after.entry is not None and after.entry.kind == "vehicle" else None
            yield ChinesePiece(piece.start, piece.text + after.text, kind, known=True)
            at += 2
        else:
            yield piece
            at += 1


def _belong_together(piece: ChinesePiece, after: ChinesePiece, lexicon: Lexicon) -> bool:
    if piece.text in lexicon.stop | lexicon.negations | lexicon.for_words:
        return False
    if after.entry is not None and after.entry.kind == "vehicle":
        return piece.text in {"新", "老", "全新"}
    if len(after.text) > 1 or not is_chinese(piece.text):
        return False
    plain = piece.entry is None or piece.entry.kind in _GLUED
    if after.text in "味型形风色":
        return plain
    return after.text in _THING_ENDS and plain and (len(piece.text) == 1 or piece.text in verbs() or piece.entry is not None
                                                     or piece.text in place_names())  # fmt: skip


def _of_run(run: Sequence[ChinesePiece], lexicon: Lexicon) -> list[QueryPhrase]:
    """Terms for themselves, and the words between them as names of things; what a "for" word belongs to has its role."""
    found: list[QueryPhrase] = []
    between: list[ChinesePiece] = []
    negated = after_for = False

    def take(new: Iterable[QueryPhrase]) -> None:
        nonlocal negated, after_for
        for one in new:
            found.append(replace(one, negated=negated, role="for" if after_for and not negated else one.role))
            negated = after_for = False

    for n, piece in enumerate(run):
        joint = (
            not piece.text
            or piece.text in lexicon.stop
            or piece.text in lexicon.negations
            or piece.text in lexicon.for_words
        )
        term = not joint and piece.entry is not None and _apart(piece, run, n)
        if not joint and not term:
            between.append(piece)
            continue
        take(_named(between, first=len(between) == n))
        between = []
        if term:
            take([_term(piece, _entry(piece))])
        elif piece.text in lexicon.negations:
            negated = True
        elif piece.text in _BEHIND and found and n + 1 < len(run):
            found[-1] = replace(found[-1], role="for", thing=False)
        elif piece.text in lexicon.for_words:
            after_for = True
    take(_named(between, first=len(between) == len(run)))
    return found


def _entry(piece: ChinesePiece) -> Entry:
    assert piece.entry is not None, "only what the lexicon knows is a term"
    return piece.entry


def _apart(piece: ChinesePiece, run: Sequence[ChinesePiece], n: int) -> bool:
    """A term is a wish of its own, but for a single sign inside a longer name (红 of 红薯), and a thing before a thing."""
    if _entry(piece).kind in _THINGS:
        return False
    return len(piece.text) > 1 or not piece.text >= "\u3400" or _entry(piece).kind == "audience"


def _term(piece: ChinesePiece, entry: Entry) -> QueryPhrase:
    dimension = Dimension.CATEGORY if entry.kind == "accessory" else DIMENSION_OF_KIND[entry.kind]
    thing = entry.kind in _THINGS
    return QueryPhrase(piece.start, piece.text, dimension, entry.value, entry.family, thing=thing,
                  accessory=entry.kind == "accessory")  # fmt: skip


def _named(pieces: Sequence[ChinesePiece], *, first: bool) -> Iterator[QueryPhrase]:
    """Words that no term explains: a maker in front, what it does, and the thing."""
    rest = list(pieces)
    maker = _maker(rest) if first else 0
    if maker:
        yield _whole(rest[:maker], Dimension.BRAND)
        rest = rest[maker:]
    while rest and (dimension := _told(rest[0], alone=len(rest) == 1)) is not None:
        yield _whole(rest[:1], dimension)
        rest = rest[1:]
    after: list[QueryPhrase] = []
    while len(rest) > 1 and (dimension := _told(rest[-1], alone=False)) is not None:
        after.insert(0, _whole(rest[-1:], dimension))
        rest = rest[:-1]
    yield from _things(rest)
    yield from after


def _things(pieces: list[ChinesePiece]) -> Iterator[QueryPhrase]:
    """One name; but before a known thing stands what describes it, and before an accessory what it fits."""
    last = pieces[-1].entry if len(pieces) > 1 else None
    if last is None or last.kind not in _THINGS or len(pieces[-1].text) < 2:
        if pieces:
            yield _thing(pieces)
        return
    if last.kind == "accessory" or _is_thing(pieces[-2]):
        yield replace(_thing(pieces[:-1]), role="for", thing=False)
    else:
        yield _whole(pieces[:-1], Dimension.STYLE_DETAILS)
    yield _thing(pieces[-1:])


def _is_thing(piece: ChinesePiece) -> bool:
    return piece.entry is not None and piece.entry.kind in _THINGS


def _maker(pieces: Sequence[ChinesePiece]) -> int:
    """How many pieces in front are a name: signs that make no word, or a name in the dictionary, with a thing behind."""
    if len(pieces) > 1 and pieces[0].entry is None and len(pieces[0].text) > 1 and pieces[0].text in proper_names():
        return 1
    length = 0
    while length < len(pieces) and _is_sign(pieces[length]):
        length += 1
    signs = "".join(piece.text for piece in pieces[:length])
    if length == len(pieces):
        return length if 2 <= length <= 5 and signs[-1] not in _THING_ENDS else 0
    return length if 2 <= length <= 4 else 0


def _is_sign(piece: ChinesePiece) -> bool:
    return len(piece.text) == 1 and is_chinese(piece.text) and piece.entry is None


def _told(piece: ChinesePiece, *, alone: bool) -> Dimension | None:
    """What a word says by its form alone."""
    if piece.entry is not None and piece.entry.kind not in _THINGS:
        return DIMENSION_OF_KIND[piece.entry.kind]
    if not is_chinese(piece.text):
        return Dimension.MODEL if _MODEL.fullmatch(piece.text) else None
    if piece.entry is None and len(piece.text) > 1:
        if piece.text[0] in "单双" and len(piece.text) == 2 and piece.text[1] not in _THING_ENDS:
            return Dimension.FUNCTION
        for pattern, dimension in _ENDS:
            if pattern.fullmatch(piece.text):
                return dimension
        if piece.text in place_names():
            return Dimension.SPECIAL
    if not alone and piece.entry is None and len(piece.text) > 1 and piece.text in verbs():
        return Dimension.FUNCTION
    return None


def _whole(pieces: Sequence[ChinesePiece], dimension: Dimension) -> QueryPhrase:
    text = "".join(piece.text for piece in pieces)
    entry = pieces[0].entry if len(pieces) == 1 else None
    value, family = (entry.value, entry.family) if entry is not None else (text, "")
    return QueryPhrase(pieces[0].start, text, dimension, value, family, word=entry is None)


def _thing(pieces: Sequence[ChinesePiece]) -> QueryPhrase:
    text = "".join(piece.text for piece in pieces)
    entry = pieces[-1].entry
    if entry is not None and len(pieces) == 1:
        return _term(pieces[0], entry)
    value = text if is_chinese(text) else singular(text)
    family = entry.family if entry is not None and entry.kind == "category" else ""
    accessory = entry is not None and entry.kind == "accessory"
    return QueryPhrase(pieces[0].start, text, Dimension.CATEGORY, value, family, thing=True, word=entry is None,
                  accessory=accessory)  # fmt: skip


def _with_head(found: list[QueryPhrase]) -> list[QueryPhrase]:
    """The last thing named; a car and its maker are what it fits."""
    things = [n for n, one in enumerate(found) if one.thing and not one.negated and not one.role]
    if not things:
        return found
    ends = [n for n in things if found[n].text[-1] in _THING_ENDS or not found[n].word]
    head = (ends or things)[-1]
    cars = any(one.family == "cars" for one in found)
    return [
        replace(one, head=n == head, role="for" if cars and n < head and one.dimension in _CARRIED else one.role)
        for n, one in enumerate(found)
    ]
