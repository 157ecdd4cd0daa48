"""A Chinese query cut into pieces: words of a dictionary, terms of the lexicon, letters; what is glued together is one.

A term of letters and signs (T恤) is one piece, and so is a word with the sign that says what it is (海洋味, 充气筒).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from relevance.lexicon import Entry, Lexicon
from relevance.segmenting import likeliest_words, place_names, proper_names, verbs
from relevance.tokens import Token, is_chinese, tokens_of_folded

THINGS = frozenset({"category", "accessory"})
_GLUED = frozenset({"function", "special_attribute", "style_details", "aesthetic_style"})
_LETTERS = re.compile(r"[a-z0-9]+")
SIGNS_BEFORE, SIGNS_BEHIND, MAX_MIXED = 3, 4, 60  # how far around letters a term is looked for, and how often
# The last sign of what a maker makes: a word that ends so is a thing and no name.
THING_ENDS = frozenset(
    "器机灯鞋衣裤裙帽枪炮包袋箱盒瓶杯壶锅碗盘刀刷架柜桌椅床垫枕被毯帘巾布纸笔本书卡线管阀泵轮胎车表链镜膜套壳罩贴粉膏霜露液水油酱茶酒糖饼糕面米"
    "肉鱼虾蟹果仁豆菜片丸囊章板砖门锁窗梯绳网钩钉钻钳锤锯尺秤炉扇池座关球拍棋牌琴鼓号剂胶漆皮带扣环戒坠伞棒筒桶盆缸塔树花草苗种土肥药贴件具品饰料服装衫袜靴筷勺叉嘴头盖塞圈"
)


class ChinesePiece(NamedTuple):
    start: int
    text: str
    entry: Entry | None
    known: bool  # in the dictionary or the lexicon


def pieces_of(plain: str, lexicon: Lexicon) -> list[ChinesePiece]:
    """The pieces in their order; an empty one where something stands between two tokens."""
    whole = list(_mixed_terms(plain, lexicon))
    bare = plain
    for one in whole:
        bare = bare[: one.start] + " " * len(one.text) + bare[one.start + len(one.text) :]
    parts: list[ChinesePiece | Token] = [*whole, *tokens_of_folded(bare)]
    run: list[ChinesePiece] = []
    end = -1
    for part in sorted(parts, key=lambda one: one.start):
        if run and part.start != end:
            run.append(ChinesePiece(end, "", None, known=True))
        run += [part] if isinstance(part, ChinesePiece) else _pieces(part, lexicon)
        end = part.start + len(part.text)
    return run


def _mixed_terms(plain: str, lexicon: Lexicon) -> Iterator[ChinesePiece]:
    """Terms of letters and signs together, else the T of T恤 would be a model."""
    end = 0
    for match in islice(_LETTERS.finditer(plain), MAX_MIXED):
        for start in range(max(end, match.start() - SIGNS_BEFORE), match.start() + 1):
            term = _mixed_term(plain, start, match, lexicon)
            if term is not None:
                yield ChinesePiece(start, term, lexicon.terms[term], known=True)
                end = start + len(term)
                break


def _mixed_term(plain: str, start: int, letters: re.Match[str], lexicon: Lexicon) -> str | None:
    """The longest term from there that holds the letters and a sign."""
    for stop in range(min(len(plain), letters.end() + SIGNS_BEHIND), letters.end() - 1, -1):
        term = plain[start:stop]
        if is_chinese(term) and term in lexicon.terms and not _cuts_letters(plain, stop):
            return term
    return None


def _cuts_letters(plain: str, stop: int) -> bool:
    return _LETTERS.match(plain[stop - 1 : stop]) is not None and _LETTERS.match(plain[stop : stop + 1]) is not None


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
        if after is not None and not (signs and after.text in THING_ENDS) and _belong_together(piece, after, lexicon):
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
    if after.text in "味色":
        return plain or (piece.entry is not None and piece.entry.kind in THINGS)
    if after.text in "型形风":
        return plain
    return after.text in THING_ENDS and plain and (len(piece.text) == 1 or piece.text in verbs() or piece.entry is not None
                                                     or piece.text in place_names())  # fmt: skip
