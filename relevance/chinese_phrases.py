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

from relevance.chinese_pieces import THING_ENDS, THINGS, ChinesePiece, pieces_of
from relevance.dimensions import Dimension
from relevance.lexicon import DIMENSION_OF_KIND, Entry, Lexicon
from relevance.query_phrases import QueryPhrase
from relevance.segmenting import how_common, place_names, proper_names, verbs
from relevance.tokens import is_chinese, singular

_MODEL = re.compile(r"(?=.*\d)[a-z0-9][a-z0-9./+-]+|[a-z]\d*")
_MEASURED = re.compile(
    r"(?<![a-z0-9.])\d{1,4}(?:\.\d{1,2})?"
    r"(?:档|挡|层|孔|芯|口|格|抽|门|速|目|度|号|级|股|匹|缸|位|路|联|节|线|排|卷|型|色|座|键|弦|平方米?|平米|人份?|k?v(?![a-z])|kw(?![a-z]))"
    r"|[一二两三四五六七八九十]{1,3}(?:斤|升|寸|匹|座)"
)
_AGE = re.compile(r"[一二三四五六七八九十两]{1,3}(?:岁半?|周岁|个月)")
_BEHIND = frozenset({"专用", "通用", "用"})  # stand behind what a thing is for
# Signs that say what a longer word is: 海洋味 is a flavour, 心型 a shape.
_ENDS = (
    (re.compile(r".+[味香]型?|.+用|[老新].+种"), Dimension.SPECIAL),
    (re.compile(r".+装"), Dimension.SET_SINGLE),
    (re.compile(r".+[色]"), Dimension.COLOUR),
    (re.compile(r".+[形型状纹领袖]"), Dimension.STYLE_DETAILS),
    (re.compile(r".+风格?"), Dimension.AESTHETIC_STYLE),
)
# What ends so takes a noun before it into its name: 玉米脱粒机 is one thing, 小鱼泡泡糖 has a pattern.
_TOOL_ENDS = frozenset("机器泵枪仪炉灯管线阀具刀")
# Whole machines: another word behind one names a part of it or what goes with it.
_HOST_ENDS = frozenset("车机泵枪灶")
_HOSTS = frozenset(
    {"空调", "冰箱", "汽车", "马桶", "沙发", "电脑", "钢琴", "吉他", "热水器", "淋浴房", "音响", "鱼缸", "门窗", "衣柜"}
)
# Makers that are called as a fruit or a grain is: such a word at the end of a query is the thing.
_ALSO_THINGS = frozenset({"苹果", "小米"})
_SIZES = "大小新老"
# Signs that names of makers are made of: 鑫源, 宏达, 艾诗曼.
_NAME_SIGNS = frozenset(
    "鑫宏达源盛隆昌泰恒瑞祥康佳雅诺德尔斯特克凯格雷迪帝奥欧艾爱卡朗莱芙妮娜琳莎蒂诗曼维威伦顿利龙凤博邦晟腾骏驰捷嘉亿亚创科森菲伊芬洛普贝罗兰顺裕丰铭耀辉煌"
)
_ABBREVIATIONS = frozenset(
    [
        "dvd",
        "led",
        "lcd",
        "usb",
        "hdmi",
        "vga",
        "gps",
        "cpu",
        "ssd",
        "pos",
        "bbq",
        "rgb",
        "opp",
        "epe",
        "pcb",
        "plc",
        "atm",
        "sim",
        "ups",
    ]
)
_COMMON_NAME = 100  # a name that the dictionary counts as often is a word of everyday
_CARRIED = frozenset({Dimension.BRAND, Dimension.MODEL, Dimension.YEAR})


def phrases(folded: str, rest: str, lexicon: Lexicon) -> list[QueryPhrase]:
    """`rest`: the folded query with its quantities blanked out; they are in no phrase."""
    measured = [*_matches(_MEASURED, rest, Dimension.SPECIFICATION), *_matches(_AGE, rest, Dimension.AUDIENCE)]
    plain = _AGE.sub(_blank, _MEASURED.sub(_blank, rest))
    found = _of_run(pieces_of(plain, lexicon), lexicon)
    return _with_head(sorted([*found, *measured], key=lambda one: one.start))


def _matches(pattern: re.Pattern[str], text: str, dimension: Dimension) -> list[QueryPhrase]:
    return [
        QueryPhrase(m.start(), m.group(), dimension, m.group(), word=True) for m in islice(pattern.finditer(text), 20)
    ]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


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
    if _entry(piece).kind in THINGS:
        return False
    return len(piece.text) > 1 or not piece.text >= "\u3400" or _entry(piece).kind == "audience"


def _term(piece: ChinesePiece, entry: Entry) -> QueryPhrase:
    dimension = Dimension.CATEGORY if entry.kind == "accessory" else DIMENSION_OF_KIND[entry.kind]
    thing = entry.kind in THINGS
    return QueryPhrase(piece.start, piece.text, dimension, entry.value, entry.family, thing=thing,
                  accessory=entry.kind == "accessory")  # fmt: skip


def _named(pieces: Sequence[ChinesePiece], *, first: bool) -> Iterator[QueryPhrase]:
    """Words that no term explains: a maker in front, what it does, and the thing."""
    rest = list(pieces)
    if len(rest) == 1 and _is_sign(rest[0]) and rest[0].text not in THING_ENDS:
        return  # a lone sign names nothing
    maker = _maker(rest) if first else 0
    if maker:
        yield _whole(rest[:maker], Dimension.BRAND)
        rest = rest[maker:]
    while rest and not _cut_short(rest) and (dimension := _told(rest[0], alone=len(rest) == 1)) is not None:
        yield _whole(rest[:1], dimension)
        rest = rest[1:]
    after: list[QueryPhrase] = []
    while len(rest) > 1 and (dimension := _told(rest[-1], alone=False)) is not None:
        after.insert(0, _whole(rest[-1:], dimension))
        rest = rest[:-1]
    yield from _things(rest)
    yield from after


def _cut_short(pieces: Sequence[ChinesePiece]) -> bool:
    """铜 and 芯 are no metal and something else but the beginning of a name."""
    return len(pieces) > 1 and _is_han_sign(pieces[0]) and _is_han_sign(pieces[1])


def _is_han_sign(piece: ChinesePiece) -> bool:
    return len(piece.text) == 1 and is_chinese(piece.text)


def _things(pieces: list[ChinesePiece]) -> Iterator[QueryPhrase]:
    """One name; but before a known thing stands what describes it, before an accessory or a part what it fits."""
    for n in range(1, len(pieces)):
        if _is_host(pieces[n - 1]) and sum(len(piece.text) for piece in pieces[n:]) > 1:
            yield replace(_thing(pieces[:n]), role="for", thing=False)
            yield from _things(pieces[n:])
            return
    last = pieces[-1].entry if len(pieces) > 1 else None
    if last is None or last.kind not in THINGS or len(pieces[-1].text) < 2:
        if pieces:
            yield _thing(pieces)
        return
    if last.kind != "accessory" and _one_name(pieces):
        yield _thing(pieces)
        return
    if last.kind == "accessory" or _is_thing(pieces[-2]):
        yield replace(_thing(pieces[:-1]), role="for", thing=False)
    else:
        yield _whole(pieces[:-1], Dimension.STYLE_DETAILS)
    yield _thing(pieces[-1:])


def _is_host(piece: ChinesePiece) -> bool:
    return piece.text in _HOSTS or (len(piece.text) > 1 and piece.text[-1] in _HOST_ENDS and piece.known)


def _one_name(pieces: Sequence[ChinesePiece]) -> bool:
    """A tool and what it is a tool for, or a short noun and the words that say which."""
    tool = pieces[-1].text[-1] in _TOOL_ENDS
    short = len(pieces[-1].text) == 2 and not _is_thing(pieces[-2])
    beginning = pieces[0].text
    if len(pieces) == 2 and len(beginning) == 1:
        return beginning not in THING_ENDS and beginning not in _SIZES and pieces[0].entry is None
    return (tool or short) and _plain(pieces[:-1])


def _plain(pieces: Sequence[ChinesePiece]) -> bool:
    """Words that say what thing it is and not how it looks."""
    return all(piece.known and len(piece.text) > 1 and piece.text[0] not in _SIZES for piece in pieces)


def _is_thing(piece: ChinesePiece) -> bool:
    return piece.entry is not None and piece.entry.kind in THINGS


def _maker(pieces: Sequence[ChinesePiece]) -> int:
    """How many pieces in front are a name: signs that make no word, or a name in the dictionary, with a thing behind."""
    if len(pieces) > 1 and _is_name(pieces[0]):
        return 1
    marked = next((n for n in range(1, min(len(pieces), 5)) if pieces[n - 1].text.endswith("牌")), 0)
    if marked and 3 <= sum(len(piece.text) for piece in pieces[:marked]) <= 5 and not _is_thing(pieces[marked - 1]):
        return marked
    length = 0
    while length < len(pieces) and _is_sign(pieces[length]):
        length += 1
    signs = "".join(piece.text for piece in pieces[:length])
    if length == len(pieces):
        return length if 2 <= length <= 5 and signs[-1] not in THING_ENDS else 0
    return length if 2 <= length <= 4 else 0


def _is_name(piece: ChinesePiece) -> bool:
    """Letters that are no model, or a rare name of the dictionary that does not end as things do."""
    if piece.entry is not None or len(piece.text) < 2:
        return False
    if not is_chinese(piece.text):
        return piece.text.isalpha() and len(piece.text) > 2 and piece.text not in _ABBREVIATIONS
    ends_as_thing = piece.text[-1] in THING_ENDS or piece.text[-1] in "石子"
    rare = piece.text in proper_names() and how_common(piece.text) < _COMMON_NAME
    return not ends_as_thing and (rare or _NAME_SIGNS.issuperset(piece.text))


def _is_sign(piece: ChinesePiece) -> bool:
    return len(piece.text) == 1 and is_chinese(piece.text) and piece.entry is None


def _told(piece: ChinesePiece, *, alone: bool) -> Dimension | None:
    """What a word says by its form alone."""
    if piece.entry is not None and piece.entry.kind not in THINGS:
        return DIMENSION_OF_KIND[piece.entry.kind]
    if not is_chinese(piece.text):
        if piece.text in _ABBREVIATIONS:
            return Dimension.SPECIFICATION
        return Dimension.MODEL if _MODEL.fullmatch(piece.text) else None
    if piece.entry is None and len(piece.text) > 1:
        if piece.text[0] in "单双" and len(piece.text) == 2 and piece.text[1] not in THING_ENDS:
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
        found = _with_a_thing(found)
        things = [n for n, one in enumerate(found) if one.thing]
    if not things:
        return found
    ends = [n for n in things if found[n].text[-1] in THING_ENDS or not found[n].word]
    head = (ends or things)[-1]
    cars = any(one.family == "cars" for one in found)
    return [
        replace(one, head=n == head, role="for" if cars and n < head and one.dimension in _CARRIED else one.role)
        for n, one in enumerate(found)
    ]


def _with_a_thing(found: list[QueryPhrase]) -> list[QueryPhrase]:
    """Where nothing else is named, a material at the end is what is wanted, and so is a cut of clothes (长裙)."""
    if not found or found[-1].negated or found[-1].role:
        return found
    last = found[-1]
    cut = last.dimension is Dimension.STYLE_DETAILS and last.text[-1] in THING_ENDS
    if last.dimension is not Dimension.MATERIAL and not cut and last.text not in _ALSO_THINGS:
        return found
    return [*found[:-1], replace(last, dimension=Dimension.CATEGORY, value=last.text, family="", thing=True, word=True)]
